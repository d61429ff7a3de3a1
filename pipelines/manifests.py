"""Parts of manifests without the rest: the shards of one table, the tables of one shard. Knows no stage and no Polars.

A manifest of ten thousand shards has 140,000 lines. Lines that cannot match are told by a search for the quoted name,
which costs a hundredth of parsing them.
"""

import json
from collections.abc import Iterator
from typing import Any

from pipelines.files import lines_of
from pipelines.store import Ref, Store


def refs_of(store: Store, table: str) -> list[Ref]:
    """All shards of a table ("<stage>/<table>"), sorted by shard; none where its stage never finished."""
    stage, _, name = table.partition("/")
    return [ref for ref in _refs(store, stage, name) if ref.table == table]


def refs_at(store: Store, stage: str, *shards: str) -> list[Ref]:
    """All tables of a stage in these shards, in the manifest's order."""
    found: dict[tuple[str, str], Ref] = {}
    for shard in shards:
        found |= {(r.shard, r.table): r for r in _refs(store, stage, shard) if r.shard == shard}
    return [found[one] for one in sorted(found)]


def _refs(store: Store, stage: str, name: str) -> Iterator[Ref]:
    quoted = json.dumps(name, ensure_ascii=False)
    for line in lines_of(store.data(stage, "manifest.jsonl")):
        if quoted in line:
            row: dict[str, Any] = json.loads(line)
            yield Ref(f"{stage}/{row['table']}", row["shard"], row["digest"], row["rows"], row["bytes"])
