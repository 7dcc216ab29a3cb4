"""What a component of a plan earns on each credit: rates, tables, gates, multipliers, caps."""
