"""Any number of deals, and companies of known truth, from nothing."""
