"""Alerts: what has left its routine, since when, why, and what became of what was done about it."""
