"""What hires and leavers cost, and when a hire has paid for itself."""
