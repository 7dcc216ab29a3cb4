"""What a plan means: driving, duration, targets and pay, open deals, hand-over, CRM import."""
