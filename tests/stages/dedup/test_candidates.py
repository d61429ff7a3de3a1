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


def paired_of(**shards: pl.DataFrame) -> pl.DataFrame:
    return pairs({name: rows.select("key") for name, rows in shards.items()}, shards)


def paired(rows: list[tuple[int, int]], size: int = 4, shard: str = "s") -> pl.DataFrame:
    """Candidates in a shard, each of so many shingles, beside the first of a bucket."""
    schema = {"content": pl.Int64, "paired": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(size=size, shard=pl.lit(shard))
    return frame.select("content", pl.col("size").cast(pl.Int64), "shard", "paired")


def test_pairs_name_the_first_of_each_shared_bucket_once():
    one = key_rows([(1, 10), (1, 30), (2, 10), (2, 30), (3, 20), (4, 40)])
    other = key_rows([(1, 10), (3, 50)])
    found = paired_of(s=one, t=other).select("content", "size", "paired", "shard")
    assert found.rows() == [
        *[(10, 10, 10, "s"), (10, 10, 10, "t"), (20, 20, 20, "s"), (30, 30, 10, "s"), (50, 50, 20, "t")]
    ]


def test_one_content_in_two_shards_is_no_candidate():
    assert paired_of(s=key_rows([(1, 10), (2, 10)]), t=key_rows([(1, 10), (2, 10)])).is_empty()


def test_a_bucket_of_many_makes_a_row_per_member():
    crowd = pl.DataFrame({"key": [7] * 100_000, "content": range(100_000), "size": [5] * 100_000})
    assert paired_of(s=crowd).height == 100_000


def test_the_cut_into_ranges_of_keys_moves_no_lot():
    rng = np.random.default_rng(1)
    rows = key_rows([(int(k), int(c)) for k, c in rng.integers(0, 300, (400, 2))]).sort("key", "content")
    whole = lots([paired_of(s=rows)], 500)
    parts = [paired_of(s=rows.filter(pl.col("key") % 3 == k)) for k in (2, 0, 1)]
    assert lots(parts, 500).equals(whole)


def chains(count: int) -> list[tuple[int, int]]:
    """So many components of three contents each, their names spread over all integers; no bucket holds a whole one."""
    names = np.random.default_rng(4).integers(-(2**63), 2**63, (count, 3)).tolist()
    return [pair for a, b, c in names for pair in ((a, a), (b, a), (b, b), (c, b))]


def test_a_component_lies_in_one_lot_and_lots_are_of_one_size():
    found = lots([paired(chains(400))], 600)
    lot = dict(found.select("content", "lot").rows())
    assert all(lot[a] == lot[b] for a, b in chains(400))
    assert found["lot"].n_unique() == count(found) == 8
    sizes = found["lot"].value_counts()["count"]
    assert sizes.min() > 80 and sizes.max() < 230


def test_a_component_above_the_budget_stays_whole():
    found = lots([paired([(k, 0) for k in range(100)])], 10)
    assert found["lot"].n_unique() == 1


def test_one_lot_is_enough_within_the_budget():
    assert set(lots([paired(chains(4))], 48)["lot"]) == {0}
    assert count(lots([paired(chains(4))], 47)) <= 2


def test_large_components_are_not_all_in_the_first_lot():
    """The first of 1,000 contents is near the least of all numbers."""
    names = np.random.default_rng(5).integers(-(2**63), 2**63, (40, 1000))
    found = lots([paired([(int(c), int(row.min())) for row in names for c in row])], 20_000)
    assert found["lot"].value_counts()["count"].max() < 15_000


def test_a_content_that_comes_moves_no_other_lot():
    before, after = lots([paired(chains(60))], 100), lots([paired([*chains(60), (3, 3), (5, 3)])], 100)
    assert before.join(after, on=["shard", "content", "lot"], how="anti").is_empty()
    assert after.height == before.height + 2 and before["lot"].n_unique() > 3


def test_each_shard_has_rows_of_its_own():
    found = lots([paired([(1, 1), (2, 1)], shard="t"), paired([(2, 1)], shard="s")], 100)
    assert found.rows() == [("s", 2, 0), ("t", 1, 0), ("t", 2, 0)]


def test_no_candidate_makes_no_lot():
    assert count(lots([paired_of()], 10)) == 0


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
