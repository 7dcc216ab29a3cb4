"""Heads by quarter: who is there, who comes and who leaves, so that each line adds up."""
