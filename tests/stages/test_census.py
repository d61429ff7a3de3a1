"""Censuses add up: the census of two shards together is the sum of theirs."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.census import EDGES, add, histogram, label, of_decisions, of_table, on_edges, pick

ROW = st.tuples(
    st.sampled_from(["r1", "r2", "r3", None]), st.integers(0, 100), st.sampled_from(["en", "de"]), st.integers(0, 40)
)


def tables(rows: list[tuple[str | None, int, str, int]], start: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    ids = [f"{start + i}" for i in range(len(rows))]
    decisions = pl.DataFrame(
        {
            "doc_id": ids,
            "keep": [r[0] is None for r in rows],
            "reason": [r[0] for r in rows],
            "also": [["r3"] if r[0] in ("r1", "r2") else [] for r in rows],
        },
        schema={"doc_id": pl.String, "keep": pl.Boolean, "reason": pl.String, "also": pl.List(pl.String)},
    )
    facts = pl.DataFrame(
        {
            "doc_id": ids,
            "n_tokens": [r[1] for r in rows],
            "language": [r[2] for r in rows],
            "host": [f"h{r[3]}.example" for r in rows],
        },
        schema={"doc_id": pl.String, "n_tokens": pl.Int64, "language": pl.String, "host": pl.String},
    )
    return decisions, facts


@given(st.lists(ROW, max_size=30), st.integers(0, 30))
@settings(deadline=None, max_examples=100)
def test_censuses_of_parts_add_up_to_the_census_of_all(rows: list[tuple[str | None, int, str, int]], cut: int) -> None:
    one, two, both = tables(rows[:cut], 0), tables(rows[cut:], len(rows[:cut])), tables(rows, 0)
    assert add([of_decisions(*one), of_decisions(*two)]) == add([of_decisions(*both)])


def test_totals_reasons_and_pairs() -> None:
    counts = of_decisions(*tables([("r1", 5, "en", 0), ("r3", 7, "en", 0), (None, 9, "de", 1)], 0))
    assert pick(counts, "rows") == {"in": 3, "kept": 1, "rejected": 2}
    assert pick(counts, "tokens") == {"in": 21, "kept": 9, "rejected": 12}
    assert pick(counts, "reason_tokens") == {"r1": 5, "r3": 7}
    assert pick(counts, "alone") == {"r3": 1}
    assert pick(counts, "pair") == {"r1|r3": 1}
    assert pick(counts, "language")["en|kept"] == 0
    assert pick(counts, "language")["de|kept"] == 1


@given(st.lists(st.floats(-10, 1e6) | st.none(), max_size=50))
@settings(deadline=None, max_examples=100)
def test_histograms_count_every_value_once(values: list[float | None]) -> None:
    bins = dict(histogram(pl.Series(values, dtype=pl.Float64)))
    assert sum(bins.values()) == len(values)
    assert bins.get("null", 0) == values.count(None)
    assert bins.get("below", 0) == sum(v is not None and v < 0 for v in values)


def test_a_value_on_an_edge_belongs_to_the_bin_that_begins_there() -> None:
    assert histogram(pl.Series([0.5, 0.51, 0.52])) == [("0.5", 2), ("0.52", 1)]


def test_booleans_and_nulls_are_counted() -> None:
    table = pl.DataFrame({"doc_id": ["a", "b", "c"], "flag": [True, None, False]})
    assert pick(of_table("t", table), "hist:t.flag") == {"true": 1, "false": 1, "null": 1}


def test_edges_have_names_of_their_own() -> None:
    assert len({label(edge) for edge in EDGES}) == len(EDGES)


@given(st.lists(st.sampled_from(EDGES) | st.floats(0, 100) | st.none(), max_size=30), st.sampled_from(EDGES))
@settings(deadline=None, max_examples=100)
def test_less_and_greater_than_an_edge_are_exact(values: list[float | None], edge: float) -> None:
    series = pl.Series(values, dtype=pl.Float64)
    bins, on = dict(histogram(series)), dict(on_edges(series))
    under = sum(bins.get(label(e), 0) for e in EDGES if e < edge)
    assert under == sum(v is not None and v < edge for v in values)
    present = sum(v is not None for v in values)
    assert present - under - on.get(label(edge), 0) == sum(v is not None and v > edge for v in values)


def test_tables_of_one_stage_do_not_add_their_columns_up() -> None:
    one, two = (of_table(name, pl.DataFrame({"doc_id": ["a"], "n_tokens": [3]})) for name in ("mix/sizes", "mix/out"))
    assert {m for m, _, _ in [*one, *two] if m.startswith("hist:")} == {
        "hist:mix/sizes.n_tokens",
        "hist:mix/out.n_tokens",
    }


def test_kinds_of_edits_and_clusters_by_size_are_counted() -> None:
    edits = pl.DataFrame(
        {"doc_id": ["a", "a", "b"], "start": [0, 2, 4], "replacement": ["x"] * 3, "kind": ["ip", "email", "ip"]}
    )
    assert pick(of_table("t", edits), "kind") == {"email": 1, "ip": 2}
    rows = {"doc_id": ["a", "b", "d", "e"], "cluster_id": ["a", "a", "c", "c"], "cluster_size": [2, 2, 2, 2]}
    assert pick(of_table("t", pl.DataFrame(rows)), "clusters") == {"1.99526": 2}


def test_facts_that_occur_twice_multiply_nothing() -> None:
    decisions, facts = tables([(None, 5, "en", 0)], 0)
    assert pick(of_decisions(decisions, pl.concat([facts, facts])), "rows") == {"in": 1, "kept": 1, "rejected": 0}
