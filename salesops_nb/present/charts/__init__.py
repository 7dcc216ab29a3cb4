"""How figures are drawn, with alternative text: over time, compared, distributed, bridged, on a map."""
