"""What a plan would pay: curves over attainment, variants of a plan, what-ifs."""
