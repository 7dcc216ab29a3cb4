"""Make N deals with their people, products, accounts and targets: seconds and peak memory.

    python bench/generate.py --deals 10000000 --out /some/folder

Without `--out` the files go to a temporary folder and are removed.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

from salesops_nb.simulate.deals import deals

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--deals", type=int, default=10_000_000)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--out", type=Path)
options = parser.parse_args()

with tempfile.TemporaryDirectory() as scratch:
    began = time.perf_counter()
    paths = deals(options.deals, options.seed, options.out or scratch)
    seconds = time.perf_counter() - began
    for name, path in paths.items():
        print(f"{name:<10} {path.stat().st_size / 2**20:>8.1f} MiB")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(f"{options.deals:,} deals in {seconds:.1f} s, peak memory {peak:.2f} GiB")
print(json.dumps({"deals": options.deals, "seconds": round(seconds, 2), "peak_gib": round(peak, 3)}))
