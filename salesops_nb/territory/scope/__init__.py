"""What is planned: whose units or accounts, with which potential and workload, owned by whom."""
