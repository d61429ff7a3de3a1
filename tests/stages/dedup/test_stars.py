"""Components by rounds: equal to union-find on every graph, for any cut of the nodes into ranges."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup.candidates import lots
from stages.dedup.stars import directed, labels, large_star, small_star


def frame(edges: list[tuple[int, int]]) -> pl.DataFrame:
    rows = [(max(a, b), 1, min(a, b)) for a, b in edges] + [(min(a, b), 1, min(a, b)) for a, b in edges]
    schema = {"content": pl.Int64, "size": pl.Int64, "paired": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").select(
        "content", "size", pl.lit("s").alias("shard"), "paired"
    )


def rounds(edges: pl.DataFrame, cuts: list[int]) -> tuple[pl.DataFrame, int]:
    """Alternate until nothing changes; each round by ranges of nodes, as the stage does it."""
    for turn in range(200):
        before = edges
        for star in (large_star, small_star):
            bounds = [-(2**62), *cuts, 2**62]
            parts = [star(edges.filter(pl.col("node") >= low, pl.col("node") < high)) for low, high in pairwise(bounds)]
            edges = pl.concat(parts).unique().sort("node", "other")
        if edges.equals(before):
            return edges, turn
    raise AssertionError("no end")


def components(edges: list[tuple[int, int]]) -> dict[int, int]:
    low: dict[int, int] = {n: n for e in edges for n in e}
    moved = True
    while moved:
        moved = False
        for a, b in edges:
            least = min(low[a], low[b])
            moved |= low[a] != low[b]
            low[a] = low[b] = least
    return low


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), min_size=1, max_size=40))
def test_equal_to_a_walk_over_the_graph(edges):
    found, _ = rounds(directed([frame(edges)]), [9, 17])
    named = dict(labels([found]).rows())
    assert {n: named.get(n, n) for n in components(edges)} == components(edges)


@pytest.mark.parametrize("budget", [1, 7, 1000])
def test_lots_are_those_of_union_find(budget):
    rng = np.random.default_rng(3)
    edges = frame([(int(a), int(b)) for a, b in rng.integers(0, 3000, (2000, 2))])
    found, _ = rounds(directed([edges]), [500, 1500])
    assert lots([edges], budget).equals(lots([edges], budget, labels([found])))


def test_a_long_path_ends_in_a_number_of_rounds_that_grows_like_the_logarithm():
    path = frame([(i, i + 1) for i in range(4096)])
    found, turns = rounds(directed([path]), [1000])
    assert labels([found])["component"].to_list() == [0] * 4096
    assert turns <= 14


def test_the_end_is_a_star_and_stays_one():
    star = directed([frame([(5, 0), (7, 0), (9, 0)])])
    assert small_star(large_star(star)).equals(star)
