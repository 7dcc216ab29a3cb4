"""How an executed notebook becomes a file: HTML, PDF, xlsx, the index of a run."""
