"""The alerts notebook: what is open, why, what to do, and what worked."""
