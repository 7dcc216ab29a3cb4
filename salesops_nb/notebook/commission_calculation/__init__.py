"""The commission notebook: what it may be asked, and what it shows of a period's pay."""
