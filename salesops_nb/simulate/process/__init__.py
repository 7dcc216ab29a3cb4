"""How deals go through stages, change, and are called, with what is planted."""
