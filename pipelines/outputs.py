"""What a stage leaves beside its tables: manifest, census, ledger; and what a gate says of it.

The manifest is what later stages depend on; the gate's `.open` file holds the digest of the manifest it judged.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import STAGES as STAGES
from pipelines.files import read_json, read_lines, write_json, write_lines
from pipelines.store import Ref, Store, read_some_lines
from stages import census
from stages.census import Count

CENSUS = {"shard": pl.String, "metric": pl.String, "key": pl.String, "count": pl.Int64}
WHOLE = "part-00000"  # the shard name of tables that are not cut by input


@dataclass(frozen=True)
class Manifest:
    """Every table of a stage's last complete run, sorted by shard and table."""

    refs: tuple[Ref, ...]
    digest: str

    def shards(self, table: str) -> tuple[Ref, ...]:
        """All shards of one table ("<stage>/<table>"), sorted by shard."""
        return tuple(r for r in self.refs if r.table == table)

    def of(self, table: str) -> Mapping[str, Ref]:
        """Shard -> ref of one table."""
        return {r.shard: r for r in self.shards(table)}


def manifest(store: Store, stage: str) -> Manifest | None:
    """The stage's manifest, or None where the stage has never finished."""
    path = _manifest_path(store, stage)
    if not path.is_file():
        return None
    refs = tuple(
        Ref(f"{stage}/{row['table']}", row["shard"], row["digest"], row["rows"], row["bytes"])
        for row in read_lines(path)
    )
    return Manifest(refs, hashlib.sha256(path.read_bytes()).hexdigest()[:32])


def write_manifest(store: Store, stage: str, refs: Iterable[Ref]) -> None:
    """Replace the stage's manifest."""
    rows = sorted(
        (
            {
                "shard": r.shard,
                "table": r.table.removeprefix(f"{stage}/"),
                "rows": r.rows,
                "bytes": r.n_bytes,
                "digest": r.digest,
            }
            for r in refs
        ),
        key=lambda row: (str(row["shard"]), str(row["table"])),
    )
    write_lines(_manifest_path(store, stage), rows)


def _manifest_path(store: Store, stage: str) -> Path:
    return store.data(stage, "manifest.jsonl")


def shard_census(store: Store, stage: str, metrics: Sequence[str] | None = None) -> dict[str, list[Count]]:
    """Shard -> its counts, sorted by shard; of `metrics` alone where they are named: a tenth of the memory."""
    path = store.data(stage, "census.jsonl")
    if metrics is None:
        rows: Iterable[tuple[str, str, str, int]] = (tuple(row.values()) for row in read_lines(path))
    else:
        rows = read_some_lines(path, CENSUS, "metric", metrics).iter_rows()
    out: dict[str, list[Count]] = {}
    for shard, metric, key, n in rows:
        out.setdefault(shard, []).append((metric, key, n))
    return out


def total_census(store: Store, stage: str) -> list[Count]:
    """The sum over all shards."""
    return census.add(shard_census(store, stage).values())


def write_census(store: Store, stage: str, counts: Mapping[str, Iterable[Count]]) -> None:
    """Replace the stage's census."""
    rows = [
        {"shard": shard, "metric": metric, "key": key, "count": n}
        for shard in sorted(counts)
        for metric, key, n in census.add([counts[shard]])
    ]
    write_lines(store.data(stage, "census.jsonl"), rows)


def ledger(store: Store, stage: str) -> Any:
    """The stage's ledger, or None."""
    return read_json(store.data(stage, "ledger.json"))


def write_ledger(store: Store, stage: str, counts: list[Count], parents: Mapping[str, str]) -> None:
    """Totals that must add up, in documents and tokens; `parents` are the digests of the manifests it was made from."""
    rows, tokens = census.pick(counts, "rows"), census.pick(counts, "tokens")
    reasons, lost = census.pick(counts, "reason"), census.pick(counts, "reason_tokens")
    value = {
        "documents": {side: rows.get(side, 0) for side in ("in", "kept", "rejected")},
        "tokens": {side: tokens.get(side, 0) for side in ("in", "kept", "rejected")},
        "reasons": {r: {"documents": reasons[r], "tokens": lost.get(r, 0)} for r in sorted(reasons)},
        "account": census.pick(counts, "account"),
        "parents": dict(parents),
    }
    write_json(store.data(stage, "ledger.json"), value)


def gate_path(store: Store, stage: str, suffix: str) -> Path:
    """`data/gates/<stage>.json` (the verdict) or `.open`."""
    return store.data("gates", f"{stage}.{suffix}")


def is_open(store: Store, stage: str) -> bool:
    """Whether the stage's gate opened for the manifest that lies there now."""
    now, judged = manifest(store, stage), read_json(gate_path(store, stage, "open"))
    return now is not None and judged is not None and judged.get("manifest") == now.digest


def stale(store: Store, stage: str) -> list[str]:
    """Parents whose manifest moved since this stage ran; empty where it is up to date or never ran."""
    made_from = (ledger(store, stage) or {}).get("parents", {})
    return [p for p, digest in made_from.items() if (m := manifest(store, p)) is None or m.digest != digest]
