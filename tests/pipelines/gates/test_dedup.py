"""The suite of dedup: a duplicate leaves only for a twin that stays."""

import polars as pl
import pytest

from pipelines import outputs
from pipelines.gates import common, dedup, losses
from pipelines.gates.expectations import FAILED
from tests.pipelines.made import SHARDS, doc, finding, first, judged, params

D = "dedup/decisions"


def removed(**columns):
    """Bend the one duplicate."""
    return {name: pl.when("keep").then(name).otherwise(pl.lit(v)).alias(name) for name, v in columns.items()}


FAULTS = {
    "twin_named": ((D, removed(related_doc_id=None)), doc(SHARDS[0], 3)),
    "similarity_reaches_bound": ((D, removed(value=0.79)), "0.79"),
    "similarity_in_unit_range": ((D, removed(value=1.1)), "1.1"),
    "twin_decided": ((D, removed(related_doc_id="0" * 32)), "0" * 32),
    "twin_kept": ((D, removed(related_doc_id=doc(SHARDS[0], 3))), "'related_keep': False"),
    "cluster_member_unique": (("dedup/clusters", {"doc_id": pl.lit(doc("a", 0))}), doc("a", 0)),
    "clusters.cluster_size_positive": (("dedup/clusters", first(cluster_size=0)), "'cluster_size': 0"),
    "clusters.similarity_in_unit_range": (("dedup/clusters", first(similarity=1.5)), "1.5"),
    "signatures.n_shingles_not_negative": (("dedup/signatures", first(n_shingles=-1)), "-1"),
}


def test_a_sound_run_opens(made):
    verdict = judged(made, "dedup")
    assert verdict.open
    assert verdict.rows["twins"]["rows_checked"] == 2


@pytest.mark.parametrize("key", FAULTS)
def test_a_fault_closes(key, made):
    (table, columns), shown = FAULTS[key]
    made.bend(table, "part-00000" if table == "dedup/clusters" else SHARDS[0], **columns)
    found = finding(made.write("dedup"), "dedup", key)
    assert found.outcome == FAILED
    assert shown in str(found.observed)


def test_a_source_that_nearly_vanishes_closes(made):
    store = made.write("dedup").store
    counts = outputs.shard_census(store, "dedup")
    counts[SHARDS[0]] += [("source", "shop|in", 100), ("near", "source shop", 91)]
    counts[SHARDS[1]] += [("source", "shop|in", 100), ("near", "source shop", 90), ("near", "source tiny", 9)]
    counts[SHARDS[1]] += [("source", "tiny|in", 10), ("host", "a.example|in", 60), ("near", "host a.example", 54)]
    outputs.write_census(store, "dedup", counts)
    assert losses.look(store).filter(pl.col("near") > 0).rows() == [
        ("source shop", 200, 181, 0.905),
        ("host a.example", 60, 54, 0.9),
    ]
    found = finding(made, "dedup", "source_loss")
    assert found.outcome == FAILED
    assert "source shop" in str(found.observed) and "a.example" not in str(found.observed)


def test_every_expectation_of_its_own_is_seen_to_fail():
    shared = [*common.tables(), *common.conservation(), *common.inherited("x"), *common.decisions()]
    shared += common.bands("dedup", params().gates.dedup)
    assert {c.key for c in dedup.checks(params())} - {c.key for c in shared} == {*FAULTS, "source_loss"}
