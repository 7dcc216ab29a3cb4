"""How results look: charts, tables, widgets and the words of the report."""
