"""Ranges of sorted tables, and arrays beyond memory."""

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import store
from pipelines.errors import Infrastructure
from pipelines.ranges import Between, cut, space
from pipelines.store import Store
from pipelines.work import Shards

SCHEMA = pa.schema([("key", pa.int64()), ("name", pa.string())])


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "ROW_GROUP", 10)
    one = Store.at(tmp_path, "data")
    frames = {
        s: pl.DataFrame({"key": range(k, 200, 2), "name": [f"{s}{i}" for i in range(100)]}) for k, s in enumerate("ab")
    }
    refs = tuple(one.write("dedup/keys", s, f, SCHEMA).ref for s, f in frames.items())
    return Shards(one, refs, None)


@pytest.mark.parametrize(("low", "high"), [(0, 200), (37, 58), (58, 59), (-5, 3), (199, 500), (60, 60), (300, 400)])
def test_a_range_holds_what_lies_in_it(table, low, high):
    found = [key for part in Between(table, "key", low, high, ("key",)).values() for key in part["key"]]
    assert sorted(found) == [k for k in range(200) if low <= k < high]


@pytest.mark.parametrize("of", [1, 2, 3, 64])
def test_parts_cover_every_integer_once(of):
    ends = [cut(part, of) for part in range(of)]
    assert (ends[0][0], ends[-1][1]) == (-(2**63), 2**63)
    assert [high for _, high in ends[:-1]] == [low for low, _ in ends[1:]]
    assert max(b - a for a, b in ends) - min(b - a for a, b in ends) <= 1


def test_row_groups_outside_the_range_are_not_read(table, monkeypatch):
    read = []
    whole = pq.ParquetFile.read_row_groups
    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", lambda f, g, **k: read.append(g) or whole(f, g, **k))
    table.store.read_between(table.refs["a"], ("name",), "key", 45, 61)
    assert read == [[2, 3]]


def test_the_column_of_the_range_is_left_out_where_it_is_not_asked_for(table):
    assert table.store.read_between(table.refs["b"], ("name",), "key", 0, 4).to_dicts() == [
        {"name": "b0"},
        {"name": "b1"},
    ]


def test_a_file_that_is_no_table_is_named(table):
    path = table.store.path(table.refs["a"])
    path.write_bytes(b"torn")
    with pytest.raises(Infrastructure, match=str(path)):
        table.store.read_between(table.refs["a"], None, "key", 0, 4)


@pytest.mark.parametrize("most", [1000, 10])
def test_an_array_in_memory_and_one_in_a_file_hold_the_same(most):
    with space(500, most) as values:
        assert isinstance(values, np.memmap) == (most < 500)
        values[:] = np.arange(500)
        assert values.sum() == 124750


OWN = pa.schema([("shard", pa.string()), ("name", pa.string()), ("kind", pa.string())])


def owned(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(store, "ROW_GROUP", 3)
    one = Store.at(tmp_path, "data")
    frame = pl.DataFrame(rows, schema={"shard": pl.String, "name": pl.String, "kind": pl.String}, orient="row")
    return one, one.write("dedup/clusters", "part-00000", frame.sort("shard"), OWN).ref


ROWS = [*[("a", f"a{i}", None) for i in range(4)], ("b", "b0", "x"), ("b", "b1", None), ("ba", "c0", "x")]


def test_own_rows_are_those_of_one_shard(tmp_path, monkeypatch):
    one, ref = owned(tmp_path, ROWS, monkeypatch)
    assert one.own_rows([ref], "b", ("name",), None)["name"].to_list() == ["b0", "b1"]
    assert one.own_rows([ref], "b", ("name", "kind"), "kind")["name"].to_list() == ["b0"]
    assert one.own_rows([ref], "c", ("name",), None).is_empty()


def test_own_digests_follow_own_rows_alone(tmp_path, monkeypatch):
    before = (lambda one, ref: one.own_digests([ref], ("name", "kind"), None))(*owned(tmp_path, ROWS, monkeypatch))
    one, ref = owned(tmp_path, [("a", "a9", "y"), *ROWS], monkeypatch)
    after = one.own_digests([ref], ("name", "kind"), None)
    assert set(before) == {"a", "b", "ba"}
    assert [s for s in before if before[s] != after[s]] == ["a"]
    assert "a" not in one.own_digests([owned(tmp_path, ROWS, monkeypatch)[1]], ("name", "kind"), "kind")
