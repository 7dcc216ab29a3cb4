"""The compiled inner loops of the solver: balancing prices, local search, wholeness."""
