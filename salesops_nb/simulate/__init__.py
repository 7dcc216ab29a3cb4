"""Seeded, invented data: what the demo's CRM export lacks, and any number of deals for benchmarks.

Companies of known truth for calibrations are made by `company`. Every table has a column `simulated` that is
true. The same seed gives the same rows.
"""

from salesops_nb.simulate.calls import Leaning
from salesops_nb.simulate.company import company
from salesops_nb.simulate.company_tables import Company
from salesops_nb.simulate.deals import deals
from salesops_nb.simulate.demo import demo
from salesops_nb.simulate.files import write_demo
from salesops_nb.simulate.planted import Process
from salesops_nb.simulate.touches import Logging
from salesops_nb.simulate.truth import Truth, any_truth

__all__ = [
    "Company", "Leaning", "Logging", "Process", "Truth", "any_truth", "company", "deals", "demo",
    "write_demo",
]  # fmt: skip
