"""Row frames: which rows are looked at, and what happens to files that cannot be read."""

import hashlib

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.gates import rows
from pipelines.gates.quality import SUITE
from pipelines.outputs import manifest
from tests.pipelines.made import SHARDS, closed_by, judged


def ids(n):
    return [hashlib.sha256(str(i).encode()).hexdigest()[:32] for i in range(n)]


def test_beyond_the_limit_a_sample_is_looked_at_and_the_verdict_says_so(made, monkeypatch):
    monkeypatch.setattr(rows, "LIMIT", 5)
    verdict = judged(made, "quality")
    counted = verdict.rows["decisions"]
    assert (counted["rows_total"], 0 < counted["rows_checked"] < 10) == (10, True)
    assert verdict.rows["kept"]["rows_total"] is None
    assert verdict.open


def test_the_sample_takes_about_its_share():
    frame = pl.DataFrame({"doc_id": ids(4000)})
    assert 0.22 < frame.filter(rows._sampled("doc_id", 0.25)).height / 4000 < 0.28


@settings(deadline=None, max_examples=50)
@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=20))
def test_what_is_no_doc_id_is_always_looked_at(names):
    frame = pl.DataFrame({"doc_id": names}, schema={"doc_id": pl.String})
    odd = [n for n in names if n is None or not all(c in "0123456789abcdefABCDEF+-" for c in n[-8:]) or not n]
    kept = frame.filter(rows._sampled("doc_id", 0.5))["doc_id"].to_list()
    assert [n for n in odd if n in kept] == odd


def test_a_repeat_is_found_in_a_sample(made, monkeypatch):
    """Equal doc_ids are in or out together: of 10 repeated ids the sample finds those that it holds."""
    monkeypatch.setattr(rows, "LIMIT", 10)
    frame = made.tables["quality/decisions"][SHARDS[0]]
    for shard in SHARDS:
        made.put("quality/decisions", shard, pl.concat([frame, frame]))
    found = closed_by(made.write("quality"), "quality")["doc_id_unique"]
    assert 0 < found.unexpected_count < 20
    assert found.unexpected_count % 4 == 0


def test_texts_and_details_are_not_read(made):
    looked = rows.look(made.store, SUITE, manifest(made.store, "quality"))
    columns = {c for data, _ in looked.frames.values() for c in data.columns}
    assert not columns & {"text", "title", "url", "detail", "replacement", "minhash"}
    assert looked.unread == []


def test_a_file_that_cannot_be_read_is_a_fault_of_the_files(made, monkeypatch):
    from pipelines.gates import files

    monkeypatch.setattr(files, "MOST_SHARDS", 0)  # so that only the reading of rows can notice
    made.store.data("quality", "scores", f"{SHARDS[0]}.parquet").write_bytes(b"PAR1 torn")
    found = closed_by(made, "quality")["schema"]
    assert found.observed[0]["fault"] == "the file cannot be read, or lacks a column"


def test_a_file_of_other_types_is_a_fault_of_the_files(made, monkeypatch):
    from pipelines.gates import files

    monkeypatch.setattr(files, "MOST_SHARDS", 0)
    path = made.store.data("quality", "scores", f"{SHARDS[0]}.parquet")
    made.tables["quality/scores"][SHARDS[0]].with_columns(quality_score=pl.lit("high")).write_parquet(path)
    assert closed_by(made, "quality")["schema"].observed[0]["fault"] == "the file has other types than declared"
