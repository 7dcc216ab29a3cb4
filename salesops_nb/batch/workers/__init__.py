"""How a job is executed: a warm process that forks, a kernel in it, the notebook, its export."""
