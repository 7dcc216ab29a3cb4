"""Finished plans: `plan`, its independent check and bound, and those from 'move least' to 'start afresh'."""
