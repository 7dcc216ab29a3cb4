"""Seeded, invented data: what the demo's CRM export lacks, and any number of deals for benchmarks.

Companies of known truth for calibrations are made by `company`. Every table has a column `simulated` that is
true. The same seed gives the same rows.
"""

from salesops_nb.simulate.demo import demo
from salesops_nb.simulate.files import write_demo
from salesops_nb.simulate.invented.company import company
from salesops_nb.simulate.invented.company_tables import Company
from salesops_nb.simulate.invented.deals import deals
from salesops_nb.simulate.invented.truth import Truth, any_truth
from salesops_nb.simulate.process.calls import Leaning
from salesops_nb.simulate.process.planted import Process
from salesops_nb.simulate.process.touches import Logging

__all__ = [
    "Company", "Leaning", "Logging", "Process", "Truth", "any_truth", "company", "deals", "demo",
    "write_demo",
]  # fmt: skip
