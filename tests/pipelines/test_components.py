"""Components by rounds over files, on graphs that take many rounds, each part a task of its own."""

import random
from itertools import pairwise

import polars as pl
import pytest

from pipelines import components
from pipelines.store import Store
from pipelines.work import Shards
from stages import schemas
from stages.dedup import candidates, stars

CANDIDATES = "dedup/candidates"


class Tasks:
    """As much of a stage as rounds ask for: it carries tasks out at once, in any order, and keeps their tables."""

    def __init__(self, root, parts):
        self.store = Store.at(root, "data")
        self.refs, self.tables, self.failed, self.dry, self.todo = {CANDIDATES: {}}, set(), {}, False, []
        for k, part in enumerate(parts):
            out = self.store.write(CANDIDATES, f"part-{k:05d}", part, schemas.DEDUP_CANDIDATES)
            self.refs[CANDIDATES][out.ref.shard] = out.ref

    def shards(self, table):
        return Shards(self.store, tuple(self.refs[table].values()), None)

    def each(self, family, shards, extra):
        names = list(shards)
        random.Random(len(names)).shuffle(names)
        given = {read.table: self.shards(read.table) for read in family.reads}
        for name in names:
            for table, frame in family.body(given, (None, extra[name]), {}).items():
                self.refs[table][name] = self.store.write(table, name, frame, family.writes[table]).ref


def edges(pairs):
    rows = [(a, 1, min(a, b)) for a, b in pairs] + [(b, 1, min(a, b)) for a, b in pairs]
    schema = {"content": pl.Int64, "size": pl.Int64, "paired": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").select(
        "content", "size", pl.lit("s").alias("shard"), "paired"
    )


def path(count, seed):
    """A path through nodes spread over the whole range of keys, in a mixed order, and one apart."""
    names = [random.Random(f"{seed}-{i}").randrange(-(2**63), 2**63) for i in range(count)]
    return [*pairwise(names), (5, 6)]


@pytest.fixture
def cut(tmp_path, monkeypatch):
    monkeypatch.setattr(components, "IN_MEMORY", 0)
    pairs = path(300, 1)
    return Tasks(tmp_path, [edges(pairs[k::4]) for k in range(4)])


def test_a_long_path_becomes_one_component(cut):
    last = components.settle(cut)
    found = stars.labels(components.of_round(cut.shards(components.TABLE), last))
    parts = list(cut.shards(CANDIDATES).values())
    assert candidates.lots(parts, 10, found).equals(candidates.lots(parts, 10))
    assert found["component"].n_unique() == 2 and found.height == 300
    assert 6 <= last <= 40


def test_rounds_that_do_not_settle_are_a_failure(cut, monkeypatch):
    monkeypatch.setattr(components, "MOST", 4)
    with pytest.raises(RuntimeError, match="did not settle within 4 rounds"):
        components.settle(cut)


def test_few_candidates_need_no_round(cut, monkeypatch):
    monkeypatch.setattr(components, "IN_MEMORY", 10_000)
    assert components.settle(cut) == 0
    assert not cut.refs[components.TABLE]


def test_a_failed_task_ends_the_rounds(cut):
    cut.failed["part-00000"] = "x"
    assert components.settle(cut) == 1
