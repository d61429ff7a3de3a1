import time
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from stages import schemas
from stages.quality.measure import decide, measure_scores, measure_signals, write_edits
from stages.quality.params import Bounds, Edits, Family, QualityParams, Scores
from stages.quality.signals import families, schema
from stages.tokens import count_tokens

MODEL = {"quality": str(Path(__file__).parents[3] / "data" / "models" / "quality" / "model.ftz")}
PROSE = (
    "The harbour was quiet that morning, and the boats lay still.\nNobody had slept well.\nIt would rain, they said."
)


def documents(*texts: str, language: str = "en", score: float = 0.9) -> dict[str, pl.DataFrame]:
    n = len(texts)
    columns = {"doc_id": [f"{i:032x}" for i in range(n)], "text": list(texts), "language": [language] * n}
    frame = pl.DataFrame({**columns, "language_score": [score] * n, "n_tokens": count_tokens(texts)})
    return {"extract/documents": frame}


def params(**changes: object) -> QualityParams:
    given = {"languages": ("en", "de"), "min_language_score": 0.5, "signals": {}, "min_quality_score": None}
    return QualityParams.model_validate(given | changes)


def measured(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    out = dict(tables)
    for family in families():
        out |= measure_signals(tables, Family(name=family), {})
    scores = pl.DataFrame({"doc_id": tables["extract/documents"]["doc_id"]}).with_columns(quality_score=pl.lit(0.4))
    return out | {"quality/scores": scores}


def decisions(tables: dict[str, pl.DataFrame], held: QualityParams) -> pl.DataFrame:
    return decide(measured(tables), held, {})["quality/decisions"]


def conforms(frame: pl.DataFrame, expected: pa.Schema) -> None:
    assert frame.to_arrow().cast(expected).schema.equals(expected)


@pytest.mark.parametrize("family", families())
def test_every_family_has_its_schema_and_a_row_per_document(family: str) -> None:
    tables = documents(PROSE, "", " \n", "x", "😀 " * 50, "a\u2028b")
    frame = measure_signals(tables, Family(name=family), {})[f"quality/signals/{family}"]
    conforms(frame, schema(family))
    assert frame["doc_id"].to_list() == tables["extract/documents"]["doc_id"].to_list()
    assert not any(frame[c].is_nan().any() for c in frame.columns if frame[c].dtype == pl.Float64)


@pytest.mark.parametrize("family", families())
def test_a_signal_depends_on_its_own_document_alone(family: str) -> None:
    texts = [PROSE, "one two\n" * 40, "Lorem ipsum {", "• a\n• b\n• c…"]
    table = f"quality/signals/{family}"
    together = measure_signals(documents(*texts), Family(name=family), {})[table].drop("doc_id")
    alone = [measure_signals(documents(t), Family(name=family), {})[table].drop("doc_id") for t in texts]
    assert together.equals(pl.concat(alone))


def test_shares_are_rounded() -> None:
    frame = measure_signals(documents("a bb ccc\nd\ne\nf\ng\nh\nf"), Family(name="gopher"), {})[
        "quality/signals/gopher"
    ]
    assert frame["duplicate_line_share"].to_list() == [0.1429]
    assert frame["mean_word_length"].to_list() == [1.3333]


def test_scores_lie_between_0_and_1_and_are_null_without_words() -> None:
    frame = measure_scores(documents(PROSE, "!!! ..."), Scores(), MODEL)["quality/scores"]
    conforms(frame, schemas.QUALITY_SCORES)
    assert frame["quality_score"][1] is None
    assert 0 < frame["quality_score"][0] <= 1


def test_edits_are_off_unless_params_say_so() -> None:
    tables = documents("Enable javascript\n" + PROSE)
    assert write_edits(tables, Edits(), {})["quality/edits"].is_empty()
    frame = write_edits(tables, Edits(line_rules=("javascript",)), {})["quality/edits"]
    conforms(frame, schemas.EDITS)
    assert frame.select("start", "end", "kind").rows() == [(0, 18, "javascript")]


def test_wrong_language_says_which_and_how_sure() -> None:
    row = decisions(documents(PROSE, language="fi"), params()).row(0, named=True)
    assert (row["keep"], row["reason"], row["value"], row["detail"]) == (False, "wrong_language", 0.9, "fi")


def test_an_unsure_language_is_wrong_too() -> None:
    row = decisions(documents(PROSE, score=0.4), params()).row(0, named=True)
    assert (row["reason"], row["value"], row["bound"], row["detail"]) == ("wrong_language", 0.4, 0.5, "en")


def test_the_first_rule_in_params_order_is_the_reason_and_the_others_follow() -> None:
    bounds = {"lorem_ipsum": Bounds(max=0), "word_count": Bounds(min=50), "stop_word_count": Bounds(min=2)}
    row = decisions(documents("lorem ipsum"), params(signals=bounds)).row(0, named=True)
    assert (row["reason"], row["value"], row["bound"]) == ("lorem_ipsum_above", 1.0, 0.0)
    assert row["also"] == ["word_count_below", "stop_word_count_below"]
    other = dict(reversed(bounds.items()))
    assert decisions(documents("lorem ipsum"), params(signals=other))["reason"].to_list() == ["stop_word_count_below"]


def test_an_undefined_signal_rejects_nobody() -> None:
    bounds = {"stop_word_count": Bounds(min=2), "mean_word_length": Bounds(min=3)}
    held = params(signals=bounds, languages=("en", "ja"))
    assert decisions(documents("日本語の文", language="ja"), held)["keep"].to_list() == [True]


def test_the_score_rejects_only_when_it_is_given_a_bound() -> None:
    assert decisions(documents(PROSE), params())["keep"].to_list() == [True]
    row = decisions(documents(PROSE), params(min_quality_score=0.5)).row(0, named=True)
    assert (row["reason"], row["value"], row["bound"]) == ("quality_score_below", 0.4, 0.5)


def test_one_decision_per_document_in_their_order() -> None:
    tables = documents(*[PROSE, "x", PROSE + PROSE, ""] * 10)
    shuffled = {k: v.reverse() if k != "extract/documents" else v for k, v in measured(tables).items()}
    frame = decide(shuffled, params(signals={"word_count": Bounds(min=5)}), {})["quality/decisions"]
    conforms(frame, schemas.DECISIONS)
    assert frame["doc_id"].to_list() == tables["extract/documents"]["doc_id"].to_list()
    assert frame["keep"].to_list() == [True, False, True, False] * 10


@pytest.mark.parametrize("piece", ["1", " ", "…", "a\n", " .", "javascrip", "a.)", "the "])
def test_time_is_linear_in_a_hostile_text(piece: str) -> None:
    """Quadratic work on 300,000 characters takes minutes; the bound is far from both."""
    tables = documents(piece * (300_000 // len(piece)))
    start = time.process_time()
    for family in families():
        measure_signals(tables, Family(name=family), {})
    write_edits(tables, Edits(line_rules=("javascript", "policy", "lorem", "no_terminal_mark", "short")), {})
    assert time.process_time() - start < 5
