"""The target setting notebook: what it may be asked, and what it shows."""
