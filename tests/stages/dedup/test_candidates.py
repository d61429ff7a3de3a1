"""Buckets and lots: who may be compared with whom, and with whom at the same time."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup.candidates import band_keys, buckets, count, join, lots, pairs, root


def keys(rows: list[list[int]]) -> np.ndarray:
    return np.array(rows, dtype=np.uint64).reshape(len(rows), -1)


def test_only_shared_keys_make_buckets_and_bands_do_not_mix():
    places = buckets(keys([[1, 7], [1, 8], [2, 1], [3, 7]]))
    assert places[:, 0].tolist() == [0, 0, -1, -1]
    assert places[:, 1].tolist() == [1, -1, -1, 1]


def test_no_text_gives_no_bucket():
    assert buckets(np.empty((0, 3), dtype=np.uint64)).shape == (0, 3)


def test_bands_are_equal_exactly_where_their_values_are():
    values = np.array([[1, 2, 3, 4], [1, 2, 4, 3], [9, 2, 3, 4]], dtype="<u4")
    found = band_keys(pl.Series([v.tobytes() for v in values]), bands=2, rows=2)
    assert found[0, 0] == found[1, 0] != found[2, 0]
    assert found[0, 1] == found[2, 1] != found[1, 1]


def key_rows(rows: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"key": pl.Int64, "content": pl.Int64}, orient="row").with_columns(
        size=pl.col("content") % 100
    )


def paired(rows: list[tuple[int, int]]) -> pl.DataFrame:
    schema = {"content": pl.Int64, "paired": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.select("content", "paired", size=pl.col("content") % 100).select("content", "size", "paired")


def test_pairs_name_the_first_of_each_shared_bucket_once():
    one = key_rows([(1, 30), (1, 10), (2, 10), (2, 30), (3, 20), (4, 40)])
    other = key_rows([(1, 10), (3, 50)])
    found = pairs([one, other])
    assert found.rows() == [(10, 10, 10), (20, 20, 20), (30, 30, 10), (50, 50, 20)]


def test_a_bucket_of_many_makes_a_row_per_member():
    crowd = pl.DataFrame({"key": [7] * 100_000, "content": range(100_000), "size": [5] * 100_000})
    assert pairs([crowd]).height == 100_000


def test_the_cut_into_ranges_of_keys_moves_no_lot():
    rng = np.random.default_rng(1)
    rows = key_rows([(int(k), int(c)) for k, c in rng.integers(0, 300, (400, 2))])
    whole = lots([pairs([rows])], 500)
    parts = [pairs([rows.filter(pl.col("key") % 3 == k)]) for k in (2, 0, 1)]
    assert lots(parts, 500).equals(whole)
    assert whole["lot"].n_unique() > 3


def test_lots_keep_components_together_and_respect_the_budget():
    found = lots([paired([(104, 104), (204, 104), (304, 204), (405, 405), (505, 405), (601, 601), (701, 601)])], 12)
    assert dict(found.rows()) == {104: 0, 204: 0, 304: 0, 405: 1, 505: 1, 601: 1, 701: 1}


def test_a_component_above_the_budget_has_a_lot_of_its_own():
    found = lots([paired([(150, 150), (250, 150), (301, 301), (401, 301)])], 10)
    assert dict(found.rows()) == {150: 0, 250: 0, 301: 1, 401: 1}


def test_no_candidate_makes_no_lot():
    assert count(lots([pairs([])], 10)) == 0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=30))
def test_union_find_equals_a_walk_over_the_graph(edges):
    parent = np.arange(16, dtype=np.int64)
    component = list(range(16))
    for a, b in edges:
        join(parent, a, b)
        low, high = sorted((component[a], component[b]))
        component = [low if c == high else c for c in component]
    assert [root(parent, i) for i in range(16)] == component
