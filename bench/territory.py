"""Territory plans against public libraries on published instances, every peer in a process of its own.

Run: python bench/territory.py [--part compact,districting,proof,rebalance,large,hard] [--only us_counties_20]
     [--bursts 60] [--drifts 10] [--proof-limit 900] [--data tests/data/territory]
The last line is one JSON object: instance_k to imbalance, moment, vs_tree, vs_bursts, gap, seconds.
Peers: gerrychain's recursive tree (best of five) and short bursts on the moment, spopt's spatial Ward,
k-means-constrained. Seconds are CPU seconds of one core. Moment: Σ w·d² to the weighted centroids, 3-D chord.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

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
PARTS = ("compact", "districting", "proof", "rebalance", "large", "hard")


def load(folder: str, name: str, root: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units and edges of an instance; with `root` the square root of the weight."""
    units = pd.read_csv(f"{folder}/{name}_units.csv", dtype={"unit_id": str})
    edges = pd.read_csv(f"{folder}/{name}_edges.csv", dtype=str)
    if root:
        units["weight"] = np.sqrt(units["weight"])
    return units, edges


def generated(n: int = 33_000, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Clustered points with heavy-tailed potential and Delaunay neighbours."""
    from salesops_nb.territory.places import neighbours_from_coordinates

    rng = np.random.default_rng(seed)
    centre = rng.uniform([28, -122], [48, -70], (400, 2))
    size, width = rng.lognormal(0, 1, 400), rng.lognormal(-0.3, 0.5, 400)
    town = rng.choice(400, n, p=size / size.sum())
    place = centre[town] + rng.normal(0, 1, (n, 2)) * width[town][:, None]
    potential = np.minimum(rng.pareto(1.5, n) + 0.1, 100.0)
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
    import networkx as nx

    w, x = units["weight"].to_numpy(float), chords(units)
    label = pd.factorize(units["unit_id"].map(owner))[0]
    load = np.bincount(label, w, minlength=k)
    moment = 0.0
    for j in range(label.max() + 1):
        inside = label == j
        if w[inside].sum() > 0:
            centre = np.average(x[inside], axis=0, weights=w[inside])
            moment += float((w[inside] * ((x[inside] - centre) ** 2).sum(1)).sum())
    graph = nx.Graph()
    graph.add_nodes_from(units["unit_id"])
    graph.add_edges_from((a, b) for a, b in edges.itertuples(index=False) if owner[a] == owner[b])
    return {
        "imbalance": float(np.abs(load / (w.sum() / k) - 1).max()),
        "moment": moment,
        "whole": nx.number_connected_components(graph) == k,
    }


# --- one peer a process -------------------------------------------------------------------------


def run_ours(task: dict[str, Any]) -> dict[str, Any]:
    """This package."""
    from salesops_nb import territory

    if task["name"] == "generated":
        units, edges = generated()
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
    from salesops_nb.territory.exact import prove

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
        return {"imbalance": None, "refused": str(error)[:300], "seconds": spent() - begun}
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


def fresh(task: dict[str, Any], **environment: str) -> dict[str, Any]:
    """The task in a new process on one core; peak memory beside its answer."""
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    limits["PYTHONHASHSEED"] = "0"  # gerrychain draws from sets
    done = subprocess.run(
        [sys.executable, str(HERE), "--task", json.dumps(task)],
        capture_output=True,
        text=True,
        env={**os.environ, **limits, **environment},
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return {"failed": lines[-1] if lines else f"exit {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def line(*cells: object) -> None:
    """One row of the table."""
    print("  ".join(f"{c!s:>13}" if not isinstance(c, float) else f"{c:>13.5g}" for c in cells), flush=True)


def main() -> None:
    """Runs the chosen parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", default=",".join(PARTS))
    parser.add_argument("--only", default="")
    parser.add_argument("--bursts", type=float, default=60)
    parser.add_argument("--drifts", type=int, default=10)
    parser.add_argument("--proof-limit", type=float, default=900)
    parser.add_argument("--data", default=str(HERE.parent.parent / "tests" / "data" / "territory"))
    parser.add_argument("--task")
    options = parser.parse_args()
    if options.task:
        task = json.loads(options.task)
        answer = RUNNERS[task["peer"]](task)
        peaks = [
            resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        answer["mebibytes"] = round(max(peaks) / 1024)  # a child compiles when cold
        print(json.dumps(answer, default=float))
        return
    wanted = [key for key in options.only.split(",") if key]
    parts, results = options.part.split(","), {}
    common = {"data": options.data}

    def chosen(key: str) -> bool:
        return not wanted or key in wanted

    if "compact" in parts:
        line("instance_k", "by", "imbalance", "moment", "whole", "gap", "seconds")
        for name, k, root in COMPACT:
            key = f"{name}_{k}"
            if not chosen(key):
                continue
            task = {**common, "name": name, "k": k, "root": root, "tolerance": 0.05, "bursts": options.bursts}
            found = {p: fresh({**task, "peer": p}) for p in ("ours", "tree", "bursts", "kmeans", "spopt")}
            for peer, got in found.items():
                if "failed" in got:
                    line(key, peer, got["failed"])
                else:
                    line(key, peer, got["imbalance"], got["moment"], got["whole"], got.get("gap", math.nan),
                         got["seconds"])  # fmt: skip
            ours = found["ours"]
            if "failed" in ours:
                results[key] = ours
                continue
            results[key] = {field: ours[field] for field in ("imbalance", "moment", "gap", "seconds")} | {
                f"vs_{p}": ours["moment"] / found[p]["moment"] - 1
                for p in ("tree", "bursts")
                if "moment" in found[p]
            }
    if "districting" in parts:
        line("instance_k", "imbalance", "moment/1e6", "published", "over it", "seconds")
        for name, k, published in DISTRICTING:
            if chosen(f"{name}_{k}"):
                got = fresh(
                    {**common, "peer": "ours", "name": name, "k": k, "root": False, "tolerance": 0.005}
                )
                if "failed" in got:
                    line(f"{name}_{k}", got["failed"])
                    results[f"{name}_{k}"] = got
                    continue
                over = got["moment"] / 1e6 / published - 1
                line(f"{name}_{k}", got["imbalance"], got["moment"] / 1e6, published, over, got["seconds"])
                results[f"{name}_{k}"] = {**got, "vs_published": over}
    if "proof" in parts:
        line("instance_k", "imbalance", "Hess/1e6", "published", "proven", "gap", "seconds")
        for name, k, published in PROOFS:
            if chosen(f"{name}_{k}"):
                got = fresh({**common, "peer": "proof", "name": name, "k": k, "limit": options.proof_limit})
                if "failed" in got:
                    line(f"{name}_{k}", got["failed"])
                else:
                    line(f"{name}_{k}", got["imbalance"], got["hess"] / 1e6, published, got["proven"], got["gap"],
                         got["seconds"])  # fmt: skip
                results[f"{name}_{k}"] = got
    if "rebalance" in parts:
        line("instance_k", "drifts", "before", "imbalance", "locks kept", "moved/least", "mean", "seconds")
        for name, k, root in (("us_counties", 20, True), ("tract_IA", 20, False)):
            key = f"rebalance_{name}_{k}"
            if chosen(key):
                task = {**common, "peer": "rebalance", "name": name, "k": k, "root": root}
                got = fresh({**task, "drifts": options.drifts})
                if "failed" in got:
                    line(key, got["failed"])
                else:
                    line(f"{name}_{k}", options.drifts, got["before"], got["imbalance"], got["locks_kept"],
                         got["moved_ratio"], float(np.mean(got["moved_ratios"])), got["seconds"])  # fmt: skip
                results[key] = got
    if "large" in parts and chosen("generated_50"):
        task = {"peer": "ours", "name": "generated", "k": 50, "tolerance": 0.05}
        line("33,000 x 50", "imbalance", "moment", "gap", "seconds", "MiB", "whole")
        with tempfile.TemporaryDirectory() as empty:
            cold = fresh(task, NUMBA_CACHE_DIR=empty)
        fresh(task)
        warm = fresh(task)
        for word, got in (("cold", cold), ("warm", warm)):
            line(word, *(got.get(f) for f in ("imbalance", "moment", "gap", "seconds", "mebibytes", "whole")))
        results["generated_50"] = {
            **warm,
            "seconds_cold": cold.get("seconds"),
            "mebibytes_cold": cold.get("mebibytes"),
        }
    if "hard" in parts:
        line("instance_k", "case", "tolerance", "imbalance", "seconds", "refused")
        for name, k, root, case, tolerance in (
            ("tract_IA", 10, False, "tight", 0.005),
            ("tract_IA", 10, False, "homes", 0.05),
            ("tract_IA", 10, False, "homes tight", 0.005),
            ("tract_IA", 20, False, "tight disruption", 0.005),
            ("us_counties", 20, True, "homes", 0.05),
            ("us_counties", 20, True, "homes tight", 0.005),
            ("us_counties", 50, True, "homes tight", 0.005),
            ("us_counties", 50, True, "tight", 0.005),
            ("us_counties", 20, True, "homes tight disruption", 0.005),
        ):
            key = f"hard_{name}_{k}_{case.replace(' ', '_')}"
            if chosen(key):
                task = {**common, "peer": "hard", "name": name, "k": k, "root": root, "case": case, "seed": 1}
                got = fresh({**task, "tolerance": tolerance})
                line(f"{name}_{k}", case, tolerance, got.get("imbalance"), got.get("seconds"),
                     got.get("refused", got.get("failed", "")))  # fmt: skip
                results[key] = got
    print(json.dumps(results, default=float))


if __name__ == "__main__":
    main()
