"""How far a plan is from the best: the proven optimum of small maps."""
