"""The suite of extract: it opens on a sound run, and each expectation of its own fails for its reason."""

import pytest

from pipelines.gates import common, extract
from pipelines.gates.expectations import FAILED
from tests.pipelines.made import SHARDS, closed_by, decisions, doc, finding, first, judged, params

DOCUMENTS = "extract/documents"
SAID = "extract/provenance"


def no_account(made):
    made.account[SHARDS[0]] = {}


def twice(made):
    frame = made.tables[DOCUMENTS][SHARDS[0]]
    made.put(DOCUMENTS, SHARDS[0], frame[[0, 0, 1, 2, 3]])


FAULTS = {
    "account_present": (no_account, SHARDS[0]),
    "headers_accounted": (lambda m: m.account[SHARDS[0]].update(n_other_types=2), "'headers_accounted': 8"),
    "account_rows": (lambda m: m.account[SHARDS[0]].update(n_rows=5, n_other_types=2), "'n_rows': 5"),
    "documents_written": (lambda m: m.put(DOCUMENTS, SHARDS[0], m.tables[DOCUMENTS][SHARDS[0]].head(4)), "4"),
    "document_unique": (twice, doc(SHARDS[0], 0)),
    "documents.language_score_in_unit_range": (lambda m: m.bend(DOCUMENTS, **first(language_score=1.2)), "1.2"),
    "documents.n_tokens_not_negative": (lambda m: m.bend(DOCUMENTS, **first(n_tokens=-1)), "-1"),
    "documents.n_chars_not_negative": (lambda m: m.bend(DOCUMENTS, **first(n_chars=-2)), "-2"),
    "look.language_score_in_unit_range": (lambda m: m.bend("extract/look", **first(language_score=-0.5)), "-0.5"),
    "look.n_bytes_not_negative": (lambda m: m.bend("extract/look", **first(n_bytes=-3)), "-3"),
    "look.n_replaced_not_negative": (lambda m: m.bend("extract/look", **first(n_replaced=-5)), "-5"),
    "provenance.hidden_share_in_unit_range": (lambda m: m.bend(SAID, **first(hidden_share=1.5)), "1.5"),
    "look.n_words_not_negative": (lambda m: m.bend("extract/look", **first(n_words=-4)), "-4"),
}


def test_a_sound_run_opens(made):
    verdict = judged(made, "extract")
    assert (verdict.open, verdict.warnings()) == (True, [])
    assert verdict.rows["decisions"] == {"rows_checked": 12, "rows_total": 12}


@pytest.mark.parametrize("key", FAULTS)
def test_a_fault_closes(key, made):
    bend, shown = FAULTS[key]
    bend(made)
    found = finding(made.write("extract"), "extract", key)
    assert found.outcome == FAILED
    assert shown in str(found.observed)


def test_every_expectation_of_its_own_is_seen_to_fail():
    shared = [
        *common.tables(),
        *common.conservation(),
        *common.decisions(),
        *common.bands("extract", params().gates.extract),
    ]
    assert {c.key for c in extract.checks(params())} - {c.key for c in shared} == set(FAULTS)


def test_damage_and_embedded_headers_are_part_of_the_account(made):
    made.account[SHARDS[0]] = {
        "n_headers": 6 - 1 + 3 + 2 + 4,
        **{"n_rows": 6, "n_damaged": 1, "n_headers_in_damage": 3, "n_other_types": 2, "n_embedded": 4},
    }
    assert judged(made.write("extract"), "extract").open


def test_a_repeated_record_is_no_second_document(made):
    ids = [doc(SHARDS[0], n) for n in range(5)]
    again = {"reason": "repeated_record", "related_doc_id": ids[0]}
    wide = made.tables["extract/decisions"][SHARDS[0]]
    rows = decisions([*ids, "x"], {"x": again})["doc_id"].replace({"x": ids[0]})
    made.put("extract/decisions", SHARDS[0], wide.with_columns(doc_id=rows).with_columns(reason=_repeat(wide)))
    assert judged(made.write("extract"), "extract").open


def _repeat(wide):
    return wide["reason"].replace({"not_html": "repeated_record"})


def test_an_input_that_was_not_extracted_is_missed(made):
    from pipelines.files import write_lines

    write_lines(made.store.data("inputs", "warcs.jsonl"), [{"shard": s} for s in (*SHARDS, "crawl-2")])
    found = closed_by(made, "extract")
    assert list(found) == ["shards_complete"]
    assert found["shards_complete"].observed[0] == {"table": "extract/records", "missing": "crawl-2"}
