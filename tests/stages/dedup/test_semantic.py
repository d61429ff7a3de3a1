"""Vectors of texts, groups of vectors, and who of a group would leave."""

import numpy as np
import polars as pl
import pytest

from stages.dedup import semantic
from stages.dedup.semantic import (
    cells,
    centres,
    common,
    judge_cells,
    nearest,
    packed,
    scaled,
    unpacked,
    without,
    word_vectors,
)

RANKS = {"date": "2024", "chars": 1, "score": 0.5, "source_rank": 0, "host_rank": 0}


def encoder():
    vectors = np.eye(4, dtype=np.float32)
    return word_vectors(["red", "green", "blue", "</s>"], vectors, np.array([900, 90, 10, 0]))


def test_a_text_is_the_weighed_mean_of_its_words():
    found = encoder()(pl.Series(["green blue", "Blue, GREEN!", "red", "black", "", None]))
    assert np.allclose(np.linalg.norm(found, axis=1), [1, 1, 1, 0, 0, 0])
    assert np.array_equal(found[0], found[1])
    weights = [0.001 / (0.001 + share) for share in (0.09, 0.01)]
    assert np.allclose(found[0][1:3], np.array(weights) / np.hypot(*weights), atol=1e-6)


def test_rare_words_weigh_more_than_common_ones():
    red, blue = encoder()(pl.Series(["red blue"]))[0][[0, 2]]
    assert blue > 10 * red > 0


def test_without_words_all_vectors_are_zero():
    nothing = word_vectors([], np.empty((0, 3), dtype=np.float32), np.empty(0, dtype=np.int64))
    assert not nothing(pl.Series(["some text"])).any()


def bundle(seed: int, groups: int, each: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    middle = rng.normal(size=(groups, 1, 16))
    return scaled((middle + 0.05 * rng.normal(size=(groups, each, 16))).reshape(-1, 16).astype(np.float32))


def test_bundles_become_cells():
    vectors = bundle(1, 5, 40)
    start = np.concatenate([vectors[::40], vectors])
    cell = nearest(vectors, centres(start, 5))
    assert all(len(set(cell[40 * k : 40 * k + 40])) == 1 for k in range(5)) and len(set(cell.tolist())) == 5


def test_nearest_is_the_largest_cosine():
    vectors, middle = bundle(2, 9, 7), bundle(3, 6, 1)
    assert np.array_equal(
        nearest(vectors, middle), np.argmax(vectors.astype(np.float64) @ middle.T.astype(np.float64), 1)
    )


def test_what_all_have_in_common_is_taken_out():
    rng = np.random.default_rng(7)
    own = rng.normal(size=(300, 16)).astype(np.float32)
    shared = 20 * rng.normal(size=16) + 9 * rng.normal(size=(300, 1)) * rng.normal(size=16)
    vectors = scaled((own + shared).astype(np.float32))
    assert np.quantile(vectors[:100] @ vectors[100:200].T, 0.5) > 0.6
    left = without(vectors, common(vectors))
    assert common(vectors).shape == (3, 16)
    assert abs(np.median(left[:100] @ left[100:200].T)) < 0.1
    assert np.allclose(np.linalg.norm(left, axis=1), 1, atol=1e-5)
    assert np.abs(left @ common(vectors)[1:].T).max() < 1e-5


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_of_few_vectors_no_direction_is_taken_for_common(count):
    """They vary in fewer directions than would be taken out: what is left would be rounding errors."""
    vectors = scaled(np.random.default_rng(8).normal(size=(count, 64)).astype(np.float32))
    assert np.allclose(without(vectors, common(vectors)), scaled(vectors - vectors.mean(axis=0)), atol=1e-5)


def test_without_centres_there_is_no_cell():
    one = {"doc_id": ["a"], "vector": packed(bundle(5, 1, 1))}
    tables = {
        "dedup/vectors": pl.DataFrame(one),
        "dedup/members": pl.DataFrame([{"document": "a", "old": False, **RANKS}]),
        "dedup/clusters": pl.DataFrame(schema={"doc_id": pl.String, "kind": pl.String}),
        "dedup/centres": pl.DataFrame(schema={"cell": pl.Int64, "vector": pl.Binary}),
    }
    assert cells(tables, pl.Series([""])).is_empty()
    middle = pl.DataFrame({"cell": [-1, 0], "vector": packed(np.vstack([np.zeros((1, 16)), bundle(5, 1, 1)]))})
    assert cells({**tables, "dedup/centres": middle}, pl.Series([""]))["document"].to_list() == ["a"]


def test_a_centre_that_nothing_is_near_stays_where_it_is():
    vectors = scaled(np.array([[1, 0], [1, 0.1], [1, 0.1]], dtype=np.float32))
    found = centres(np.concatenate([vectors[:1], vectors[:1], vectors]), 2)
    assert np.array_equal(found[1], vectors[0]) and not np.array_equal(found[0], vectors[0])


def test_vectors_come_back_from_their_bytes():
    vectors = bundle(4, 2, 3)
    assert np.array_equal(unpacked(packed(vectors)), vectors)
    assert len(unpacked(packed(vectors[:0]))) == 0


def rows(angles: dict[str, float], **columns: object) -> pl.DataFrame:
    facts = [{"document": n, "cell": 0, "scope": "", "old": False, "shard": "s", **RANKS, **columns} for n in angles]
    turned = np.array([[np.cos(a), np.sin(a)] for a in np.radians(list(angles.values()))], dtype=np.float32)
    return pl.DataFrame(facts).with_columns(vector=packed(scaled(turned)))


def pairs(found: pl.DataFrame) -> dict[str, tuple[str, float]]:
    return {d: (r, s) for d, r, s in found.select("doc_id", "related_doc_id", "similarity").iter_rows()}


def test_of_a_chain_the_ends_stay():
    assert pairs(judge_cells(rows({"a": 0, "b": 15, "c": 30}), 0.95, ())) == {"b": ("a", 0.9659)}


def test_the_nearest_that_stays_is_named():
    assert pairs(judge_cells(rows({"a": 0, "b": 40, "c": 25}), 0.9, ())) == {"c": ("b", 0.9659)}


def test_priority_decides_who_stays():
    late, early = rows({"a": 0}, date="2024"), rows({"b": 1}, date="2020")
    assert set(pairs(judge_cells(pl.concat([late, early]), 0.95, ("earliest",)))) == {"a"}


def test_who_stands_for_copies_stays():
    found = judge_cells(pl.concat([rows({"b": 1, "c": 2}, old=True), rows({"a": 0})]), 0.95, ())
    assert pairs(found) == {"a": ("b", 0.9998)}


@pytest.mark.parametrize("column", ["scope", "cell"])
def test_cells_and_scopes_do_not_meet(column):
    other = rows({"b": 0}).with_columns(
        pl.lit("x" if column == "scope" else 1, dtype=rows({"b": 0})[column].dtype).alias(column)
    )
    assert judge_cells(pl.concat([rows({"a": 0}), other]), 0.95, ()).is_empty()


def test_shards_and_their_order_move_nothing():
    every = rows({f"d{i:03d}": float(i * 7919 % 360) for i in range(200)})
    whole = judge_cells(every, 0.9995, ())
    assert judge_cells(every.reverse(), 0.9995, ()).equals(whole) and whole.height > 20


def test_a_sum_has_one_order():
    """The kernels add in float32 from the first to the last dimension, whatever the number of vectors beside them."""
    vectors = bundle(6, 3, 11)
    alone = [nearest(vectors[i : i + 1], vectors[:3])[0] for i in range(len(vectors))]
    assert alone == nearest(vectors, vectors[:3]).tolist()
    assert semantic.ROUNDS > 0
