"""Paragraphs that a host repeats: what is counted, what is removed, and where its edges lie."""

import polars as pl
import pytest

from stages import edits
from stages.dedup.paragraphs import KIND, lines, measure_paragraphs, remove, repeated
from stages.dedup.params import ParagraphParams
from stages.schemas import EDITS

PARAMS = ParagraphParams(min_pages=3, min_words=4)
NOTE = "Sign up for our weekly letter 😀 today."


def tables(pages: list[tuple[str | None, str]], keep: list[bool] | None = None) -> dict[str, pl.DataFrame]:
    ids = [f"{i:032x}" for i in range(len(pages))]
    rows = {"doc_id": ids, "host": [h for h, _ in pages], "text": [t for _, t in pages]}
    documents = pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.String))
    decisions = {"doc_id": ids, "keep": keep or [True] * len(ids)}
    return {
        "extract/documents": documents,
        "dedup/decisions": pl.DataFrame(decisions, schema={"doc_id": pl.String, "keep": pl.Boolean}),
    }


def removed(pages, params=PARAMS, keep=None) -> list[str]:
    """The texts that are left."""
    given = tables(pages, keep)
    counted = measure_paragraphs(given, params, {})["dedup/paragraphs"]
    spans = remove({**given, "dedup/repeated": repeated([counted], params)}, params, {})["dedup/edits"]
    assert spans.to_arrow().cast(EDITS).num_rows == spans.height
    assert set(spans["kind"]) <= {KIND}
    return edits.apply_table(given["extract/documents"], spans)["text"].to_list()


def test_a_line_on_three_pages_of_a_host_goes_from_all_of_them():
    pages = [("a.example", f"Page {i} é😀 begins.\n{NOTE}\nPage {i} ends here now.") for i in range(3)]
    assert removed(pages) == [f"Page {i} é😀 begins.\nPage {i} ends here now." for i in range(3)]


def test_case_and_punctuation_do_not_make_another_paragraph():
    pages = [("a.example", "One.\n" + t) for t in (NOTE, NOTE.upper(), NOTE.replace(" ", "  "))]
    assert removed(pages) == ["One.\n"] * 3


def test_two_pages_or_other_hosts_or_none_are_not_many():
    assert removed([("a.example", NOTE)] * 2 + [("b.example", NOTE)] * 2) == [NOTE] * 4
    assert removed([(None, NOTE)] * 5) == [NOTE] * 5


def test_a_page_that_repeats_itself_counts_once():
    assert removed([("a.example", "\n".join([NOTE] * 5))]) == ["\n".join([NOTE] * 5)]


def test_short_lines_are_left_alone():
    assert removed([("a.example", "Read more now\nbut")] * 4) == ["Read more now\nbut"] * 4


def test_whoever_left_is_neither_counted_nor_edited():
    assert removed([("a.example", NOTE)] * 4, keep=[True, True, False, False]) == [NOTE] * 4


def test_a_page_keeps_its_text_whose_copies_left():
    page = "The first paragraph of this page.\nAnd the second one of it."
    assert removed([("a.example", page)] * 4, keep=[True, False, False, False]) == [page] * 4


def test_counts_add_up_over_shards():
    shards = [measure_paragraphs(tables([("a.example", NOTE)]), PARAMS, {})["dedup/paragraphs"] for _ in range(3)]
    assert repeated(shards, PARAMS)["pages"].to_list() == [3]
    assert repeated(shards[:2], PARAMS).is_empty()


@pytest.mark.parametrize("text", ["", "\n", "\n\nfour words and more\n", "four words and more"])
def test_spans_cover_the_text_and_nothing_beyond(text):
    found = lines(tables([("a.example", text)]), PARAMS)
    assert [text[a:b].strip("\n") for a, b in found.select("start", "end").iter_rows()] == (
        ["four words and more"] if "four" in text else []
    )
