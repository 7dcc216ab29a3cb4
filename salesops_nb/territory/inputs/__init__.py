"""What a planner hands in, checked: units, reps, geography, locks, what stays together."""
