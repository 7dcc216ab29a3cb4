"""How a text, a number, a date or a column's name is written in the reader's language."""
