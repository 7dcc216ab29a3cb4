"""From the model to the best plan found: starts, least moves, travel times, feasibility."""
