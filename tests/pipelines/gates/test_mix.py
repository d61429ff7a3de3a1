"""The suite of mix: what is released adds up, and the collapse verdict opens or closes."""

import polars as pl
import pytest

from pipelines.files import write_json
from pipelines.gates import common, mix
from pipelines.gates.expectations import FAILED
from pipelines.gates.rows import first_copies
from pipelines.outputs import manifest
from tests.pipelines.made import Made, closed_by, doc, finding, first, judged, params

DOCUMENTS, PART, OTHER = "mix/documents", "mix-00000", "mix-00001"
LOW_POWER = {"code": "low_power", "verdict": "ABSTAIN", "source": "healthy", "value": 3.0, "bound": 10.0}
LOW_REAL = {"code": "real_share_low", "verdict": "WARN", "value": 0.6, "bound": 0.667}


def origin(value):
    fields = [pl.col("provenance").struct.field(n) for n in ("generator", "decoding", "method")]
    rest = [pl.col("provenance").struct.field(n) for n in ("generation_depth", "licence", "reference")]
    return {"provenance": pl.struct(pl.lit(value, dtype=pl.String).alias("origin"), *fields, *rest)}


BENT = {
    "documents_released": (PART, first(copy=1), "'first_copies': 7"),
    "copy_unique": (PART, {"doc_id": pl.lit(doc("a", 1))}, doc("a", 1)),
    "origin_known": (OTHER, origin("found"), "found"),
    "origin_present": (OTHER, origin(None), "'origin': None"),
    "documents.copy_not_negative": (PART, first(copy=-1), "-1"),
    "documents.n_tokens_not_negative": (PART, first(n_tokens=-1), "-1"),
    "documents.cluster_size_positive": (PART, first(cluster_size=0), "'cluster_size': 0"),
}
JUDGED = {
    "collapse_judged": ({}, "None"),
    "collapse_verdict_known": ({"verdict": "FINE"}, "FINE"),
    "collapse_not_refused": (
        {"verdict": "REFUSE", "reasons": [{"code": "provenance_missing", "source": "broken", "field": "generator"}]},
        "provenance_missing (broken, generator)",
    ),
    "collapse_not_abstained": ({"verdict": "ABSTAIN", "reasons": ["no_reference"]}, "no_reference"),
    "collapse_low_power": ({"verdict": "ABSTAIN", "reasons": [LOW_POWER], "synthetic_tokens": 2_000_000}, "2000000"),
    "collapse_not_skipped": ({"verdict": "PASS", "reasons": ["nothing_to_check"]}, "'unchecked_rows': 2"),
}


def write(made, verdict):
    write_json(made.store.data("mix", "collapse.json"), verdict)


def test_a_sound_run_opens(made):
    verdict = judged(made, "mix")
    assert (verdict.open, verdict.warnings()) == (True, [])


@pytest.mark.parametrize("key", BENT)
def test_a_fault_in_the_mixture_closes(key, made):
    part, columns, shown = BENT[key]
    made.bend(DOCUMENTS, part, **columns)
    found = finding(made.write("mix"), "mix", key)
    assert found.outcome == FAILED
    assert shown in str(found.observed)


@pytest.mark.parametrize("key", JUDGED)
def test_a_collapse_verdict_closes(key, made):
    verdict, shown = JUDGED[key]
    write(made, verdict)
    found = finding(made, "mix", key)
    assert found.outcome == FAILED
    assert shown in str(found.observed)


@pytest.mark.parametrize("raw", [None, [], "REFUSE", {"verdict": ["PASS"]}])
def test_a_collapse_file_of_another_form_closes(raw, made):
    write(made, raw)
    assert list(closed_by(made, "mix")) == ["collapse_judged"]


def test_a_missing_collapse_file_closes(made):
    made.store.remove(made.store.data("mix", "collapse.json"))
    assert list(closed_by(made, "mix")) == ["collapse_judged"]


@pytest.mark.parametrize(
    ("tokens", "bound", "opens"), [(10, 10, True), (11, 10, False), (1_000_000, None, True), (1_000_001, None, False)]
)
def test_low_power_is_a_warning_up_to_its_bound(tokens, bound, opens, made):
    write(made, {"verdict": "ABSTAIN", "reasons": [LOW_POWER, LOW_REAL], "synthetic_tokens": tokens})
    bounds = {} if bound is None else {"mix": {"low_power_tokens": bound}}
    verdict = judged(made, "mix", **bounds)
    assert verdict.open is opens
    assert [f.check.key for f in verdict.warnings()] == ["collapse_unconcerned"]
    assert [f.check.param for f in verdict.closing()] == ([] if opens else ["gates.mix.low_power_tokens"])


def test_low_power_of_an_unknown_number_of_tokens_closes(made):
    write(made, {"verdict": "ABSTAIN", "reasons": [LOW_POWER]})
    assert finding(made, "mix", "collapse_low_power").observed == {"undecided_tokens": -1}


def test_tokens_are_summed_over_sources_where_the_total_is_not_given(made):
    sources = {name: {"figures": {"tokens": n}} for name, n in (("a", 3), ("b", 4))}
    write(made, {"verdict": "ABSTAIN", "reasons": [LOW_POWER], "sources": sources})
    assert finding(made, "mix", "collapse_low_power").observed == {"undecided_tokens": 7}


def test_tokens_of_sources_that_were_judged_do_not_count(made):
    sources = {n: {"verdict": v, "figures": {"tokens": t}} for n, v, t in (("a", "PASS", 10**9), ("b", "ABSTAIN", 4))}
    write(made, {"verdict": "ABSTAIN", "reasons": [LOW_POWER], "sources": sources})
    verdict = judged(made, "mix")
    assert verdict.open
    assert "collapse_low_power" not in [f.check.key for f in verdict.warnings()]


def test_nothing_to_check_opens_without_synthetic_rows(made):
    for table in ("mix/synthetic", "mix/sizes", "mix/decisions"):
        del made.tables[table]["healthy"]
    del made.tables[DOCUMENTS][OTHER]
    made.collapse = {"verdict": "PASS", "reasons": [{"code": "nothing_to_check", "verdict": "PASS"}], "sources": {}}
    for stage in ("mix/documents", "mix/synthetic", "mix/decisions", "mix/sizes"):
        assert made.store.data(*stage.split("/")).is_dir()
    assert judged(made.write("mix"), "mix").open


def test_a_warning_does_not_close(made):
    write(made, {"verdict": "WARN", "reasons": [LOW_REAL]})
    verdict = judged(made, "mix")
    assert verdict.open
    assert "real_share_low (value 0.6, bound 0.667)" in str(verdict.warnings()[0].observed)


def test_synthetic_rows_are_part_of_what_was_given(made):
    made.put("mix/synthetic", "healthy", made.tables["mix/synthetic"]["healthy"].head(1))
    found = finding(made.write("mix"), "mix", "rows_inherited")
    assert found.observed == [{"shard": "healthy", "rows_in": 2, "rows_given": 1}]


def test_repeats_of_a_document_count_once(tmp_path):
    made = Made(tmp_path)
    frame = made.tables[DOCUMENTS][PART]
    made.put(DOCUMENTS, PART, pl.concat([frame, frame.with_columns(copy=pl.lit(1, dtype=pl.Int64))]))
    made.write("mix")
    assert first_copies(made.store, manifest(made.store, "mix")) == 8


def test_every_expectation_of_its_own_is_seen_to_fail():
    shared = [*common.tables(), *common.conservation(), *common.inherited("x"), *common.decisions()]
    shared += common.bands("mix", params().gates.mix)
    own = {c.key for c in mix.checks(params())} - {c.key for c in shared}
    elsewhere = {"collapse_unconcerned", "synthetic.n_tokens_not_negative", "synthetic.generation_depth_not_negative"}
    assert own - elsewhere == {*BENT, *JUDGED}


@pytest.mark.parametrize("column", ["n_tokens", "generation_depth"])
def test_a_negative_number_in_a_synthetic_source_closes(column, made):
    made.bend("mix/synthetic", "healthy", **first(**{column: -1}))
    assert finding(made.write("mix"), "mix", f"synthetic.{column}_not_negative").outcome == FAILED
