"""Frames made from censuses: sums that are taken, shares that are undefined, shards that are missing."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import outputs
from pipelines.gates import evidence, rows
from pipelines.gates.quality import SUITE
from tests.pipelines.made import SHARDS

COUNT = st.integers(min_value=0, max_value=10**9)


@settings(deadline=None, max_examples=50)
@given(st.lists(COUNT, min_size=4, max_size=4), st.integers(0, 5))
def test_the_account_adds_up_whatever_it_holds(terms, damaged):
    rows_, others, in_damage, embedded = terms
    rows_ += damaged
    headers = rows_ - damaged + others + in_damage + embedded
    counts = [("n_rows", rows_), ("n_other_types", others), ("n_headers_in_damage", in_damage)]
    counts += [("n_embedded", embedded), ("n_damaged", damaged), ("n_headers", headers)]
    row = evidence._row([("account", name, n) for name, n in counts])
    assert row["headers_accounted"] == row["n_headers"]


def test_without_an_account_there_is_no_zero():
    row = evidence._row([("rows", "in", 3)])
    assert (row["n_headers"], row["headers_accounted"], row["rows_in"]) == (None, None, 3)


def test_a_share_of_nothing_is_undefined():
    assert (evidence.share(0, 0), evidence.share(1, 3)) == (None, 0.333333)


def test_missing_and_unknown_shards_are_named_and_counted(made):
    found = outputs.manifest(made.store, "quality")
    table = evidence._coverage(SUITE, found, {SHARDS[0]: None, "x": None, "y": None, "z": None})
    row = table.filter(table="quality/decisions").to_dicts()[0]
    assert (row["missing"], row["surplus"]) == ("x and 2 more", SHARDS[1])


def test_an_undefined_share_does_not_close_a_gate_that_admits_no_rows(made):
    for shard in SHARDS:
        for table in made.tables:
            if table.startswith(("extract/", "quality/")):
                made.tables[table][shard] = made.tables[table][shard].head(0)
        made.account[shard] = {"n_headers": 1, "n_rows": 0, "n_other_types": 1}
    made.write("extract", "quality")
    from tests.pipelines.made import closed_by

    assert list(closed_by(made, "quality")) == ["min_rows"]
    assert closed_by(made, "quality", quality={"min_rows": 0, "reject_rate": {"max": 0.9}}) == {}


def test_of_very_many_shards_a_sample_of_measures_is_read_but_every_decision(made, monkeypatch):
    monkeypatch.setattr(rows, "MOST_FILES", 1)
    looked = rows.look(made.store, SUITE, outputs.manifest(made.store, "quality"))
    data, total = looked.frames["scores"]
    assert (data["shard"].n_unique(), data.height, total) == (1, 5, 10)
    assert looked.frames["decisions"][0]["shard"].n_unique() == 2


def test_a_census_of_some_metrics_is_the_census_without_the_others(made):
    whole = outputs.shard_census(made.store, "quality")
    some = outputs.shard_census(made.store, "quality", evidence.METRICS)
    assert some == {s: [c for c in counts if c[0] in evidence.METRICS] for s, counts in whole.items()}
    assert outputs.shard_census(made.store, "none", evidence.METRICS) == {}


def test_frames_hold_no_text(made):
    found = evidence.gather(made.store, SUITE, outputs.manifest(made.store, "quality"), ["reject a", "language en"])
    totals = found["totals"].data
    assert totals.select("reject a", "language en").row(0) == (0.0, 1.0)
    assert totals.schema["stale_parents"] == pl.String
