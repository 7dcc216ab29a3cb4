"""How a person asks a notebook: controls, what is computed again, and saving the answer."""
