"""The store: whole files or none, digests of values rather than of bytes, messages that name the file."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import BadInput, Infrastructure
from pipelines.files import committed, read_json, read_lines, write_lines, write_text
from pipelines.store import Store, content_digest
from stages import schemas

SCHEMA = pa.schema([("doc_id", pa.string()), ("x", pa.float64()), ("n", pa.int64()), ("l", pa.list_(pa.string()))])
ROWS = st.lists(
    st.tuples(
        st.text(max_size=5),
        st.floats(allow_nan=False) | st.none(),
        st.integers(-5, 5) | st.none(),
        st.lists(st.text(max_size=2), max_size=2) | st.none(),
    ),
    max_size=40,
)
TYPES = {"doc_id": pl.String, "x": pl.Float64, "n": pl.Int64, "l": pl.List(pl.String)}


def store(root: Path) -> Store:
    return Store.at(root, "data")


@given(rows=ROWS, cut=st.integers(0, 40))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_digest_is_of_values_whatever_the_chunks(tmp_path: Path, rows: list, cut: int) -> None:
    frame = pl.DataFrame(rows, schema=TYPES, orient="row")
    pieces = pl.concat([frame[:cut], frame[cut:]], rechunk=False)
    one, two = (store(tmp_path).write("quality/t", "s", f, SCHEMA) for f in (frame, pieces))
    assert one == two
    assert store(tmp_path).content(one.ref) == one.ref.digest
    assert store(tmp_path).read(one.ref).equals(frame)


def test_a_table_with_texts_lies_in_smaller_row_groups(tmp_path: Path) -> None:
    rows = pl.DataFrame({"doc_id": [f"{i:05d}" for i in range(2_500)], "text": ["a text"] * 2_500})
    heights = {}
    for kind in (pa.large_string(), pa.string()):
        out = store(tmp_path).write("quality/t", "s", rows, pa.schema([("doc_id", pa.string()), ("text", kind)]))
        with pq.ParquetFile(store(tmp_path).path(out.ref)) as file:
            heights[kind] = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
        assert store(tmp_path).read(out.ref).equals(rows)
    assert heights == {pa.large_string(): [1_000, 1_000, 500], pa.string(): [2_500]}


def test_columns_come_in_the_order_asked_for_and_a_missing_one_is_named(tmp_path: Path) -> None:
    rows = pl.DataFrame({"doc_id": ["a"], "x": [1.0], "n": [1], "l": [["b"]]}, schema=TYPES)
    out = store(tmp_path).write("quality/t", "s", rows, SCHEMA)
    assert store(tmp_path).read(out.ref, ("l", "doc_id")).columns == ["l", "doc_id"]
    with pytest.raises(Infrastructure, match="quality/t/s.parquet: cannot be read .*nobody"):
        store(tmp_path).read(out.ref, ("doc_id", "nobody"))


def test_what_lies_under_a_null_is_no_value(tmp_path: Path) -> None:
    values = pl.DataFrame({"doc_id": ["a", "b"], "quality_score": [7.0, 0.5]})
    hidden = values.with_columns(pl.when(pl.col("quality_score") < 1).then("quality_score").alias("quality_score"))
    plain = pl.DataFrame({"doc_id": ["a", "b"], "quality_score": [None, 0.5]})
    digests = {
        store(tmp_path).write("quality/scores", "s", f, schemas.QUALITY_SCORES).ref.digest for f in (hidden, plain)
    }
    assert len(digests) == 1


def test_the_digest_can_be_recomputed_by_a_stranger(tmp_path: Path) -> None:
    out = store(tmp_path).write(
        "quality/scores", "s", pl.DataFrame({"doc_id": ["a"], "quality_score": [0.1]}), schemas.QUALITY_SCORES
    )
    table = pq.read_table(tmp_path / "data/quality/scores/s.parquet").cast(schemas.QUALITY_SCORES)
    assert content_digest(table) == out.ref.digest
    assert table.schema.metadata == {b"schema_version": schemas.SCHEMA_VERSION.encode()}


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"quality/scores/s: columns missing: \['quality_score'\]"):
        store(tmp_path).write("quality/scores", "s", pl.DataFrame({"doc_id": ["a"]}), schemas.QUALITY_SCORES)


def test_a_failing_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    write_text(tmp_path / "f", "old")
    with pytest.raises(RuntimeError), committed(tmp_path / "f") as file:
        file.write(b"half")
        raise RuntimeError
    assert (tmp_path / "f").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_a_full_disk_is_named_and_leaves_no_torn_file(tmp_path: Path) -> None:
    code = f"""
import resource, signal, polars as pl
from pathlib import Path
from pipelines.store import Store
from pipelines.errors import Infrastructure
from stages import schemas
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
store = Store.at(Path({str(tmp_path)!r}), "data")
frame = pl.DataFrame({{"doc_id": [f"{{i * 7919 % 100003}}" for i in range(20000)], "quality_score": [0.1] * 20000}})
try:
    store.write("quality/scores", "s", frame, schemas.QUALITY_SCORES)
except Infrastructure as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "data/quality/scores/s.parquet: cannot be written (File too large)" in done.stdout
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_what_was_written_is_read_back_from_arrows_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    real = pa.BufferReader
    monkeypatch.setattr(pa, "BufferReader", lambda source: read.append(type(source)) or real(source))
    frame = pl.DataFrame({"doc_id": ["a", "b"], "quality_score": [0.1, 0.2]})
    Store.at(tmp_path, "data").write("quality/scores", "s", frame, schemas.QUALITY_SCORES)
    assert read and all(issubclass(kind, pa.Buffer) for kind in read), "a Python object's bytes abort at the end"


def test_kill_9_while_writing_leaves_no_file_under_the_final_name(tmp_path: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from pipelines.files import committed
with committed(Path({str(tmp_path / "out")!r})) as file:
    file.write(b"half"); file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    leftovers = [p.name for p in tmp_path.iterdir()]
    assert leftovers and all(n.startswith(".") and n.endswith(".tmp") for n in leftovers)


def test_temporaries_of_a_killed_writer_are_swept(tmp_path: Path) -> None:
    left = tmp_path / "data/quality/scores/.s.parquet.123.tmp"
    left.parent.mkdir(parents=True)
    left.write_text("half")
    store(tmp_path).clear_temporaries("quality")
    assert not left.exists()


def test_outputs_are_never_opened_in_place(tmp_path: Path) -> None:
    """A hard link into the cache must not be written through."""
    kept = tmp_path / "cache"
    write_text(tmp_path / "out", "one")
    os.link(tmp_path / "out", kept)
    write_text(tmp_path / "out", "two")
    assert kept.read_text() == "one"


def test_a_damaged_table_has_no_content_or_another(tmp_path: Path) -> None:
    """Whoever asks whether a table still stands gets an answer, whichever of its bytes is wrong."""
    frame = pl.DataFrame([("a", 1.0, 1, ["x"])] * 50, schema=TYPES, orient="row")
    out = store(tmp_path).write("quality/t", "s", frame, SCHEMA)
    path = store(tmp_path).path(out.ref)
    good = path.read_bytes()
    found = set()
    for place in range(len(good)):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :])
        found.add(store(tmp_path).content(out.ref))
    path.unlink()
    assert None in found
    assert store(tmp_path).content(out.ref) is None


def test_an_unreadable_table_is_named(tmp_path: Path) -> None:
    out = store(tmp_path).write(
        "quality/scores", "s", pl.DataFrame({"doc_id": ["a"], "quality_score": [0.1]}), schemas.QUALITY_SCORES
    )
    store(tmp_path).path(out.ref).write_bytes(b"PAR1 torn")
    with pytest.raises(Infrastructure, match=r"data/quality/scores/s\.parquet: cannot be read"):
        store(tmp_path).read(out.ref)


def test_a_store_elsewhere_names_tables_by_digest(tmp_path: Path) -> None:
    away = Store.at(tmp_path / "checkout", str(tmp_path / "away"))
    frames = [pl.DataFrame({"doc_id": ["a"], "quality_score": [x]}) for x in (0.1, 0.2)]
    first, second = (away.write("quality/scores", "s", f, schemas.QUALITY_SCORES) for f in frames)
    assert away.path(first.ref).name == f"s.{first.ref.digest}.parquet"
    assert away.read(first.ref).equals(frames[0])
    assert away.read(second.ref).equals(frames[1])


def test_a_store_that_is_no_path_is_refused() -> None:
    with pytest.raises(BadInput, match="run.store"):
        Store.at(Path("/x"), "s3://bucket")


def test_json_lines_round_trip_and_a_torn_json_is_none(tmp_path: Path) -> None:
    write_lines(tmp_path / "l", [{"a": 1}, {"b": "é"}])
    assert read_lines(tmp_path / "l") == [{"a": 1}, {"b": "é"}]
    (tmp_path / "j").write_text('{"a": ')
    assert read_json(tmp_path / "j") is None
