"""What the tables say: events, assignments, quotas, exchange rates, splits, opening balances."""
