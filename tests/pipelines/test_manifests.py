"""Parts of manifests, and staleness, as the slower readers see them."""

from pipelines import manifests, outputs
from pipelines.files import write_text
from pipelines.outputs import STAGES


def test_the_same_refs_as_the_whole_manifest(pipeline) -> None:
    store = pipeline.context().store
    for stage in STAGES:
        every = outputs.manifest(store, stage)
        assert tuple(manifests.every_ref(store, stage)) == every.refs
        for table in {ref.table for ref in every.refs}:
            assert tuple(manifests.refs_of(store, table)) == every.shards(table)
        for shard in {ref.shard for ref in every.refs}:
            assert set(manifests.refs_at(store, stage, shard)) == {r for r in every.refs if r.shard == shard}


def test_a_shard_named_like_a_table_is_not_mixed_up(fresh) -> None:
    store = fresh.context().store
    path = store.data("quality", "manifest.jsonl")
    write_text(path, path.read_text().replace('"sample-00000"', '"scores"'))
    assert {ref.table for ref in manifests.refs_of(store, "quality/scores")} == {"quality/scores"}
    assert {ref.shard for ref in manifests.refs_at(store, "quality", "scores")} == {"scores"}


def test_stale_is_what_outputs_say(fresh) -> None:
    store = fresh.context().store
    assert [manifests.stale(store, stage) for stage in STAGES] == [[] for _ in STAGES]
    path = store.data("quality", "manifest.jsonl")
    write_text(path, path.read_text() + "\n")
    for stage in STAGES:
        assert manifests.stale(store, stage) == outputs.stale(store, stage)
    assert manifests.stale(store, "dedup") == ["quality"]


def test_nothing_where_a_stage_never_ran(empty) -> None:
    store = empty.context().store
    assert manifests.refs_of(store, "extract/decisions") == []
    assert manifests.stale(store, "extract") == []
