"""Who works there: employment, pay, recruiting, cases, alerts, a calendar."""
