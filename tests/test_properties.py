"""The properties of the design on the bundled sample, in this process."""

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines import outputs
from pipelines.errors import BadInput, GateClosed
from pipelines.files import write_lines
from pipelines.outputs import STAGES
from pipelines.sandbox import Limits

LIMITS = Limits(cpu_seconds=3, memory_mb=1024, clock_seconds=20.0)
KEPT_BY = {"quality": "extract", "dedup": "quality", "toxicity": "dedup", "mix": "toxicity"}


def test_no_document_is_lost_without_a_reason(pipeline) -> None:
    """Conservation: every stage decides once about every row that its parent kept."""
    for stage, parent in KEPT_BY.items():
        given = set(pipeline.table(f"{parent}/decisions").filter("keep")["doc_id"])
        if stage == "mix":
            given |= set(pipeline.table("mix/synthetic")["doc_id"])
        decided = pipeline.table(f"{stage}/decisions")["doc_id"].to_list()
        assert sorted(decided) == sorted(given), stage


def test_documents_are_those_that_extract_kept(pipeline) -> None:
    kept = pipeline.table("extract/decisions").filter("keep")["doc_id"].to_list()
    assert pipeline.table("extract/documents")["doc_id"].to_list() == kept


def test_the_release_holds_what_mix_kept(pipeline) -> None:
    kept = pipeline.table("mix/decisions").filter("keep")["doc_id"]
    assert sorted(pipeline.table("mix/documents").filter(pl.col("copy") == 0)["doc_id"]) == sorted(kept)


def test_ledgers_add_up(pipeline) -> None:
    for stage in STAGES:
        ledger = pipeline.ledger(stage)
        for unit in ("documents", "tokens"):
            totals = ledger[unit]
            assert totals["in"] == totals["kept"] + totals["rejected"]
        assert sum(r["documents"] for r in ledger["reasons"].values()) == ledger["documents"]["rejected"]
        assert sum(r["tokens"] for r in ledger["reasons"].values()) == ledger["tokens"]["rejected"]
        assert len(json.dumps(ledger).split('":')) <= 200


def test_every_expected_fate_of_the_sample(pipeline) -> None:
    """The truth that the sample's writer wrote down."""
    expected = json.loads((pipeline.root / "data/sample/expected.json").read_text())
    records = pipeline.table("extract/decisions")
    fates: dict[str | None, list[tuple[str, str | None]]] = {}
    urls = dict(records.filter("keep").select("doc_id", "url").iter_rows())
    for url, reason in records.filter(~pl.col("keep")).select("url", "reason").iter_rows():
        fates.setdefault(url, []).append(("extract", reason))
    for stage in STAGES[1:]:
        for doc_id, reason in pipeline.table(f"{stage}/decisions").select("doc_id", "reason").iter_rows():
            if doc_id in urls and (reason is not None or stage == "mix"):
                fates.setdefault(urls[doc_id], []).append((stage, reason))
    damaged = {url for url, fate in expected.items() if fate["reason"] == "damaged_region"}
    assert fates.pop(None) == [("extract", "damaged_region")] * len(damaged)
    for url in set(expected) - damaged:
        fate = expected[url]
        repeats = [("extract", "repeated_record")] * fate.get("repeated_record", 0)
        end = (fate["stage"], fate["reason"]) if fate["stage"] else ("mix", None)
        assert sorted(fates.pop(url), key=str) == sorted([*repeats, end], key=str), url
    assert not fates, "every record of the sample has an expected fate"


def test_a_run_from_nothing_equals_another(pipeline, empty) -> None:
    empty.run()
    assert empty.manifests() == pipeline.manifests()


def test_nothing_to_do_does_nothing(fresh) -> None:
    before = fresh.manifests()
    assert fresh.run() == {}
    assert fresh.manifests() == before


def test_a_changed_threshold_re_measures_nothing(fresh) -> None:
    fresh.raw["quality"]["signals"]["word_count"]["min"] = 120
    done = fresh.run()
    n = len(fresh.context().store.shards_of("extract/documents"))
    assert done.pop(("quality", "decisions")) == n
    assert {stage for stage, _ in done} <= {"dedup", "mix", "toxicity"}
    assert not {family for _, family in done} & {"records", "documents.", "scores", "edits", "signatures"}


def test_a_touched_file_is_not_read_again_as_another(fresh) -> None:
    for path in (fresh.root / "data").rglob("*.parquet"):
        path.touch()
    assert fresh.run() == {}


def test_a_shard_added_is_measured_alone_and_removed_again_leaves_no_trace(fresh) -> None:
    before = fresh.manifests()
    source = next((fresh.root / "data/sample").glob("*.warc.gz"))
    added = source.with_name("zz-added.warc.gz")
    shutil.copy(source, added)
    done = fresh.run()
    for family in ("records", "documents"):
        assert done["extract", family] == 1
    assert done["dedup", "signatures"] == done["quality", "scores"] == done["toxicity", "scores"] == 1
    repeats = fresh.table("extract/decisions").filter(pl.col("reason") == "repeated_record")
    assert repeats.height >= 20, "the records of the copy are repeats"
    assert fresh.table("extract/documents")["doc_id"].is_unique().all()
    added.unlink()
    with pytest.raises(BadInput, match=r"1 of 4 shards would disappear \(zz-added\)") as caught:
        fresh.run()
    assert caught.value.code == 12
    fresh.run(prune=True)
    assert fresh.manifests() == before
    assert not list((fresh.root / "data").rglob("zz-added*"))


def test_a_changed_shard_is_measured_alone(fresh) -> None:
    path = sorted((fresh.root / "data/sample").glob("*.warc.gz"))[0]
    path.write_bytes(
        path.read_bytes()
        + gzip.compress(b"WARC/1.1\r\nWARC-Type: metadata\r\nContent-Length: 0\r\n\r\n\r\n\r\n", mtime=0)
    )
    done = fresh.run()
    assert done["extract", "records"] == done["extract", "documents"] == 1
    assert ("quality", "scores") not in done, "equal documents are not measured again"


def test_a_table_damaged_on_disk_is_made_again(fresh) -> None:
    before = fresh.manifests()
    path = sorted((fresh.root / "data/quality/scores").glob("*.parquet"))[0]
    path.write_bytes(b"PAR1" + path.read_bytes()[4:-4] + b"XXXX")
    assert fresh.run() == {("quality", "scores"): 1}
    assert fresh.manifests() == before


def test_a_torn_receipt_is_no_receipt(fresh) -> None:
    receipt = sorted((fresh.root / "data/quality/receipts/scores").glob("*.json"))[0]
    receipt.write_text(receipt.read_text()[:100])
    assert fresh.run() == {("quality", "scores"): 1}


def test_verify_makes_again_what_changed_under_its_old_mtime(fresh) -> None:
    """A value, a footer that is no footer any more, and statistics by which other families skip rows."""
    assert fresh.run() == {}
    before = tables(fresh.root)
    damage(fresh.root / "data/quality/scores", lambda data: flipped(data, len(data) // 3))
    damage(fresh.root / "data/extract/forbidden", lambda data: flipped(data, data.rfind(b"sample-0000")))
    assert fresh.run() == {}, "size and mtime do not tell"
    damage(fresh.root / "data/extract/documents", lambda data: data[:-8] + bytes(8))
    found = fresh.run(verify=True)
    assert found == {("quality", "scores"): 1, ("extract", "documents"): 1, ("extract", "forbidden"): 1}
    assert tables(fresh.root) == before
    assert fresh.run(verify=True) == {}


def tables(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (root / "data").rglob("*.parquet")}


def damage(folder: Path, how: Callable[[bytes], bytes]) -> None:
    """Change a table's file, but not its size and mtime."""
    path = sorted(folder.glob("*.parquet"))[0]
    stat, data = path.stat(), path.read_bytes()
    path.write_bytes(how(data))
    assert path.stat().st_size == stat.st_size
    assert path.read_bytes() != data
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_a_closed_gate_stops_what_follows(fresh) -> None:
    before = fresh.manifests()
    fresh.raw["gates"]["quality"]["reject_rate"] = {"max": 0.0}
    with pytest.raises(GateClosed, match=r"gates\.quality\.reject_rate"):
        fresh.run()
    assert not outputs.is_open(fresh.context().store, "quality")
    from pipelines import dedup

    with pytest.raises(GateClosed, match="the gate of quality is not open"):
        dedup.run(fresh.context())
    assert fresh.manifests() == before


def test_a_takedown_is_a_reason_and_re_extracts_its_shard_alone(fresh) -> None:
    url, shard = fresh.table("extract/documents").select("url", "source").row(0)
    fresh.raw["input"]["takedowns"] = [url]
    done = fresh.run()
    assert done["extract", "documents"] == 1
    row = fresh.table("extract/decisions").filter(pl.col("url") == url).row(0, named=True)
    assert (row["keep"], row["reason"]) == (False, "takedown")
    assert url not in fresh.table("mix/documents")["url"].to_list()
    assert shard


def test_a_store_on_another_path_gives_the_same_manifests(pipeline, empty, tmp_path: Path) -> None:
    empty.raw["run"]["store"] = str(tmp_path / "elsewhere")
    empty.run()
    assert empty.manifests() == pipeline.manifests()
    assert not list((empty.root / "data").rglob("*/documents/*.parquet"))
    assert list((tmp_path / "elsewhere/extract/documents").glob("*.parquet"))
    assert empty.run() == {}


def test_a_stale_stage_is_marked(fresh) -> None:
    fresh.raw["quality"]["signals"]["word_count"]["min"] = 120
    fresh.run(upto="quality")
    store = fresh.context().store
    assert outputs.stale(store, "dedup") == ["quality"]
    assert outputs.stale(store, "quality") == []


def test_golden_ledger_of_the_sample(pipeline) -> None:
    """Behaviour as numbers: a change here is a change of the data, to be told in CHANGELOG.md."""
    golden = json.loads((Path(__file__).parent / "golden" / "ledgers.json").read_text())
    found = {s: {k: v for k, v in pipeline.ledger(s).items() if k != "parents"} for s in STAGES}
    assert found == golden


@pytest.mark.parametrize(
    ("fault", "reason"), [("crash", "engine_crashed"), ("hang", "engine_timeout"), ("memory", "engine_memory")]
)
def test_a_page_that_misbehaves_costs_itself(pipeline, empty, monkeypatch, fault: str, reason: str) -> None:
    from pipelines import accept, sandbox

    victim = pipeline.table("extract/documents").row(3, named=True)
    monkeypatch.setenv(sandbox.FAULTS, json.dumps({victim["doc_id"]: fault}))
    monkeypatch.setattr(sandbox, "Limits", lambda: LIMITS)
    empty.run(upto="extract")
    rows = empty.table("extract/decisions")
    (row,) = rows.filter(pl.col("doc_id") == victim["doc_id"]).iter_rows(named=True)
    assert (row["keep"], row["reason"]) == (False, reason)
    assert row["warc_file"]
    assert row["warc_offset"] is not None
    others = pl.col("doc_id") != victim["doc_id"]
    assert rows.filter(others).equals(pipeline.table("extract/decisions").filter(others))
    assert empty.table("extract/documents").equals(pipeline.table("extract/documents").filter(others))
    monkeypatch.delenv(sandbox.FAULTS)
    ctx = empty.context()
    limits = accept.machine_limits(ctx)
    assert [(one["doc_id"], one["reason"]) for one in limits] == [(victim["doc_id"], reason)]
    before = empty.table("extract/decisions").drop("detail")
    write_lines(accept.limits_path(ctx), limits)
    empty.run(upto="extract")
    assert empty.table("extract/decisions").drop("detail").equals(before), "an accepted limit is obeyed unseen"


def test_a_gate_is_open_only_for_the_manifest_that_it_judged(fresh) -> None:
    store = fresh.context().store
    assert outputs.is_open(store, "quality")
    path = fresh.root / "data/quality/manifest.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    assert not outputs.is_open(store, "quality")
