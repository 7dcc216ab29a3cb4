"""Periods that are paid, held against today's data: what differs, why, and the lines that correct it."""
