"""What a plan books in many futures: months and goals, the hires it draws on, capacity."""
