"""Who gets how much credit for which event of a deal, before any rate."""
