"""What is read: files, databases and the CRM; mappings, contracts, rejects."""
