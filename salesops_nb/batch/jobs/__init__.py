"""Which reports are to be made, for whom and of which period: from reports.yml to jobs."""
