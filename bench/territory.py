"""Territory plans against public libraries on published instances, every peer in a process of its own.

    python bench/territory.py [--part compact districting proof rebalance large hard] [--only us_counties_20]
        [--bursts 60] [--drifts 10] [--proof-limit 900] [--units 33000] [--data tests/data/territory]

Peers: gerrychain's recursive tree (best of five) and short bursts on the moment, spopt's spatial Ward,
k-means-constrained; they come with the extra `bench`. Seconds are CPU seconds of one core. Moment: Σ w·d² to
the weighted centroids, 3-D chord. Imbalance, moment and wholeness are counted here, not by the package: a
plan out of its tolerance or in pieces, a lock that moved, a moment more than 1 % above the published one, or
a part that crashes is reported at the end with exit code 1.

The last line is one JSON object: peers (which ran) and, by instance_k, imbalance, moment, gap, seconds,
vs_tree and vs_bursts (moment ÷ theirs, of peers within the tolerance), vs_published (moment ÷ the published one).
"""

from __future__ import annotations

import math
import os
import random
import tempfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import measure
import numpy as np
import pandas as pd

HERE = Path(__file__).resolve()
COMPACT = [
    ("county_IA", 5, True),
    ("tract_IA", 5, False),
    ("tract_IA", 20, False),
    ("us_counties", 20, True),
    ("us_counties", 50, True),
]
DISTRICTING = [("tract_IA", 4, 18_075.9), ("tract_AR", 4, 15_315.4)]
PROOFS = [("county_IA", 4, 17_748), ("county_OK", 5, 21_757), ("county_KS", 4, 23_737)]
REBALANCED = [("us_counties", 20, True), ("tract_IA", 20, False)]
HARD = [
    ("tract_IA", 10, False, "tight", 0.005),
    ("tract_IA", 10, False, "homes", 0.05),
    ("tract_IA", 10, False, "homes tight", 0.005),
    ("tract_IA", 20, False, "tight disruption", 0.005),
    ("us_counties", 20, True, "homes", 0.05),
    ("us_counties", 20, True, "homes tight", 0.005),
    ("us_counties", 50, True, "homes tight", 0.005),
    ("us_counties", 50, True, "tight", 0.005),
    ("us_counties", 20, True, "homes tight disruption", 0.005),
]
PARTS = {
    "compact": [f"{name}_{k}" for name, k, _ in COMPACT],
    "districting": [f"{name}_{k}" for name, k, _ in DISTRICTING],
    "proof": [f"{name}_{k}" for name, k, _ in PROOFS],
    "rebalance": [f"rebalance_{name}_{k}" for name, k, _ in REBALANCED],
    "large": ["generated_50"],
    "hard": [f"hard_{name}_{k}_{case.replace(' ', '_')}" for name, k, _, case, _ in HARD],
}
SMALLEST = [
    "county_IA_5",
    "tract_IA_4",
    "hard_tract_IA_10_homes",
    "generated_50",
    "rebalance_tract_IA_20",
    "county_IA_4",
]
PUBLISHED = 0.01  # above the published moment, on distances that differ a little
# by peer of the compact part: what to install, what to import
PEERS = {
    "tree": ("gerrychain", "gerrychain"),
    "bursts": ("gerrychain", "gerrychain"),
    "kmeans": ("k-means-constrained", "k_means_constrained"),
    "spopt": ("spopt", "spopt"),
}


def load(folder: str, name: str, root: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units and edges of an instance; with `root` the square root of the weight."""
    units = pd.read_csv(f"{folder}/{name}_units.csv", dtype={"unit_id": str})
    edges = pd.read_csv(f"{folder}/{name}_edges.csv", dtype=str)
    if root:
        units["weight"] = np.sqrt(units["weight"])
    return units, edges


def generated(n: int, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Clustered points with heavy-tailed potential and Delaunay neighbours."""
    from salesops_nb.territory.inputs.geography import neighbours_from_coordinates

    rng = np.random.default_rng(seed)
    centre = rng.uniform([28, -122], [48, -70], (400, 2))
    size, width = rng.lognormal(0, 1, 400), rng.lognormal(-0.3, 0.5, 400)
    town = rng.choice(400, n, p=size / size.sum())
    place = centre[town] + rng.normal(0, 1, (n, 2)) * width[town][:, None]
    potential = np.minimum(rng.pareto(1.5, n) + 0.1, 100.0 * n / 33_000)  # no unit above half a territory
    units = pd.DataFrame(
        {
            "unit_id": [f"{i:05d}" for i in range(n)],
            "latitude": place[:, 0],
            "longitude": place[:, 1],
            "weight": potential,
        }
    )
    pairs = neighbours_from_coordinates(units["latitude"], units["longitude"])
    ids = units["unit_id"].to_numpy()
    return units, pd.DataFrame({"unit_a": ids[pairs[:, 0]], "unit_b": ids[pairs[:, 1]]})


def drifted(units: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Each unit's potential times a lognormal (sigma 0.1) and a smooth regional factor of ±15 %."""
    rng = np.random.default_rng(seed)
    x = (units["longitude"] - units["longitude"].mean()) / units["longitude"].std()
    y = (units["latitude"] - units["latitude"].mean()) / units["latitude"].std()
    wave = np.zeros(len(units))
    for _ in range(4):
        turn, start = rng.uniform(0, 2 * np.pi, 2)
        wave += np.sin(2.0 * (x * np.cos(turn) + y * np.sin(turn)) + start)
    wave /= np.abs(wave).max()
    return units.assign(weight=units["weight"] * np.exp(rng.normal(0, 0.1, len(units))) * (1 + 0.15 * wave))


def spent() -> float:
    """CPU seconds of this process and of the children it waited for (one of them compiles when cold)."""
    return sum(os.times()[:4])


def chords(units: pd.DataFrame) -> np.ndarray:
    """Points in km from the middle of the map."""
    north, east = np.radians(units["latitude"]), np.radians(units["longitude"])
    points = np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], 1)
    return 6371.0088 * (points - points.mean(axis=0))


def judged(units: pd.DataFrame, edges: pd.DataFrame, owner: dict[str, Any], k: int) -> dict[str, Any]:
    """Imbalance, moment and wholeness, counted here and not by the package."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    w, x = units["weight"].to_numpy(float), chords(units)
    label = pd.factorize(units["unit_id"].map(owner))[0]
    load = np.bincount(label, w, minlength=k)
    moment = 0.0
    for j in range(label.max() + 1):
        inside = label == j
        if w[inside].sum() > 0:
            centre = np.average(x[inside], axis=0, weights=w[inside])
            moment += float((w[inside] * ((x[inside] - centre) ** 2).sum(1)).sum())
    number = dict(zip(units["unit_id"], range(len(units)), strict=True))
    same = [(number[a], number[b]) for a, b in edges.itertuples(index=False) if owner[a] == owner[b]]
    ends = np.array(same, dtype=int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(same)), (ends[0], ends[1])), shape=(len(units), len(units)))
    return {
        "imbalance": float(np.abs(load / (w.sum() / k) - 1).max()),
        "moment": moment,
        "whole": connected_components(graph, directed=False)[0] == k,
    }


# --- one peer a process -------------------------------------------------------------------------


def run_ours(task: dict[str, Any]) -> dict[str, Any]:
    """This package."""
    from salesops_nb import territory

    if task["name"] == "generated":
        units, edges = generated(task["units"])
    else:
        units, edges = load(task["data"], task["name"], task["root"])
    begun = spent()
    plan = territory.plan(units, edges, k=task["k"], tolerance=task["tolerance"], **task.get("more", {}))
    seconds = spent() - begun
    owner = dict(zip(plan.assignment["unit_id"], plan.assignment["rep"], strict=True))
    return {
        **judged(units, edges, owner, task["k"]),
        "gap": plan.summary["gap"],
        "seconds": seconds,
        "cut_short": plan.summary["cut_short"],
    }


def run_gerrychain(task: dict[str, Any]) -> dict[str, Any]:
    """Recursive tree (best of five), or short bursts from its best."""
    from functools import partial

    import geopandas
    import networkx as nx

    type(geopandas.options).use_pygeos = False  # gerrychain asks for an option that geopandas dropped
    from gerrychain import Graph, Partition, constraints, proposals, tree, updaters
    from gerrychain.optimization import SingleMetricOptimizer

    units, edges = load(task["data"], task["name"], task["root"])
    points, k, epsilon = chords(units), task["k"], task["tolerance"]
    plain = nx.Graph()
    for i, (unit, w) in enumerate(zip(units["unit_id"], units["weight"], strict=True)):
        pull = w * points[i]
        plain.add_node(unit, w=w, px=pull[0], py=pull[1], pz=pull[2], square=w * (points[i] ** 2).sum())
    plain.add_edges_from(edges.itertuples(index=False))
    graph = Graph.from_networkx(plain)
    ideal = units["weight"].sum() / k
    names = ["w", "px", "py", "pz", "square"]
    tallies = {name: updaters.Tally(name, alias=name) for name in names}

    def moment(part: Partition) -> float:
        return sum(
            part["square"][j] - (part["px"][j] ** 2 + part["py"][j] ** 2 + part["pz"][j] ** 2) / part["w"][j]
            for j in part.parts
        )

    begun = spent()
    best, wanted = None, 5 if task["peer"] == "tree" else 1
    for seed in range(5 * wanted):
        random.seed(seed)
        np.random.seed(seed)
        try:
            owner = tree.recursive_tree_part(graph, range(k), ideal, "w", epsilon)
        except RuntimeError:  # it gives up after 10,000 trees without a balanced cut: another seed
            continue
        first = Partition(graph, owner, {**tallies, "moment": moment})
        if best is None or first["moment"] < best["moment"]:
            best = first
        wanted -= 1
        if not wanted:
            break
    if task["peer"] == "bursts":
        # a pair of territories that cannot be cut anew is left and another drawn: else bursts end early at k = 50
        cut = partial(tree.bipartition_tree, max_attempts=1000, allow_pair_reselection=True)
        propose = partial(
            proposals.recom, pop_col="w", pop_target=ideal, epsilon=epsilon, node_repeats=2, method=cut
        )
        within = constraints.within_percent_of_ideal_population(best, epsilon, pop_key="w")
        search = SingleMetricOptimizer(propose, [within], best, optimization_metric=moment, maximize=False)
        begun = spent()
        for _ in search.short_bursts(10, 10**9):
            if spent() - begun > task["bursts"]:
                break
        best = search.best_part
    seconds = spent() - begun
    label = {graph_id(graph, node): part for node, part in dict(best.assignment).items()}
    return {**judged(units, edges, label, k), "seconds": seconds}


def graph_id(graph: Any, node: Any) -> Any:
    """The unit's id: gerrychain may number its nodes afresh."""
    try:
        return graph.original_nx_node_id_for_internal_node_id(node)
    except (AttributeError, KeyError):
        return node


def run_kmeans(task: dict[str, Any]) -> dict[str, Any]:
    """k-means-constrained on the points, by number of units."""
    from k_means_constrained import KMeansConstrained

    units, edges = load(task["data"], task["name"], task["root"])
    n, k = len(units), task["k"]
    begun = spent()
    fitted = KMeansConstrained(
        k, size_min=int(n / k * 0.95), size_max=math.ceil(n / k * 1.05), random_state=0, n_init=1
    ).fit(chords(units))
    seconds = spent() - begun
    owner = dict(zip(units["unit_id"], fitted.labels_.tolist(), strict=True))
    return {**judged(units, edges, owner, k), "seconds": seconds}


def run_spopt(task: dict[str, Any]) -> dict[str, Any]:
    """Spatial Ward clustering."""
    import geopandas
    from libpysal.weights import W
    from spopt.region import WardSpatial

    units, edges = load(task["data"], task["name"], task["root"])
    number = {unit: i for i, unit in enumerate(units["unit_id"])}
    near: dict[int, list[int]] = {i: [] for i in range(len(units))}
    for a, b in edges.itertuples(index=False):
        near[number[a]].append(number[b])
        near[number[b]].append(number[a])
    table = geopandas.GeoDataFrame(
        units, geometry=geopandas.points_from_xy(units["longitude"], units["latitude"])
    )
    begun = spent()
    model = WardSpatial(table, W(near), ["longitude", "latitude"], task["k"])
    model.solve()
    seconds = spent() - begun
    owner = dict(zip(units["unit_id"], np.asarray(model.labels_).tolist(), strict=True))
    return {**judged(units, edges, owner, task["k"]), "seconds": seconds}


def run_proof(task: dict[str, Any]) -> dict[str, Any]:
    """The proven optimum of a small instance."""
    from salesops_nb.territory.proof.exact import prove

    units, edges = load(task["data"], task["name"], False)
    begun = spent()
    plan = prove(units, edges, k=task["k"], tolerance=0.005, time_limit=task["limit"])
    owner = dict(zip(plan.assignment["unit_id"], plan.assignment["rep"], strict=True))
    return {
        **judged(units, edges, owner, task["k"]),
        "hess": plan.summary["moment"],
        "proven": plan.summary["proven"],
        "gap": plan.summary["gap"],
        "seconds": spent() - begun,
    }


def run_rebalance(task: dict[str, Any]) -> dict[str, Any]:
    """A plan drifted several ways and mended with least moved; the figures of the worst, and every ratio."""
    from salesops_nb import territory

    units, edges = load(task["data"], task["name"], task["root"])
    base = territory.plan(units, edges, k=task["k"], time_limit=60).assignment
    was = dict(zip(base["unit_id"], base["rep"], strict=True))
    found = []
    for seed in range(task["drifts"]):
        grown = drifted(units, seed)
        fair = grown["weight"].sum() / task["k"]
        chosen = np.random.default_rng(seed).choice(len(units), int(0.02 * len(units)), replace=False)
        locks = units["unit_id"].iloc[chosen].tolist()
        begun = spent()
        plan = territory.plan(grown, edges, current=base[["unit_id", "rep"]], locked=locks, disruption=100)
        seconds = spent() - begun
        owner = dict(zip(plan.assignment["unit_id"], plan.assignment["rep"], strict=True))
        w = dict(zip(grown["unit_id"], grown["weight"], strict=True))
        load_ = grown["weight"].groupby(grown["unit_id"].map(was)).sum() / fair
        least = max((load_ - 1.05).clip(lower=0).sum(), (0.95 - load_).clip(lower=0).sum())
        moved = sum(w[u] for u in owner if owner[u] != was[u]) / fair
        found.append(
            {
                **judged(grown, edges, owner, task["k"]),
                "before": float((load_ - 1).abs().max()),
                "locks_kept": all(owner[u] == was[u] for u in locks),
                "moved_ratio": moved / least if least > 0 else float(moved > 0),
                "seconds": seconds,
            }
        )
    return {
        **{
            field: max(f[field] for f in found) for field in ("imbalance", "before", "moved_ratio", "seconds")
        },
        **{field: all(f[field] for f in found) for field in ("whole", "locks_kept")},
        "moved_ratios": [round(f["moved_ratio"], 3) for f in found],
    }


def run_hard(task: dict[str, Any]) -> dict[str, Any]:
    """Fixed homes, tight tolerance and disruption together; a refusal must give its reason."""
    from salesops_nb import territory
    from salesops_nb.errors import SalesopsError

    units, edges = load(task["data"], task["name"], task["root"])
    rng = np.random.default_rng(task["seed"])
    more: dict[str, Any] = {}
    if "homes" in task["case"]:
        rows = rng.choice(len(units), task["k"], replace=False)
        spots = units.iloc[rows]
        more["homes"] = list(zip(spots["latitude"], spots["longitude"], strict=True))
    if "disruption" in task["case"]:
        start = territory.plan(units, edges, k=task["k"], seed=9, time_limit=60).assignment
        more |= {"current": start[["unit_id", "rep"]], "disruption": 1.0}
        units = drifted(units, task["seed"])
    begun = spent()
    try:
        plan = territory.plan(units, edges, k=task["k"], tolerance=task["tolerance"], **more)
    except SalesopsError as error:
        return {"refused": str(error)[:300], "seconds": spent() - begun}
    owner = dict(zip(plan.assignment["unit_id"], plan.assignment["rep"], strict=True))
    return {
        **judged(units, edges, owner, task["k"]),
        "gap": plan.summary["gap"],
        "seconds": spent() - begun,
    }


RUNNERS = {
    "ours": run_ours,
    "tree": run_gerrychain,
    "bursts": run_gerrychain,
    "kmeans": run_kmeans,
    "spopt": run_spopt,
    "proof": run_proof,
    "rebalance": run_rebalance,
    "hard": run_hard,
}


alone = True  # the smallest size, which only shows that all works, saves itself a process a task


def fresh(wrong: list[str], task: dict[str, Any], **environment: str) -> dict[str, Any]:
    """A task's answer from a process of one core; one that crashes is `failed`, and among what is wrong."""
    if not alone:
        return {**RUNNERS[task["peer"]](task), "peak_gib": measure.peak_gib()}
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    limits["PYTHONHASHSEED"] = "0"  # gerrychain draws from sets
    try:
        return measure.fresh(__file__, task, **limits, **environment).answer
    except measure.Failed as error:
        wrong.append(str(error))
        return {"failed": str(error).rpartition(": ")[2]}


def line(*cells: object) -> None:
    """One row of the table."""
    print("  ".join(f"{c!s:>13}" if not isinstance(c, float) else f"{c:>13.5g}" for c in cells), flush=True)


def faults(key: str, got: dict[str, Any], tolerance: float) -> list[str]:
    """A sentence for each thing that a plan promises and that is not so."""
    if "failed" in got or "refused" in got:
        return []
    found = []
    if got["imbalance"] > tolerance + 1e-9:
        found.append(f"{key}: the imbalance is {got['imbalance']:.4%}, {tolerance:.1%} are allowed")
    if not got["whole"]:
        found.append(f"{key}: a territory is in pieces")
    if not got.get("locks_kept", True):
        found.append(f"{key}: a locked unit has moved")
    if not got.get("proven", True):
        found.append(f"{key}: the optimum is not proven, {got['gap']:.2%} are left")
    if abs(got.get("vs_published", 1) - 1) > PUBLISHED and (got["vs_published"] > 1 or "proven" in got):
        found.append(f"{key}: the moment is {got['vs_published']:.4f} of the published one")
    return found


def ready(keys: Iterable[str], smallest: bool) -> list[str]:
    """The peers that are installed; where one is not, the smallest size says so and the full one ends."""
    missing = {package for package, module in PEERS.values() if find_spec(module) is None}
    if missing and any(key in PARTS["compact"] for key in keys):
        for package in sorted(missing):
            print(f"peer {package} not installed: pip install -e '.[bench]'", flush=True)
        if not smallest:
            raise measure.Failed(
                f"without {', '.join(sorted(missing))} there is nothing to compare with: "
                "pip install -e '.[bench]', or name parts that have no peers, as --part districting proof"
            )
    return [peer for peer, (package, _module) in PEERS.items() if package not in missing]


def main() -> None:
    """Runs the chosen parts."""
    words = measure.parser(__doc__)
    words.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    words.add_argument("--only", nargs="+", choices=sorted({key for each in PARTS.values() for key in each}),
                       metavar="INSTANCE_K", help="as us_counties_20, rebalance_tract_IA_20, hard_tract_IA_10_homes")  # fmt: skip
    words.add_argument("--bursts", type=float, default=60)
    words.add_argument("--drifts", type=measure.count, default=10)
    words.add_argument("--proof-limit", type=float, default=900)
    words.add_argument("--units", type=measure.count, default=33_000, help="of the generated map")
    words.add_argument("--data", default=str(HERE.parent.parent / "tests" / "data" / "territory"))
    asked = measure.asked(words, only=SMALLEST, drifts=1, bursts=1, units=600)
    if asked.task:
        measure.answer(**RUNNERS[asked.task["peer"]](asked.task))
        return
    keys = [key for part in asked.part for key in PARTS[part] if key in (asked.only or PARTS[part])]
    if not keys:
        raise measure.Failed(f"none of {', '.join(asked.only)} is in the part {', '.join(asked.part)}")
    global alone
    alone = asked.size != "smallest"
    peers, wrong, results = ready(keys, asked.size == "smallest"), [], {}
    for part in asked.part:
        chosen = [key for key in PARTS[part] if key in keys]
        if chosen:
            results |= RUN[part](chosen, asked, peers, wrong)
    compared = (
        sorted({PEERS[peer][0] for peer in peers}) if any(key in PARTS["compact"] for key in keys) else []
    )
    print("moment ÷ theirs, below 1 where ours is more compact:")
    for key, got in results.items():
        beside = {name: value for name, value in got.items() if name.startswith("vs_")}
        if beside:
            line(key, *(f"{name} {value:.3f}" for name, value in beside.items()))
    measure.finish({"peers": compared, **results}, wrong)


def compact(keys: list[str], asked: Any, peers: list[str], wrong: list[str]) -> dict[str, dict[str, Any]]:
    """Against the libraries."""
    line("instance_k", "by", "imbalance", "moment", "whole", "gap", "seconds")
    results = {}
    for name, k, root in COMPACT:
        if (key := f"{name}_{k}") not in keys:
            continue
        task = {
            "data": asked.data,
            "name": name,
            "k": k,
            "root": root,
            "tolerance": 0.05,
            "bursts": asked.bursts,
        }
        found = {peer: fresh(wrong, {**task, "peer": peer}) for peer in ("ours", *peers)}
        for peer, got in found.items():
            if "failed" in got:
                line(key, peer, got["failed"])
            else:
                line(key, peer, got["imbalance"], got["moment"], got["whole"], got.get("gap", math.nan),
                     got["seconds"])  # fmt: skip
        ours = found["ours"]
        wrong += faults(key, ours, 0.05)
        if "failed" not in ours:
            results[key] = {field: ours[field] for field in ("imbalance", "moment", "gap", "seconds")} | {
                f"vs_{p}": ours["moment"] / got["moment"]
                for p, got in found.items()
                if p != "ours" and got.get("imbalance", 1) <= 0.05
            }
    return results


def districting(keys: list[str], asked: Any, peers: list[str], wrong: list[str]) -> dict[str, dict[str, Any]]:
    """Against published plans."""
    line("instance_k", "imbalance", "moment/1e6", "published", "ratio", "seconds")
    results = {}
    for name, k, published in DISTRICTING:
        if (key := f"{name}_{k}") not in keys:
            continue
        got = fresh(wrong, {"data": asked.data, "peer": "ours", "name": name, "k": k, "root": False,
                            "tolerance": 0.005})  # fmt: skip
        if "failed" in got:
            line(key, got["failed"])
            continue
        got["vs_published"] = got["moment"] / 1e6 / published
        line(key, got["imbalance"], got["moment"] / 1e6, published, got["vs_published"], got["seconds"])
        wrong += faults(key, got, 0.005)
        results[key] = got
    return results


def proof(keys: list[str], asked: Any, peers: list[str], wrong: list[str]) -> dict[str, dict[str, Any]]:
    """Against published optima."""
    line("instance_k", "imbalance", "Hess/1e6", "published", "proven", "gap", "seconds")
    results = {}
    for name, k, published in PROOFS:
        if (key := f"{name}_{k}") not in keys:
            continue
        got = fresh(
            wrong, {"data": asked.data, "peer": "proof", "name": name, "k": k, "limit": asked.proof_limit}
        )
        if "failed" in got:
            line(key, got["failed"])
            continue
        got["vs_published"] = got["hess"] / 1e6 / published
        line(key, got["imbalance"], got["hess"] / 1e6, published, got["proven"], got["gap"], got["seconds"])
        wrong += faults(key, got, 0.005)
        results[key] = got
    return results


def rebalance(keys: list[str], asked: Any, peers: list[str], wrong: list[str]) -> dict[str, dict[str, Any]]:
    """Plans that have drifted, against the least that must move."""
    line("instance_k", "drifts", "before", "imbalance", "locks kept", "moved/least", "mean", "seconds")
    results = {}
    for name, k, root in REBALANCED:
        if (key := f"rebalance_{name}_{k}") not in keys:
            continue
        task = {"data": asked.data, "peer": "rebalance", "name": name, "k": k, "root": root}
        got = fresh(wrong, {**task, "drifts": asked.drifts})
        if "failed" in got:
            line(key, got["failed"])
            continue
        line(f"{name}_{k}", asked.drifts, got["before"], got["imbalance"], got["locks_kept"], got["moved_ratio"],
             float(np.mean(got["moved_ratios"])), got["seconds"])  # fmt: skip
        wrong += faults(key, got, 0.05)
        results[key] = got
    return results


def large(keys: list[str], asked: Any, peers: list[str], wrong: list[str]) -> dict[str, dict[str, Any]]:
    """Many generated units; in the full size also with nothing compiled."""
    (key,) = keys
    task = {"peer": "ours", "name": "generated", "k": 50, "tolerance": 0.05, "units": asked.units}
    line(f"{asked.units:,} x 50", "imbalance", "moment", "gap", "seconds", "MiB", "whole")
    runs = {}
    if asked.size == "full":
        with tempfile.TemporaryDirectory() as empty:
            runs["cold"] = fresh(wrong, task, NUMBA_CACHE_DIR=empty)
        fresh(wrong, task)
    runs["warm"] = fresh(wrong, task)
    for word, got in runs.items():
        if "failed" in got:
            line(word, got["failed"])
            return {}
        got["mebibytes"] = round(got.pop("peak_gib") * 1024)
        line(word, *(got[f] for f in ("imbalance", "moment", "gap", "seconds", "mebibytes", "whole")))
        wrong += faults(f"{key}, {word}", got, 0.05)
    cold = {f"{name}_cold": runs["cold"][name] for name in ("seconds", "mebibytes") if "cold" in runs}
    return {key: {**runs["warm"], **cold}}


def hard(keys: list[str], asked: Any, peers: list[str], wrong: list[str]) -> dict[str, dict[str, Any]]:
    """Conditions that fight one another."""
    line("instance_k", "case", "tolerance", "imbalance", "seconds", "refused")
    results = {}
    for name, k, root, case, tolerance in HARD:
        if (key := f"hard_{name}_{k}_{case.replace(' ', '_')}") not in keys:
            continue
        got = fresh(wrong, {"data": asked.data, "peer": "hard", "name": name, "k": k, "root": root, "case": case,
                            "seed": 1, "tolerance": tolerance})  # fmt: skip
        if "failed" in got:
            line(f"{name}_{k}", case, got["failed"])
            continue
        line(f"{name}_{k}", case, tolerance, got.get("imbalance", ""), got["seconds"], got.get("refused", ""))
        wrong += faults(key, got, tolerance)
        results[key] = got
    return results


RUN = {"compact": compact, "districting": districting, "proof": proof, "rebalance": rebalance, "large": large,
       "hard": hard}  # fmt: skip

if __name__ == "__main__":
    measure.run(main)
