"""Seeded, invented data: what the demo's CRM export lacks, and any number of deals for benchmarks.

Every table made here carries a column `simulated` that is true. The same seed gives the same rows.
"""

from salesops_nb.simulate.calls import Leaning
from salesops_nb.simulate.deals import deals
from salesops_nb.simulate.demo import demo
from salesops_nb.simulate.files import write_demo
from salesops_nb.simulate.planted import Process
from salesops_nb.simulate.touches import Logging

__all__ = ["Leaning", "Logging", "Process", "deals", "demo", "write_demo"]
