"""A few rows out of large tables, over several row groups."""

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import lookup, store
from pipelines.errors import Infrastructure
from pipelines.store import Ref, Store

SCHEMA = pa.schema([("doc_id", pa.string()), ("n", pa.int64()), ("text", pa.large_string())])


@pytest.fixture
def table(tmp_path, monkeypatch):
    """25 rows in groups of 10; d07 twice in the first group and once in the last."""
    monkeypatch.setattr(store, "ROW_GROUP", 10)
    names = [f"d{i:02d}" for i in range(25)]
    names[9] = names[24] = "d07"
    frame = pl.DataFrame({"doc_id": names, "n": range(25), "text": ["x"] * 25})
    place = Store.at(tmp_path, "data")
    return place, place.write("t/rows", "one", frame, SCHEMA).ref


def test_every_row_of_a_document_is_found(table) -> None:
    assert [row["n"] for row in lookup.rows_of(*table, "d07")] == [7, 9, 24]
    assert lookup.rows_of(*table, "d03", ["text"]) == [{"doc_id": "d03", "n": 3}]
    assert lookup.rows_of(*table, "d99") == []


def test_a_group_that_cannot_hold_it_is_not_read(table, monkeypatch) -> None:
    read = []
    plain = pq.ParquetFile.read_row_group
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", lambda f, g, **k: read.append(g) or plain(f, g, **k))
    assert [row["n"] for row in lookup.rows_of(*table, "d12")] == [12]
    assert 0 not in read


def test_rows_by_place(table) -> None:
    assert [row["n"] for row in lookup.at_places(*table, [24, 0, 10, 99], ["n"])] == [0, 10, 24]


def test_values_in_order(table) -> None:
    assert list(lookup.values(*table, ["n", "doc_id"]))[:2] == [(0, "d00"), (1, "d01")]
    assert sum(1 for _ in lookup.values(*table, ["n"])) == 25


def test_a_table_without_doc_ids_has_no_rows_of_a_document(tmp_path) -> None:
    place = Store.at(tmp_path, "data")
    ref = place.write("t/n", "one", pl.DataFrame({"n": [1]}), pa.schema([("n", pa.int64())])).ref
    assert lookup.rows_of(place, ref, "d") == []


def test_a_file_that_is_gone_is_named(table) -> None:
    place, ref = table
    with pytest.raises(Infrastructure, match="t/rows/two"):
        lookup.rows_of(place, Ref("t/rows", "two", ref.digest), "d07")
