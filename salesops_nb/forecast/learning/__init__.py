"""What the data teach about capacity: attrition, ramp, productivity, season, cost."""
