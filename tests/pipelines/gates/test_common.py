"""The expectations that every suite shares, each seen to fail for its own reason, on the stage `quality`."""

import polars as pl
import pytest

from pipelines.files import read_json, write_json
from pipelines.gates import common, quality
from pipelines.gates.expectations import FAILED
from stages.params import Gate
from tests.pipelines.made import SHARDS, closed_by, decisions, doc, finding, first, params

D, ONE = "quality/decisions", doc(SHARDS[0], 0)


def rejected(made, **columns):
    """Bend the one rejected row."""
    made.bend(D, **{name: pl.when("keep").then(name).otherwise(pl.lit(v)).alias(name) for name, v in columns.items()})


def ledger(made, side):
    path = made.store.data("quality", "ledger.json")
    value = read_json(path)
    value["documents"][side] += 1
    write_json(path, value)


def repeat_a_row(made):
    made.put(D, SHARDS[0], pl.concat([made.tables[D][SHARDS[0]], decisions([ONE])]))


def of_another_type(made):
    frame = made.tables["quality/scores"][SHARDS[0]].rename({"quality_score": "score"})
    path = made.store.data("quality", "scores", f"{SHARDS[0]}.parquet")
    frame.write_parquet(path)


def shorter(made):
    made.store.write(
        "quality/edits", SHARDS[0], made.tables["quality/edits"][SHARDS[0]].head(0), _schema("quality/edits")
    )


def _schema(table):
    from pipelines.gates.files import schema_of

    return schema_of(table)


BEFORE = {
    "doc_id_form": (lambda m: m.bend(D, **first(doc_id="not a doc_id")), "not a doc_id"),
    "doc_id_present": (lambda m: m.bend(D, **first(doc_id=None)), SHARDS[0]),
    "doc_id_unique": (repeat_a_row, ONE),
    "keep_present": (lambda m: m.bend(D, **first(keep=None)), ONE),
    "kept_without_reason": (lambda m: m.bend(D, **first(reason="late")), "late"),
    "rejected_with_reason": (None, ""),
    "reason_form": (lambda m: rejected(m, reason=""), "reason"),
    "detail_short": (lambda m: m.bend(D, **first(detail="x" * 201)), "201"),
    "below_is_below": (lambda m: rejected(m, value=51.0), "51.0"),
    "above_is_above": (lambda m: rejected(m, reason="word_count_above", value=49.0), "49.0"),
}
AFTER = {
    "schema": (of_another_type, "score"),
    "rows_listed": (shorter, "quality/edits"),
    "shards_complete": (lambda m: m.drop("quality", "quality/scores"), "quality/scores"),
    "shards_known": (lambda m: m.drop("extract", "extract/decisions"), SHARDS[0]),
    "up_to_date": (lambda m: m.drop("extract", "extract/look"), "extract"),
    "rows_conserved": (lambda m: m.recount("quality", "rows", "kept", -1), SHARDS[0]),
    "tokens_conserved": (lambda m: m.recount("quality", "tokens", "rejected", 7), SHARDS[0]),
    "reasons_account": (lambda m: m.recount("quality", "reason", "word_count_below", 1), SHARDS[0]),
    "decisions_counted": (lambda m: m.recount("quality", "rows", "in", 1), SHARDS[0]),
    "ledger_rows_in": (lambda m: ledger(m, "in"), "11"),
    "ledger_rows_kept": (lambda m: ledger(m, "kept"), "9"),
    "ledger_rows_rejected": (lambda m: ledger(m, "rejected"), "3"),
    "rows_inherited": (lambda m: m.recount("extract", "rows", "kept", 1), SHARDS[0]),
}


@pytest.mark.parametrize("key", [k for k, (bend, _) in BEFORE.items() if bend])
def test_a_table_bent_before_it_is_written(key, made):
    bend, shown = BEFORE[key]
    bend(made)
    found = finding(made.write("quality"), "quality", key)
    assert found.outcome == FAILED
    assert shown in str(found.observed)


@pytest.mark.parametrize("key", AFTER)
def test_a_stage_that_leaves_something_wrong(key, made):
    bend, shown = AFTER[key]
    bend(made)
    found = finding(made, "quality", key)
    assert found.outcome == FAILED
    assert shown in str(found.observed)


def test_a_rejection_without_a_reason(made):
    rejected(made, reason=None)
    made.store.write(D, SHARDS[0], made.tables[D][SHARDS[0]], _schema(D))
    found = finding(made, "quality", "rejected_with_reason")
    assert found.outcome == FAILED
    assert (found.observed[0]["doc_id"], found.observed[0]["reason"]) == (doc(SHARDS[0], 4), None)


@pytest.mark.parametrize(
    ("bounds", "key", "observed", "param"),
    [
        ({"min_rows": 9}, "min_rows", {"rows_kept": 8}, "gates.quality.min_rows"),
        ({"reject_rate": {"max": 0.1}}, "reject_rate", {"reject_rate": 0.2}, "gates.quality.reject_rate"),
        (
            {"reject": {"word_count_below": {"min": 0.3}}},
            "reject.word_count_below",
            {"reject word_count_below": 0.2},
            "gates.quality.reject.word_count_below",
        ),
        (
            {"languages": {"de": {"min": 0.1}}},
            "languages.de",
            {"language de": 0.0},
            "gates.quality.languages.de",
        ),
    ],
)
def test_a_bound_that_is_missed_names_its_key(bounds, key, observed, param, made):
    found = closed_by(made, "quality", quality=bounds)
    assert list(found) == [key]
    assert (found[key].observed, found[key].check.param) == (observed, param)


def test_every_shared_expectation_is_seen_to_fail_here():
    shared = [*common.tables(), *common.conservation(), *common.inherited("x"), *common.decisions()]
    assert {c.key for c in shared} == {*BEFORE, *AFTER}
    assert {c.key for c in common.bands("quality", Gate())} == {"min_rows", "reject_rate"}


def test_keys_of_a_suite_are_unique():
    keys = [c.key for c in quality.checks(params())]
    assert len(keys) == len(set(keys))
