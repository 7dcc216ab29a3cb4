"""What is wrong with the plans and rows of a calculation, each a problem with its place."""
