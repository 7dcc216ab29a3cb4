"""How each kind of source is read: delimited text, Excel, Parquet, databases, frames."""
