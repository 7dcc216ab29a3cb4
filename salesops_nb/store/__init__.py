"""What is written and lasts: SQLAlchemy over SQLite or PostgreSQL.

Each module declares its tables on `database.metadata` and offers plain functions that take the
`Engine` first. Money is stored as integer minor units beside its currency.
"""
