"""Rows of synthetic sources: identity, clean text, and provenance that is believed only where it is well typed."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mix.params import SourceParams
from stages.mix.synthetic import clean, document_id, read_source
from stages.schemas import SYNTHETIC

FULL = {
    "id": "r1",
    "text": "some words",
    "generator": "model-1",
    "decoding": {"temperature": 0.7},
    "method": "rephrase",
    "generation_depth": 1,
    "licence": "CC0-1.0",
    "reference": "seeds-1",
}


def read(raw: pl.DataFrame, source: str = "set") -> pl.DataFrame:
    return read_source({"mix/raw": raw}, SourceParams(source=source), {})["mix/synthetic"]


def one(**changes: object) -> dict[str, object]:
    row = {**FULL, **changes}
    return read(pl.DataFrame([row], strict=False)).row(0, named=True)


def test_a_full_row_keeps_everything():
    row = one()
    assert {k: row[k] for k in ("source", "text", "n_tokens", "generator", "method", "generation_depth")} == {
        "source": "set",
        "text": "some words",
        "n_tokens": 2,
        "generator": "model-1",
        "method": "rephrase",
        "generation_depth": 1,
    }
    assert row["decoding"] == '{"temperature":0.7}'
    assert len(row["doc_id"]) == 32


def test_columns_are_those_of_the_schema_whatever_comes_in():
    for raw in (pl.DataFrame(), pl.DataFrame({"text": ["a"]}), pl.DataFrame([FULL]), pl.DataFrame({"other": [1]})):
        frame = read(raw)
        assert frame.columns == SYNTHETIC.names
        assert frame.to_arrow().cast(SYNTHETIC).num_rows == raw.height


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([*FULL, "other"]),
            st.none() | st.text(max_size=8) | st.integers(-3, 5) | st.booleans() | st.floats(allow_nan=True),
            max_size=5,
        ),
        max_size=8,
    )
)
def test_rows_in_equal_rows_out_in_order(rows):
    names = [*FULL, "other"]
    raw = pl.DataFrame({n: pl.Series([r.get(n) for r in rows], dtype=pl.Object) for n in names})
    frame = read(raw)
    assert frame.height == len(rows)
    assert frame.to_arrow().cast(SYNTHETIC).num_rows == len(rows)
    assert frame["doc_id"].to_list() == [document_id("set", r.get("id"), clean(r.get("text"))) for r in rows]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("generator", ""),
        ("generator", "  "),
        ("generator", 3),
        ("method", "x" * 10_001),
        ("generation_depth", 0),
        ("generation_depth", -1),
        ("generation_depth", 1.5),
        ("generation_depth", "one"),
        ("generation_depth", True),
        ("generation_depth", 10**12),
        ("decoding", "greedy"),
        ("decoding", "[1]"),
        ("decoding", "{" * 5_000),
        ("decoding", '{"a":NaN}'),
        ("decoding", {}),
        ("decoding", {"temperature": None}),
        ("licence", None),
    ],
)
def test_an_ill_typed_field_is_null_and_the_row_stays(field, value):
    row = one(**{field: value})
    assert row[field] is None
    assert row["text"] == "some words"


@pytest.mark.parametrize("value", [{"top_p": 1.0, "k": 2}, '{"k": 2, "top_p": 1}', {"k": 2.0, "top_p": 1, "x": None}])
def test_decoding_is_canonical(value):
    assert one(decoding=value)["decoding"] == '{"k":2,"top_p":1}'


def test_a_depth_read_as_float_is_an_integer():
    assert one(generation_depth=2.0)["generation_depth"] == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\u0301", "é"),
        ("a\x00b\x1bc", "abc"),
        ("a\r\nb\rc\td", "a\nb\nc\td"),
        (" \n", None),
        ("", None),
        (None, None),
        (7, None),
        ("\u200bkept", "\u200bkept"),
    ],
)
def test_text_is_clean_or_null(text, expected):
    assert clean(text) == expected


def test_doc_id_is_of_source_and_id_and_of_text_where_there_is_no_id():
    assert one(text="a")["doc_id"] == one(text="b")["doc_id"]
    assert one(id="r2")["doc_id"] != one()["doc_id"]
    assert one(id=None, text="a")["doc_id"] != one(id=None, text="b")["doc_id"]
    assert one(id=None, text="r1")["doc_id"] != one()["doc_id"], "a text that looks like an id"
    assert read(pl.DataFrame([FULL]), "other")["doc_id"][0] != one()["doc_id"]


def test_jsonl_rows_with_different_decoding_do_not_see_each_other():
    lines = [{**FULL, "decoding": d} for d in ({"temperature": 0.7}, {"top_p": 0.9}, None)]
    raw = pl.read_ndjson("\n".join(json.dumps(line) for line in lines).encode())
    assert read(raw)["decoding"].to_list() == ['{"temperature":0.7}', '{"top_p":0.9}', None]


def test_one_stray_text_in_a_column_does_not_void_the_other_rows():
    """A reader that met a text makes texts of the whole column's numbers."""
    assert [one(generation_depth=value)["generation_depth"] for value in (1, 1.0, "1", "later")] == [1, 1, 1, None]
