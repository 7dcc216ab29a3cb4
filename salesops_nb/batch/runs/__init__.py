"""What a run does: its folder, which jobs are unchanged, its index, and which pay its pages show."""
