"""Measures: what a moved bound would do, held against a count of the values themselves."""

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.reports import facts, measures
from pipelines.reports.facts import Facts
from pipelines.reports.measures import Measure
from stages.census import EDGES, of_table
from tests.pipelines.made import params

VALUES = st.lists(st.sampled_from([0.0, 0.02, 0.3, 1.0, 2.0, 10.0]) | st.floats(0, 2000), max_size=40)


def stages(values, table="quality/signals/gopher", name="word_count"):
    frame = pl.DataFrame(
        {"doc_id": [str(i) for i in range(len(values))], name: values}, schema_overrides={name: pl.Float64}
    )
    sums = {}
    for metric, key, n in of_table(table, frame):
        sums.setdefault(metric, {})[key] = n
    none = Facts("extract", "not run", (), {}, {}, {})
    return dict.fromkeys(("extract", "quality", "dedup", "toxicity", "mix"), none) | {
        "quality": Facts("quality", "open", (), sums, {}, {})
    }


@given(VALUES, st.sampled_from(EDGES) | st.floats(-1, 3000), st.booleans())
@settings(deadline=None, max_examples=200)
def test_documents_outside_a_moved_bound_are_those_that_a_count_finds(values, bound, lower):
    found = measures.counts(Measure("word_count", "quality/signals/gopher", "quality"), stages(values))
    for row in measures.moved(found, bound, lower=lower):
        truth = sum(v < row.bound if lower else v > row.bound for v in values)
        assert row.least <= truth <= row.most
        assert row.least == row.most or row.current
    assert [row.bound for row in measures.moved(found, bound, lower=lower) if row.current] == [bound]


def test_a_bound_on_an_edge_is_exact_on_both_sides():
    found = measures.counts(
        Measure("word_count", "quality/signals/gopher", "quality"), stages([0.1, 0.3, 0.3, 0.31, 0.5])
    )
    rows = {lower: next(r for r in measures.moved(found, 0.3, lower=lower) if r.current) for lower in (True, False)}
    assert (rows[True].least, rows[True].most) == (1, 1)
    assert (rows[False].least, rows[False].most) == (2, 2)


@given(VALUES)
@settings(deadline=None, max_examples=100)
def test_a_picture_counts_every_value_once(values):
    for low, high in ((None, None), (0.2, None), (None, 500.0)):
        one = Measure("word_count", "quality/signals/gopher", "quality", low, high)
        found = measures.counts(one, stages(values))
        bins, _ = measures.drawn(found, one)
        assert sum(n for *_, n in bins) == len(values)
        assert all(a[1] == b[0] for a, b in pairwise(bins))


def test_a_share_is_drawn_as_it_is_and_a_size_by_powers_of_ten():
    for values, bounds, log in (([0.1, 0.9], (), False), ([40, 900], (), True), ([0.1], (50.0,), True)):
        one = Measure("word_count", "quality/signals/gopher", "quality", *bounds)
        assert measures.drawn(measures.counts(one, stages(values)), one)[1] is log


def test_bounds_come_from_params_and_unbounded_signals_behind():
    found = stages([1.0])
    found["quality"].sums["hist:quality/signals/c4.curly_bracket"] = {"true": 1}
    mine = [m for m in measures.of(params(), found) if m.stage == "quality"]
    assert [m.name for m in mine] == ["language_score", "word_count", "curly_bracket", "quality_score"]
    word_count = mine[1]
    assert (word_count.low, word_count.high, word_count.high_key) == (50, 100000, "quality.signals.word_count.max")
    assert not mine[2].held


@pytest.mark.parametrize("side", ["below", "above"])
def test_the_sample_counts_what_its_own_decisions_counted(pipeline, side):
    """Every signal's bound that lies on an edge: the census says how many documents the stage's rule failed."""
    ctx, seen = pipeline.context(), 0
    found = facts.of(ctx.store)
    for one in measures.of(ctx.params, found):
        bound = one.low if side == "below" else one.high
        counts = measures.counts(one, found)
        if "/signals/" in one.table and bound in EDGES and not counts.flags:
            seen += 1
            failed = found["quality"].of("failed").get(f"{one.name}_{side}", 0)
            assert (counts.under(bound) if side == "below" else counts.over(bound)) == failed, one.name
    assert seen > (0 if side == "below" else 5)
