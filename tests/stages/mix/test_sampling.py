"""Rates and copies: shares are met as far as the material allows, and shards move nothing."""

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mix.decide import decide
from stages.mix.params import Collapse, DecideParams, MixParams
from stages.mix.sampling import BadWeights, copies, plan, rates, release_shard, unit
from stages.schemas import PLAN, REPEATS

COLLAPSE = Collapse(min_real_share=0.5, warn_real_share=0.667, max_unknown_depth_share=0.05)
PARAMS = MixParams(shards=4, seed=1, synthetic={}, weights=None, max_copies=4, collapse=COLLAPSE)
SIZES = {
    "doc_id": pl.String,
    "source": pl.String,
    "origin": pl.String,
    "n_tokens": pl.Int64,
    "taken_down": pl.Boolean,
    "no_text": pl.Boolean,
    "missing": pl.String,
    "emptied": pl.Boolean,
}


def sizes(rows: list[dict[str, object]]) -> pl.DataFrame:
    blank = {"origin": "crawl", "taken_down": False, "no_text": False, "missing": None, "emptied": False}
    return pl.DataFrame([{**blank, **r} for r in rows], schema=SIZES)


def shares(totals: dict[str, int], found: dict[str, float]) -> dict[str, float]:
    weighed = {s: totals[s] * found[s] for s in found}
    whole = sum(weighed.values())
    return {s: w / whole for s, w in weighed.items()}


def test_without_weights_every_source_takes_what_it_has():
    assert rates({"a": 10, "b": 30}, None, 4) == {"a": 1.0, "b": 1.0}


def test_weights_of_all_sources_are_proportions_and_use_all_material_where_they_can():
    found = rates({"a": 100, "b": 100}, {"a": 3, "b": 1}, 4)
    assert found == {"a": 1.5, "b": 0.5}


def test_a_source_at_max_copies_shrinks_the_mixture_not_the_shares():
    totals = {"a": 10, "b": 1000}
    found = rates(totals, {"a": 0.5, "b": 0.5}, 4)
    assert found == {"a": 4.0, "b": 0.04}
    assert shares(totals, found) == {"a": 0.5, "b": 0.5}


def test_sources_not_named_keep_rate_one_and_the_named_fill_their_share():
    totals = {"crawl": 700, "set": 100}
    found = rates(totals, {"set": 0.3}, 4)
    assert found == {"crawl": 1.0, "set": 3.0}
    assert rates(totals, {"set": 0.9}, 4)["set"] == 4.0, "as close as max_copies allows"


def test_weight_zero_takes_nothing():
    assert rates({"a": 10, "b": 10}, {"b": 0.0}, 4) == {"a": 1.0, "b": 0.0}
    assert rates({"b": 10}, {"b": 0.0}, 4) == {"b": 0.0}


def test_a_source_without_material_is_left_out():
    assert rates({"a": 10, "b": 0}, {"a": 0.5, "b": 0.5}, 4) == {"a": 1.0}


@pytest.mark.parametrize(
    ("weights", "message"), [({"set": 1.0}, "leaves nothing"), ({"set": -0.1}, "cannot be negative")]
)
def test_impossible_weights_name_the_key(weights, message):
    with pytest.raises(BadWeights, match=rf"mix\.weights: .*{message}"):
        rates({"crawl": 5, "set": 5}, weights, 4)


@settings(deadline=None, max_examples=100)
@given(
    st.dictionaries(st.sampled_from("abcde"), st.integers(1, 10**9), min_size=1),
    st.dictionaries(st.sampled_from("abcde"), st.floats(0.01, 5.0), min_size=5, max_size=5),
    st.integers(1, 8),
)
def test_weights_of_all_sources_are_met_exactly(totals, weights, max_copies):
    found = rates(totals, weights, max_copies)
    whole = math.fsum(weights[s] for s in totals)
    assert all(0 <= r <= max_copies for r in found.values())
    for source, share in shares(totals, found).items():
        assert share == pytest.approx(weights[source] / whole, rel=1e-3, abs=1e-6)


@settings(deadline=None, max_examples=100)
@given(st.floats(0, 16), st.floats(0, 1, exclude_max=True))
def test_copies_are_floor_or_ceiling_of_the_rate(rate, u):
    frame = pl.DataFrame({"u": [u], "r": [rate]})
    found = frame.select(copies(pl.col("u"), pl.col("r"))).item()
    assert found == math.floor(rate) + (u < rate - math.floor(rate))


def test_units_are_uniform_and_depend_on_the_seed():
    units = [unit(f"{i:032x}", 1) for i in range(4000)]
    assert all(0 <= u < 1 for u in units)
    assert abs(sum(u < 0.3 for u in units) / 4000 - 0.3) < 0.03
    assert unit("a", 1) != unit("a", 2)


def test_release_shards_are_even_and_copies_are_spread():
    found = [release_shard(f"{i:032x}", 0, 4) for i in range(4000)]
    assert all(abs(found.count(k) - 1000) < 150 for k in range(4))
    assert {release_shard("a", copy, 4) for copy in range(50)} == {0, 1, 2, 3}


def test_the_plan_counts_what_may_be_sampled():
    rows = [
        {"doc_id": "1", "source": "c", "n_tokens": 10},
        {"doc_id": "2", "source": "c", "n_tokens": 5, "taken_down": True},
        {"doc_id": "3", "source": "s", "origin": "synthetic", "n_tokens": 7},
        {"doc_id": "4", "source": "s", "origin": "synthetic", "n_tokens": 9, "missing": "licence"},
        {"doc_id": "3", "source": "s", "origin": "synthetic", "n_tokens": 7},
    ]
    out = plan({"mix/sizes": {"a": sizes(rows)}}, PARAMS, {})
    assert out["mix/plan"].to_arrow().cast(PLAN).num_rows == 2
    assert out["mix/plan"].rows() == [("c", "crawl", 1, 10, None, 1.0), ("s", "synthetic", 1, 7, None, 1.0)]
    assert out["mix/repeats"].rows() == [("3", "a")]


def test_a_weighted_source_without_rows_is_shown():
    params = PARAMS.model_copy(update={"weights": {"gone": 0.5}})
    out = plan({"mix/sizes": {"a": sizes([{"doc_id": "1", "source": "c", "n_tokens": 10}])}}, params, {})
    assert out["mix/plan"].rows()[1] == ("gone", None, 0, 0, 0.5, 1.0)


def test_the_first_shard_by_name_keeps_a_repeated_document():
    row = {"doc_id": "1", "source": "s", "origin": "synthetic", "n_tokens": 7}
    out = plan({"mix/sizes": {"b": sizes([row]), "a": sizes([row])}}, PARAMS, {})
    assert out["mix/repeats"].rows() == [("1", "a")]
    assert out["mix/plan"]["documents"].to_list() == [1]


BAD = [{"missing": "licence"}, {"no_text": True}, {"taken_down": True}]


@pytest.mark.parametrize("bad", BAD)
def test_a_shard_whose_row_is_rejected_keeps_no_repeated_document(bad):
    row = {"doc_id": "1", "source": "s", "origin": "synthetic", "n_tokens": 7}
    tables = {"a": sizes([row | bad]), "b": sizes([row]), "c": sizes([row])}
    out = plan({"mix/sizes": tables}, PARAMS, {})
    assert out["mix/repeats"].rows() == [("1", "b")]
    assert out["mix/plan"].rows() == [("s", "synthetic", 1, 7, None, 1.0)]
    found = [decided(tables, shard, out).select("reason", "detail").row(0) for shard in tables]
    assert found[0][0] in ("missing_provenance", "missing_text", "takedown")
    assert found[1:] == [(None, None), ("repeated_document", "b")]


def decided(tables, shard, planned):
    return decide({"mix/sizes": tables[shard], **planned}, DecideParams(shard=shard, seed=1), {})["mix/decisions"]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from("abc"), st.sampled_from([*BAD, {}])), max_size=12))
def test_every_id_that_may_be_kept_is_kept_once_and_the_plan_counts_it(drawn):
    rows = [(s, {"doc_id": d, "source": "s", "origin": "synthetic", "n_tokens": 7} | bad) for d, s, bad in drawn]
    tables = {shard: sizes([row for s, row in rows if s == shard]) for shard in "abc"}
    out = plan({"mix/sizes": tables}, PARAMS, {})
    found = {shard: decided(tables, shard, out) for shard in tables}
    kept = sorted(d for table in found.values() for d in table.filter("keep")["doc_id"])
    assert kept == sorted({row["doc_id"] for _, row in rows if not row.keys() & {"missing", "no_text", "taken_down"}})
    assert out["mix/plan"]["documents"].sum() == len(kept)
    assert sum(table.height for table in found.values()) == len(rows)


def test_no_shard_gives_empty_tables():
    out = plan({"mix/sizes": {}}, PARAMS, {})
    assert out["mix/plan"].to_arrow().cast(PLAN).num_rows == 0
    assert out["mix/repeats"].to_arrow().cast(REPEATS).num_rows == 0


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 3), min_size=40, max_size=40))
def test_the_plan_is_the_same_for_any_cut_into_shards(cut):
    rows = [
        {"doc_id": f"{i:032x}", "source": "abc"[i % 3], "n_tokens": i * i, "taken_down": i % 7 == 0} for i in range(40)
    ]
    params = PARAMS.model_copy(update={"weights": {"a": 0.2, "b": 0.3, "c": 0.5}})
    whole = plan({"mix/sizes": {"x": sizes(rows)}}, params, {})["mix/plan"]
    parts = {str(k): sizes([r for r, c in zip(rows, cut) if c == k]) for k in range(4)}
    assert plan({"mix/sizes": parts}, params, {})["mix/plan"].equals(whole)
