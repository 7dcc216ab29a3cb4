"""What a plan file may say, what is wrong in one, and what a plan says in words."""
