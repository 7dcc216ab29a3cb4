"""What must hold in the tables, which rows are set aside, and whether the totals agree."""
