"""The territory notebook: what it may be asked, and what it shows of plans and their effects."""
