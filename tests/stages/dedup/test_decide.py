"""Decisions of one shard from the clusters of all."""

import polars as pl
import pytest

from stages.dedup.decide import decide, write_edits
from stages.dedup.params import DedupParams, decide_params
from stages.schemas import DECISIONS, EDITS

PARAMS = DedupParams(threshold=0.8, bands=20, rows=6, shingle=5, seed=1, scope="global", prefer=())
CLUSTERS = pl.DataFrame(
    {
        "doc_id": ["a", "b", "c", "z"],
        "kind": [None, "exact", "near", "near"],
        "related_doc_id": [None, "a", "a", "a"],
        "similarity": [None, 1.0, 0.85, 0.9],
    }
)


def decided(ids: list[str], keep: list[bool]) -> pl.DataFrame:
    quality = pl.DataFrame({"doc_id": ids, "keep": keep}, schema={"doc_id": pl.String, "keep": pl.Boolean})
    return decide({"quality/decisions": quality, "dedup/clusters": CLUSTERS}, decide_params(PARAMS), {})[
        "dedup/decisions"
    ]


def test_one_row_per_kept_document_in_its_order():
    frame = decided(["c", "x", "b", "a", "rejected"], [True, True, True, True, False])
    assert frame["doc_id"].to_list() == ["c", "x", "b", "a"]
    assert frame.to_arrow().cast(DECISIONS).num_rows == 4


@pytest.mark.parametrize(
    ("doc_id", "expected"),
    [
        ("a", (True, None, None, None, None)),
        ("b", (False, "exact_duplicate", 1.0, 0.8, "a")),
        ("c", (False, "near_duplicate", 0.85, 0.8, "a")),
        ("x", (True, None, None, None, None)),
    ],
)
def test_reason_value_bound_and_twin(doc_id, expected):
    assert decided([doc_id], [True]).select("keep", "reason", "value", "bound", "related_doc_id").row(0) == expected


def test_an_empty_shard_has_no_decision():
    assert decided([], []).is_empty()


def test_edits_are_an_empty_table_of_the_right_schema():
    assert write_edits({}, None, {})["dedup/edits"].to_arrow().cast(EDITS).num_rows == 0
