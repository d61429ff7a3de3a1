"""Files behind a manifest: what their footers say against what is declared."""

import pyarrow as pa
import pytest

from pipelines.gates import files
from pipelines.outputs import manifest
from stages.schemas import EDITS, TABLES
from tests.pipelines.made import SHARDS

META = {"schema_version": "1"}


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (EDITS, None),
        (EDITS.remove(4), "columns differ: kind"),
        (pa.schema([EDITS.field(i) for i in (1, 0, 2, 3, 4)], metadata=META), "columns are in another order"),
        (EDITS.set(1, pa.field("start", pa.int32())), "column start is int32, declared as int64"),
        (EDITS.with_metadata({"schema_version": "0"}), "schema version is '0', declared as '1'"),
        (EDITS.remove_metadata(), "schema version is '', declared as '1'"),
    ],
)
def test_a_difference_is_named(found, fault):
    assert files.difference(found, EDITS) == fault


def test_every_declared_table_has_a_schema():
    assert files.schema_of("quality/signals/gopher").names[0] == "doc_id"
    assert files.schema_of("quality/signals/none") is None
    assert all(files.schema_of(table) is schema for table, schema in TABLES.items())


def test_a_missing_file_is_a_fault(made):
    made.store.data("quality", "edits", f"{SHARDS[1]}.parquet").unlink()
    seen = files.look(made.store, manifest(made.store, "quality"), [])
    [row] = seen.drop_nulls("fault").to_dicts()
    assert (row["table"], row["shard"], row["fault"]) == (
        "quality/edits",
        SHARDS[1],
        "the file is missing or is no Parquet",
    )


def test_of_many_shards_a_fixed_sample_is_opened():
    shards = [f"crawl-{i:05d}" for i in range(1000)]
    chosen = files.sample(shards, 200)
    assert len(chosen) == files.MOST_SHARDS
    assert files.sample(shards[::-1], 200) == chosen
    assert chosen != sorted(shards)[: files.MOST_SHARDS]
