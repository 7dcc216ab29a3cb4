"""The performance review: what was sold, by whom, against what was expected."""
