"""Parts of large files: sums are the sums, rows are the rows, and what is not there is nothing."""

import polars as pl
import pytest

from pipelines import outputs, parts
from pipelines.store import Ref, Store
from stages import schemas

CENSUS = {
    "b": [("rows", "in", 3), ("hist:t.x", "0.5", 2), ("host", "h.example|kept", 1)],
    "a": [("rows", "in", 4), ("rows", "t", 9), ("hist:t.x", "0.5", 1), ("host", "h.example|in", 7)],
}


@pytest.fixture
def census(tmp_path):
    store = Store.at(tmp_path, "data")
    outputs.write_census(store, "quality", CENSUS)
    return store.data("quality", "census.jsonl")


def test_a_census_is_added_up_over_shards(census):
    assert parts.sums(census, ("rows",), ("hist:",)) == {"rows": {"in": 7, "t": 9}, "hist:t.x": {"0.5": 3}}
    assert parts.by_shard(census, "rows", ("in",)) == {"a": {"in": 4}, "b": {"in": 3}}
    assert list(parts.by_shard(census, "rows")) == ["a", "b"]
    assert parts.keys_ending(census, "host", "|kept").rows() == [("h.example", 1)]


def test_without_a_census_there_is_nothing(tmp_path):
    assert parts.sums(tmp_path / "no", ("rows",)) == {}
    assert parts.by_shard(tmp_path / "no", "rows") == {}
    assert parts.keys_ending(tmp_path / "no", "host", "|in").height == 0


def test_rows_are_found_in_every_row_group(tmp_path):
    store = Store.at(tmp_path, "data")
    ids = [f"{i:05d}" for i in range(25_000)]
    frame = pl.DataFrame({"doc_id": ids, "quality_score": [i / 25_000 for i in range(25_000)]})
    ref = store.write("quality/scores", "s", frame, schemas.QUALITY_SCORES).ref
    found = parts.rows_with(store, ref, {"00007", "12345", "24999", "absent"}, ("doc_id", "quality_score"))
    assert [row["doc_id"] for row in found] == ["00007", "12345", "24999"]
    assert found[1]["quality_score"] == 12345 / 25_000
    assert parts.rows_with(store, ref, set(), ("doc_id",)) == []
    assert parts.rows_with(store, Ref("quality/scores", "gone", ""), {"00007"}, ("doc_id",)) == []


def test_the_largest_clusters_come_first_and_ties_by_name(tmp_path):
    store = Store.at(tmp_path, "data")
    rows = []
    for head, size, kind in (("c", 2, "near"), ("a", 2, "exact"), ("m", 4, "near")):
        for i in range(size):
            rows.append((f"{head}{i}", f"s{i % 2}", f"{head}0", size, kind if i else None, None, 0.9 if i else None))
    frame = pl.DataFrame(rows, schema=schemas.CLUSTERS.names, orient="row")
    ref = store.write("dedup/clusters", "part-00000", frame, schemas.CLUSTERS).ref
    found = parts.largest_clusters(store, [ref], 2)
    assert [(r["cluster_id"], r["cluster_size"], r["exact"], r["near"], r["kept"]) for r in found] == [
        ("m0", 4, 0, 3, "m0"),
        ("a0", 2, 1, 0, "a0"),
    ]
    assert (found[0]["shards"], found[0]["least"]) == (2, 0.9)
    assert parts.largest_clusters(store, [], 2) == []
    assert parts.largest_clusters(store, [Ref("dedup/clusters", "gone", "")], 2) == []
