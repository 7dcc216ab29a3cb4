"""Unattended runs: expand, execute, export, resume, deliver."""
