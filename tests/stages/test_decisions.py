"""Decisions: one row per document, the first failing rule is the reason, the others stand in `also`."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.decisions import Rule, above, below, decide

MEASURES = pl.DataFrame({"doc_id": ["a", "b", "c", "d"], "words": [10, 80, None, 5], "share": [0.9, 0.9, 0.1, 0.2]})
RULES = [below("words", 50), above("share", 0.5)]


def test_first_failing_rule_is_the_reason_with_its_value_and_bound() -> None:
    rows = {row["doc_id"]: row for row in decide(MEASURES, RULES).iter_rows(named=True)}
    assert (rows["a"]["reason"], rows["a"]["value"], rows["a"]["bound"]) == ("words_below", 10, 50)
    assert rows["a"]["also"] == ["share_above"]
    assert (rows["b"]["reason"], rows["b"]["value"], rows["b"]["bound"]) == ("share_above", 0.9, 0.5)
    assert rows["d"]["also"] == []


def test_an_undefined_value_rejects_nothing() -> None:
    kept = decide(MEASURES, RULES).filter("keep")
    assert kept["doc_id"].to_list() == ["c"]
    assert kept["reason"].to_list() == [None]


def test_the_order_of_the_rules_is_the_order_of_the_reasons() -> None:
    first = decide(MEASURES, RULES[::-1]).row(0, named=True)
    assert (first["reason"], first["also"]) == ("share_above", ["words_below"])


def test_details_are_cut_and_twins_are_named() -> None:
    rule = Rule("twin", pl.col("words") == 10, related=pl.lit("z"), detail=pl.lit("x" * 500))
    row = decide(MEASURES, [rule]).row(0, named=True)
    assert (row["related_doc_id"], len(row["detail"]), row["value"]) == ("z", 200, None)


@given(
    st.lists(st.tuples(st.integers(0, 9) | st.none(), st.floats(0, 1)), max_size=20), st.integers(0, 9), st.floats(0, 1)
)
@settings(deadline=None, max_examples=100)
def test_conserves_rows_and_agrees_with_a_loop(rows: list[tuple[int | None, float]], low: int, high: float) -> None:
    table = pl.DataFrame(
        {"doc_id": [str(i) for i in range(len(rows))], "w": [r[0] for r in rows], "s": [r[1] for r in rows]},
        schema={"doc_id": pl.String, "w": pl.Int64, "s": pl.Float64},
    )
    out = decide(table, [below("w", low), above("s", high)])
    assert out["doc_id"].to_list() == table["doc_id"].to_list()
    for (w, s), keep, reason in zip(rows, out["keep"], out["reason"], strict=True):
        failed = (["w_below"] if w is not None and w < low else []) + (["s_above"] if s > high else [])
        assert keep == (not failed)
        assert reason == (failed[0] if failed else None)
