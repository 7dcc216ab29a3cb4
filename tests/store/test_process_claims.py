"""What a process review claimed is kept once, and found when it is due."""

from datetime import date

import pandas as pd

from salesops_nb.store.process_claims import earlier_claims, keep_claims

THEN = date(2017, 12, 26)


def claim(**more):
    given = {"review_on": date(2018, 3, 1), "kind": "conversion", "stage": "Demo", "team": "T0", "n": 600,
             "own": 0.5, "peers": 0.7, "behind": 0.4, "behind_low": 0.3, "behind_high": 0.5, "money": 1000.0,
             "plays": "One"}  # fmt: skip
    return {**given, **more}


def kept(store, *claims, on=THEN, segment=None):
    keep_claims(store, on, "2017", segment, pd.DataFrame(claims, columns=list(claim())))


def test_claims_are_kept_once_and_found_when_they_are_due(store):
    kept(store, claim(), claim(kind="time", own=float("nan"), review_on=date(2018, 6, 1)))
    kept(store, claim(), claim(kind="time", own=float("nan"), review_on=date(2018, 6, 1)))
    kept(store, claim(behind=0.2), on=date(2018, 1, 5))
    kept(store, claim(team="T1"), segment="retail")
    assert earlier_claims(store, date(2018, 2, 28), None).empty
    found = earlier_claims(store, date(2018, 3, 1), None)
    assert found[["kind", "claimed_on", "behind"]].to_numpy().tolist() == [
        ["conversion", date(2018, 1, 5), 0.2]
    ]
    assert len(earlier_claims(store, date(2018, 6, 1), None)) == 2
    assert earlier_claims(store, date(2018, 3, 1), "retail")["team"].tolist() == ["T1"]
    kept(store)  # the same day without a claim, as after the data were corrected
    assert len(earlier_claims(store, date(2018, 6, 1), None)) == 1
