"""Whom to hire, when and where, and why: the cheapest requisitions beside the plain answers."""
