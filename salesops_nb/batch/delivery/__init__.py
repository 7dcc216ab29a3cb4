"""Who gets what: addresses, what may leave, letters, and the mail server."""
