"""Which tables and columns there are, and which file and header each is read from."""
