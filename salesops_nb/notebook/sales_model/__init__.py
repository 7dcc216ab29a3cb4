"""The sales model's notebook: what it may be asked, and what its cells show."""
