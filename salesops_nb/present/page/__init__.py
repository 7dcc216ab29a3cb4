"""What stands on a page: cover, headlines, tables, notes, and the data set aside."""
