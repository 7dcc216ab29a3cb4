"""What `salesops new-notebook` begins with: a module and a notebook that run, to be made one's own."""
