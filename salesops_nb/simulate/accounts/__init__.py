"""Accounts, where they are, and the CRM around them."""
