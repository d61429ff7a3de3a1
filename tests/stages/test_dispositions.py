"""Where a way ends, on tables made by hand."""

import polars as pl
import pytest

from stages.dispositions import Broken, Origin, of_crawl, of_synthetic

FIELDS = {"keep": pl.Boolean, "reason": pl.String, "related_doc_id": pl.String}


def decided(*rows: tuple[str, bool, str | None]) -> pl.DataFrame:
    return pl.DataFrame([(d, k, r, None) for d, k, r in rows], schema={"doc_id": pl.String, **FIELDS}, orient="row")


@pytest.fixture
def tables() -> dict[str, pl.DataFrame]:
    place = {"url": ["http://h.example/a", "http://h.example/a"], "record_type": ["response"] * 2}
    place |= {"warc_file": ["w.gz"] * 2, "warc_offset": [0, 9]}
    extract = decided(("a", True, None), ("a", False, "repeated_record"))
    return {
        "extract/decisions": extract.with_columns(**{k: pl.Series(v) for k, v in place.items()}),
        "extract/documents": pl.DataFrame({"doc_id": ["a"], "language": ["en"], "n_tokens": [7]}),
        "extract/look": pl.DataFrame({"doc_id": ["a"], "language": ["de"]}),
        **{f"{stage}/decisions": decided(("a", True, None)) for stage in ("quality", "dedup", "toxicity", "mix")},
        "mix/sizes": pl.DataFrame({"doc_id": ["a"], "source": ["crawl"], "n_tokens": [5]}),
        "mix/plan": pl.DataFrame({"source": ["crawl"], "rate": [2.0]}),
    }


ORIGIN = Origin(source="crawl", seed=1)


def test_a_repeat_shares_a_doc_id_and_not_a_fate(tables) -> None:
    first, second = of_crawl(tables, ORIGIN).to_dicts()
    assert (first["released"], first["copies"], first["n_tokens"], first["host"]) == (True, 2, 5, "h.example")
    assert (second["released"], second["reason"], second["n_tokens"]) == (False, "repeated_record", None)


def test_tokens_before_mix_are_those_of_extract(tables) -> None:
    tables["mix/sizes"] = tables["mix/sizes"].clear()
    tables["mix/decisions"] = decided()
    tables["toxicity/decisions"] = decided(("a", False, "toxicity_above"))
    first = of_crawl(tables, ORIGIN).to_dicts()[0]
    assert (first["stage"], first["reason"], first["n_tokens"], first["copies"]) == ("toxicity", "toxicity_above", 7, 0)


@pytest.mark.parametrize("stage", ["quality", "dedup", "toxicity", "mix"])
def test_a_document_that_no_stage_decided_is_no_silent_gap(tables, stage) -> None:
    tables[f"{stage}/decisions"] = decided()
    with pytest.raises(Broken):
        of_crawl(tables, ORIGIN)


def test_synthetic_rows_are_matched_by_place(tables) -> None:
    made = pl.DataFrame({"doc_id": ["x", "x", "y"]})
    both = {
        "mix/synthetic": made,
        "mix/sizes": made.with_columns(source=pl.lit("s"), n_tokens=pl.Series([3, 4, 5])),
        "mix/decisions": decided(("x", True, None), ("x", False, "repeated_document"), ("y", True, None)),
        "mix/plan": pl.DataFrame({"source": ["s"], "rate": [1.0]}),
    }
    rows = of_synthetic(both, Origin(source="", seed=1))
    assert rows["released"].to_list() == [True, False, True]
    assert rows["n_tokens"].to_list() == [3, None, 5], "a repeat is counted where it is kept"
    with pytest.raises(Broken):
        of_synthetic(both | {"mix/decisions": decided(("x", True, None))}, Origin(source="", seed=1))
