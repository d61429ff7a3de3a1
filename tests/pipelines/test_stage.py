"""A stage's run over toy bodies: what is redone, what a failing shard does, what is removed."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from pipelines import outputs
from pipelines.errors import BadInput, Infrastructure, ShardFailed
from pipelines.files import write_text
from pipelines.stage import Stage, changed_keys
from pipelines.work import Family, Read
from stages import schemas

BAD: set[str] = set()
FAILED = (
    r"1 shards of quality failed; the others are kept:\n"
    r"  b: scores: ValueError: cannot score two \(test_stage.py:\d+\)"
)


def score(tables: Mapping[str, Any], params: Any, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    text = open(tables["file"]).read()  # noqa: SIM115, PTH123
    if text in BAD:
        raise ValueError(f"cannot score {text}")
    return {"quality/scores": pl.DataFrame({"doc_id": [text], "quality_score": [0.5]})}


def count(tables: Mapping[str, Any], params: Any, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    rows = [("rows", sum(frame.height for frame in tables["quality/scores"].values()))]
    return {"quality/audit": pl.DataFrame(rows, schema=["metric", "count"], orient="row")}


FAMILY = Family("scores", score, (), {"quality/scores": schemas.QUALITY_SCORES}, code=("stages.strict",))
WHOLE = Family(
    "audit",
    count,
    (Read("quality/scores", whole=True),),
    {"quality/audit": schemas.DEDUP_AUDIT},
    code=("stages.strict",),
)


@pytest.fixture
def work(empty):
    BAD.clear()

    def run(shards: dict[str, str], whole: bool = True, dry: bool = False) -> Stage:
        files = {}
        for shard, text in shards.items():
            write_text(empty.root / shard, text)
            files[shard] = (str(empty.root / shard), text)
        stage = Stage(empty.context(), "quality", gate=None, dry=dry)
        stage.each(FAMILY, shards, files=files)
        if whole:
            stage.whole(WHOLE)
        stage.finish()
        return stage

    run.root = empty.root  # type: ignore[attr-defined]
    run.context = empty.context  # type: ignore[attr-defined]
    return run


def test_a_failing_shard_does_not_stop_the_others_and_is_named(work) -> None:
    BAD.add("two")
    with pytest.raises(
        ShardFailed,
        match=FAILED,
    ) as caught:
        work({"a": "one", "b": "two", "c": "three"})
    assert caught.value.code == 11
    assert outputs.manifest(work.context().store, "quality") is None, "a part is not passed on"
    BAD.clear()
    stage = work({"a": "one", "b": "two", "c": "three"}, dry=True)
    assert [(t.family, t.shard) for t in stage.todo] == [("scores", "b"), ("audit", "part-00000")]
    work({"a": "one", "b": "two", "c": "three"})
    found = outputs.manifest(work.context().store, "quality")
    assert found is not None
    assert [r.shard for r in found.shards("quality/scores")] == ["a", "b", "c"]


def test_a_plan_says_why(work) -> None:
    work({"a": "one"})
    assert work({"a": "one"}, dry=True).todo == []
    assert [t.why for t in work({"a": "other"}, whole=False, dry=True).todo] == ["input file"]
    path = work.context().store.receipt("quality", "scores", "a", "")
    path.write_text(path.read_text().replace('"recipe": "', '"recipe": "0').replace('"key": "', '"key": "0'))
    assert [t.why for t in work({"a": "one"}, whole=False, dry=True).todo] == ["recipe"]


def test_a_shard_that_left_is_removed_with_its_receipts(work) -> None:
    work({"a": "one", "b": "two"})
    work({"a": "one"})
    assert [p.name for p in (work.root / "data/quality/scores").iterdir()] == ["a.parquet"]
    assert [p.name for p in (work.root / "data/quality/receipts/scores").iterdir()] == ["a.json"]


def test_a_parent_that_never_ran_is_named(empty) -> None:
    with pytest.raises(BadInput, match=r"data/extract/manifest.jsonl is missing"):
        Stage(empty.context(), "quality", gate=None, reads=("extract",))


def test_a_full_disk_ends_the_stage_as_infrastructure_and_keeps_what_is_done(work, monkeypatch) -> None:
    from pipelines import work as module

    real, calls = module.write_json, []

    def full(path, value):
        calls.append(path)
        if len(calls) == 2:
            raise Infrastructure(f"{path}: cannot be written (No space left on device)")
        real(path, value)

    monkeypatch.setattr(module, "write_json", full)
    with pytest.raises(Infrastructure, match="No space left on device"):
        work({"a": "one", "b": "two", "c": "three"})
    monkeypatch.undo()
    assert [t.shard for t in work({"a": "one", "b": "two", "c": "three"}, whole=False, dry=True).todo] == ["b", "c"]


def test_a_table_of_all_shards_that_failed_is_named_and_nothing_is_made_from_it(empty) -> None:
    stage = Stage(empty.context(), "quality", gate=None)
    write_text(empty.root / "a", "one")
    stage.each(FAMILY, ["a"], files={"a": (str(empty.root / "a"), "one")})
    broken = Family("audit", lambda *_: {}, WHOLE.reads, WHOLE.writes, code=WHOLE.code)
    stage.whole(broken)
    after = Family("after", count, (Read("quality/audit"),), {"quality/after": schemas.DEDUP_AUDIT}, code=WHOLE.code)
    stage.each(after, ["a"])
    with pytest.raises(ShardFailed, match="part-00000: audit: KeyError"):
        stage.finish()


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["a.c: 2 -> 3"]),
        ({"a": None}, {"a": {"b": 1}}, ['a: null -> {"b": 1}']),
        ({}, {"new": 0.5}, ["new: null -> 0.5"]),
        ({"list": list(range(40))}, {"list": []}, ["list"]),
        (None, "0" * 64, ["of the shard"]),
    ],
)
def test_changed_params_are_named_by_their_key(old, new, keys) -> None:
    assert changed_keys(old, new) == keys


def test_later_families_leave_a_failed_shard_alone_and_its_first_error_is_told(work, empty) -> None:
    BAD.add("two")
    edits = Family(
        "again", again, (Read("quality/scores"),), {"quality/audit": schemas.DEDUP_AUDIT}, code=("stages.strict",)
    )
    files = {}
    for shard, text in {"a": "one", "b": "two"}.items():
        write_text(empty.root / shard, text)
        files[shard] = (str(empty.root / shard), text)
    stage = Stage(empty.context(), "quality", gate=None)
    stage.each(FAMILY, files, files=files)
    stage.each(edits, files)
    assert stage.shards("quality/audit") == ["a"]
    with pytest.raises(ShardFailed, match="b: scores: ValueError: cannot score two"):
        stage.finish()


def again(tables: Mapping[str, Any], params: Any, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    return {
        "quality/audit": pl.DataFrame(
            [("rows", tables["quality/scores"].height)], schema=["metric", "count"], orient="row"
        )
    }
