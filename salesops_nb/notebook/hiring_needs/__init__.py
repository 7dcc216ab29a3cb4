"""The hiring notebook: what it may be asked, what that means for the plan, and what it shows."""
