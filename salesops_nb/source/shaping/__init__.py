"""What is made of a file's rows before its columns are typed: put together, computed, numbered, unfolded."""
