from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import schemas
from stages.edits import apply_table
from stages.toxicity.measure import EDITS, LONGEST_WORD, WINDOW, _windows, decide, measure_scores, write_edits
from stages.toxicity.params import Pii, Scores, ToxicityParams

MODEL = {"toxicity": str(Path(__file__).parents[3] / "data" / "models" / "toxicity" / "model.ftz")}
PII = Pii(kinds=("email", "ip"), email="email@example.com", ip="192.0.2.1")
NONE = pl.DataFrame(schema=EDITS)
INSULT = "You are a stupid, disgusting idiot and a pathetic moron."
PROSE = "The museum opens at nine and closes at five, and guided tours start on the hour. "


def tables(*texts: str, quality: pl.DataFrame = NONE) -> dict[str, pl.DataFrame]:
    documents = pl.DataFrame({"doc_id": [f"{i:032x}" for i in range(len(texts))], "text": list(texts)})
    return {"extract/documents": documents, "quality/edits": quality, "dedup/edits": NONE}


def scores(given: dict[str, pl.DataFrame]) -> list[float | None]:
    frame = measure_scores(given, Scores(), MODEL)["toxicity/scores"]
    assert frame["doc_id"].to_list() == given["extract/documents"]["doc_id"].to_list()
    conforms(frame, schemas.TOXICITY_SCORES)
    return frame["toxicity_score"].to_list()


def conforms(frame: pl.DataFrame, expected: pa.Schema) -> None:
    assert frame.to_arrow().cast(expected).schema.equals(expected)


def test_an_insult_scores_above_prose() -> None:
    insult, prose = scores(tables(INSULT, PROSE))
    assert insult > 0.8 > 0.2 > prose


def test_an_insult_is_not_diluted_by_a_long_page() -> None:
    buried, long = scores(tables(PROSE * 100 + INSULT * 30 + PROSE * 100, PROSE * 200))
    assert buried > 0.8 > 0.4 > long


def test_a_text_without_words_has_no_score_and_keeps_its_row() -> None:
    assert scores(tables("!!!", PROSE, "…"))[::2] == [None, None]


def test_the_score_is_of_the_text_after_edits() -> None:
    cut = pl.DataFrame([(f"{0:032x}", 0, len(INSULT), None, "policy")], schema=EDITS, orient="row")
    assert scores(tables(INSULT + PROSE, quality=cut)) == scores(tables(PROSE))


def test_personal_data_is_replaced_at_code_points_of_the_text() -> None:
    given = tables("😀 Schreib an jo@x.org oder 81.2.69.142!", "nothing here")
    frame = write_edits(given, PII, {})["toxicity/edits"]
    conforms(frame, schemas.EDITS)
    assert frame["kind"].to_list() == ["email", "ip"]
    texts = apply_table(given["extract/documents"], frame)["text"].to_list()
    assert texts == ["😀 Schreib an email@example.com oder 192.0.2.1!", "nothing here"]


def test_ipv6_is_found_behind_the_cheap_look() -> None:
    assert write_edits(tables("at 2a00:1450::5"), PII, {})["toxicity/edits"]["kind"].to_list() == ["ip"]


def test_only_the_kinds_in_params_are_replaced() -> None:
    only = Pii(kinds=("ip",), email="e", ip="i")
    assert write_edits(tables("jo@x.org 81.2.69.142"), only, {})["toxicity/edits"]["replacement"].to_list() == ["i"]


def decided(report_only: bool) -> pl.DataFrame:
    parents = pl.DataFrame({"doc_id": ["a", "b", "c", "d"], "keep": [True, False, True, True]})
    found = pl.DataFrame({"doc_id": ["d", "c", "b", "a"], "toxicity_score": [None, 0.95, 0.99, 0.9]})
    params = ToxicityParams(max_score=0.9, report_only=report_only, pii=PII)
    return decide({"dedup/decisions": parents, "toxicity/scores": found}, params, {})["toxicity/decisions"]


def test_survivors_above_the_bound_are_rejected_with_their_score() -> None:
    frame = decided(report_only=False)
    conforms(frame, schemas.DECISIONS)
    assert frame.select("doc_id", "keep", "reason", "value", "bound").rows() == [
        ("a", True, None, None, None),
        ("c", False, "toxicity_above", 0.95, 0.9),
        ("d", True, None, None, None),
    ]


def test_report_only_keeps_everybody() -> None:
    assert decided(report_only=True)["keep"].to_list() == [True, True, True]


@given(st.text(alphabet="ab 文", max_size=60), st.integers(0, 60))
@settings(deadline=None, max_examples=60)
def test_windows_hold_the_whole_text_in_equal_pieces(text: str, times: int) -> None:
    pieces = list(_windows(text * times))
    assert "".join(pieces) == text * times
    assert all(0 < len(piece) <= WINDOW + LONGEST_WORD for piece in pieces)
    assert len(pieces) <= -(-len(text * times) // WINDOW)


@pytest.mark.parametrize("word", [5, 8, 12, 40, 90])
@pytest.mark.parametrize("length", [1001, 20_000, 600_000, 1_000_001])
def test_no_window_is_shorter_by_more_than_a_word(word: int, length: int) -> None:
    lengths = [len(piece) for piece in _windows((("x" * word + " ") * length)[:length])]
    assert sum(lengths) == length
    assert max(lengths) - min(lengths) <= 2 * (word + 1)


def test_windows_end_where_a_word_ends() -> None:
    assert all(len(word) == 5 for piece in _windows("abcde " * 900 + "abcde") for word in piece.split())
