"""Parts of manifests without the rest: the shards of one table, the tables of one shard. Knows no stage and no Polars.

A manifest of ten thousand shards has 140,000 lines. Lines that cannot match are told by a search for the quoted name,
which costs a hundredth of parsing them.
"""

import json
from collections.abc import Iterator
from typing import Any

from pipelines.files import file_digest, lines_of, read_json
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


def ref_of(store: Store, table: str, shard: str) -> Ref | None:
    """One shard of a table, or None where the manifest does not name it."""
    return next((ref for ref in refs_at(store, table.split("/")[0], shard) if ref.table == table), None)


def stale(store: Store, stage: str) -> list[str]:
    """Parents whose manifest moved since the stage ran: the answer of outputs.stale, without parsing a manifest."""
    made_from = (read_json(store.data(stage, "ledger.json")) or {}).get("parents", {})
    paths = {parent: store.data(parent, "manifest.jsonl") for parent in made_from}
    return [p for p, path in paths.items() if not path.is_file() or file_digest(path)[:32] != made_from[p]]


def every_ref(store: Store, stage: str) -> Iterator[Ref]:
    """All tables and shards of a stage, in the manifest's order."""
    return _refs(store, stage, None)


def _refs(store: Store, stage: str, name: str | None) -> Iterator[Ref]:
    quoted = "" if name is None else json.dumps(name, ensure_ascii=False)
    for line in lines_of(store.data(stage, "manifest.jsonl")):
        if quoted in line:
            row: dict[str, Any] = json.loads(line)
            yield Ref(f"{stage}/{row['table']}", row["shard"], row["digest"], row["rows"], row["bytes"])
