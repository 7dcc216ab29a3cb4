"""What may be booked in each month of many futures, and how likely a target is reached."""
