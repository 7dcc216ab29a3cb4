"""Why deals are lost, and where a reason stands out: by stage, segment, product and competitor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import stats

from salesops_nb.core import statistics
from salesops_nb.core.frames import Tables, collected, with_columns_or_null
from salesops_nb.facts import UNKNOWN
from salesops_nb.process.history import LOST, Flags, History
from salesops_nb.process.paths import amounts

CONFIDENCE = 0.9
FEWEST = 10  # lost deals of a group that are looked at
STANDS_OUT = 0.05  # share of false ones among what stands out
BY = ("stage", "segment", "product_id", "competitor")


def lost_deals(history: History, tables: Mapping[str, Any], which: Flags) -> pd.DataFrame:
    """The lost deals among some: ``reason`` (missing where none is given), ``value`` and the columns of `BY`;
    ``stage`` is the last open one.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> lost = process.lost_deals(history, wb.tables, np.ones(len(history.deals), bool))
    >>> len(lost), int(lost["reason"].isna().sum())
    (2473, 297)
    """
    deals = history.deals
    mine = which & (deals["outcome"] == LOST).to_numpy()
    last = np.full(len(deals), -1)
    last[history.passes.deal] = history.passes.stage  # by time: the last one stays
    names = np.array([*history.stages, UNKNOWN], object)
    found = pd.DataFrame({
        "deal_id": deals.loc[mine, "deal_id"], "reason": deals.loc[mine, "loss_reason"].astype(object),
        "stage": names[last[mine]], "segment": deals.loc[mine, "segment"].astype(str),
        "product_id": deals.loc[mine, "product_id"].astype(str), "value": deals.loc[mine, "value"],
    })  # fmt: skip
    found["reason"] = found["reason"].where(found["reason"] != UNKNOWN)
    raw = with_columns_or_null(Tables.of(tables)["deals"], {"competitor": nw.String()})
    named = collected(raw.filter(~nw.col("competitor").is_null()).select("deal_id", "competitor"))
    at = named.drop_duplicates("deal_id").set_index("deal_id")["competitor"]
    found["competitor"] = found["deal_id"].map(at).astype(object) if len(at) else None
    return found.reset_index(drop=True)


def reasons(lost: pd.DataFrame) -> pd.DataFrame:
    """How often each reason is named: ``reason`` (missing: none), ``deals, share, low, high, value``.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> lost = process.lost_deals(history, wb.tables, np.ones(len(history.deals), bool))
    >>> process.reasons(lost)[["reason", "deals"]].head(2)
            reason  deals
    0        price    562
    1  no decision    492
    """
    groups = lost.groupby("reason", dropna=False)["value"].agg(["size", "sum"]).reset_index()
    rows = []
    for reason, n, value in groups.itertuples(index=False):
        low, high = statistics.wilson(int(n), len(lost), CONFIDENCE)
        rows.append({"reason": None if pd.isna(reason) else reason, "deals": int(n), "share": n / len(lost),
                     "low": low, "high": high, "value": amounts([int(value)])[0]})  # fmt: skip
    found = pd.DataFrame(rows, columns=["reason", "deals", "share", "low", "high", "value"])
    return found.sort_values(["deals", "reason"], ascending=[False, True], ignore_index=True)


def standing_out(lost: pd.DataFrame) -> pd.DataFrame:
    """Where a reason is named more often than in all other lost deals.

    Columns ``by`` (of `BY`), ``value, reason, n`` (lost deals there that name a reason), ``deals`` (that name
    this one), ``share, low, high, elsewhere, q``, of those whose q (Fisher's exact test after Benjamini and
    Hochberg) is below `STANDS_OUT`, the most certain first.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> lost = process.lost_deals(history, wb.tables, np.ones(len(history.deals), bool))
    >>> process.standing_out(lost)[["by", "value", "reason"]].head(1)
          by     value       reason
    0  stage  Proposal  no decision
    """
    given = lost[lost["reason"].notna()]
    rows = []
    for by in BY:
        known = given[given[by].notna() & (given[by] != UNKNOWN)]
        counts = pd.crosstab(known[by], known["reason"])
        if counts.empty:
            continue
        whole, n_all = counts.sum(), int(counts.to_numpy().sum())
        for value, row in counts.iterrows():
            n = int(row.sum())
            if n < FEWEST or n == n_all:
                continue
            for reason, k in row.items():
                total = int(whole.loc[str(reason)])
                p = float(stats.hypergeom.sf(int(k) - 1, n_all, total, n))
                low, high = statistics.wilson(int(k), n, CONFIDENCE)
                rows.append({"by": by, "value": value, "reason": reason, "n": n, "deals": int(k),
                             "share": k / n, "low": low, "high": high, "elsewhere": (total - k) / (n_all - n),
                             "p": p})  # fmt: skip
    columns = ["by", "value", "reason", "n", "deals", "share", "low", "high", "elsewhere", "p"]
    found = pd.DataFrame(rows, columns=columns)
    found["q"] = statistics.benjamini_hochberg(found["p"]) if len(found) else np.zeros(0)
    found = found[found["q"] <= STANDS_OUT].sort_values(["q", "by", "value"], ignore_index=True)
    return found.drop(columns="p")
