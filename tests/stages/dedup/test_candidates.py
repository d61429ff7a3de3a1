"""Buckets and lots: who may be compared with whom, and with whom at the same time."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup.candidates import band_keys, buckets, join, lots, root


def keys(rows: list[list[int]]) -> np.ndarray:
    return np.array(rows, dtype=np.uint64).reshape(len(rows), -1)


def test_only_shared_keys_make_buckets_and_bands_do_not_mix():
    places = buckets(keys([[1, 7], [1, 8], [2, 1], [3, 7]]), np.zeros(4, dtype=np.int64))
    assert places[:, 0].tolist() == [0, 0, -1, -1]
    assert places[:, 1].tolist() == [1, -1, -1, 1]


def test_scopes_do_not_share_buckets():
    places = buckets(keys([[5], [5], [5], [5]]), np.array([0, 1, 0, 1]))
    assert places[0, 0] == places[2, 0] != places[1, 0] == places[3, 0]


def test_no_text_gives_no_bucket():
    assert buckets(np.empty((0, 3), dtype=np.uint64), np.empty(0, dtype=np.int64)).shape == (0, 3)


def test_bands_are_equal_exactly_where_their_values_are():
    values = np.array([[1, 2, 3, 4], [1, 2, 4, 3], [9, 2, 3, 4]], dtype="<u4")
    found = band_keys(pl.Series([v.tobytes() for v in values]), bands=2, rows=2)
    assert found[0, 0] == found[1, 0] != found[2, 0]
    assert found[0, 1] == found[2, 1] != found[1, 1]


def test_lots_keep_components_together_and_respect_the_budget():
    places = np.array([[0, -1], [0, 1], [-1, 1], [2, -1], [2, -1], [-1, -1], [3, -1], [3, -1]])
    lot = lots(places, np.array([4, 4, 4, 5, 5, 99, 1, 1]), budget=12)
    assert lot.tolist() == [0, 0, 0, 1, 1, -1, 1, 1]


def test_a_component_above_the_budget_has_a_lot_of_its_own():
    lot = lots(np.array([[0], [0], [1], [1]]), np.array([50, 50, 1, 1]), budget=10)
    assert lot.tolist() == [0, 0, 1, 1]


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
