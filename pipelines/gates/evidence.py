"""What a suite looks at: frames made from manifest, census, ledger and tables. Judges nothing.

Frames: files (a row per file looked into), coverage (per table), shards (per shard), totals (one row), collapse (one
row, mix only), losses (per source and host, dedup only), and the row frames of `pipelines.gates.rows`. Undefined
shares are null.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines import outputs
from pipelines.files import read_lines
from pipelines.gates import collapse, files, losses, rows
from pipelines.gates.checks import Suite
from pipelines.outputs import Manifest
from pipelines.store import Ref, Store
from stages import census
from stages.census import Count

PARENT = {"quality": "extract", "dedup": "quality", "toxicity": "dedup", "mix": "toxicity"}
ACCOUNT = ("n_headers", "n_rows", "n_other_types", "n_damaged", "n_headers_in_damage", "n_embedded")
METRICS = ("rows", "tokens", "reason", "language", "account")
Record = dict[str, Any]


@dataclass(frozen=True)
class Frame:
    """A frame. `names`: the columns that say which row is meant; `checked` of `total` (null: unknown) are in it."""

    data: pl.DataFrame
    names: tuple[str, ...]
    checked: int
    total: int | None


def whole(data: pl.DataFrame, *names: str) -> Frame:
    """A frame that holds every row."""
    return Frame(data, names, data.height, data.height)


def gather(store: Store, suite: Suite, manifest: Manifest, bands: Iterable[str]) -> dict[str, Frame]:
    """Frame name -> frame. `bands`: columns of totals ("reject <reason>", "language <code>") that must be there."""
    by_shard = outputs.shard_census(store, suite.stage, METRICS)
    given = _given(store, suite.stage, manifest)
    looked = rows.look(store, suite, manifest)
    seen = files.look(store, manifest, looked.unread)
    frames = {
        "files": Frame(seen, ("table", "shard"), seen.height, len(manifest.refs)),
        "coverage": whole(_coverage(suite, manifest, given), "table"),
        "shards": whole(_shards(suite.stage, manifest, by_shard, given), "shard"),
        "totals": whole(_totals(store, suite.stage, census.add(by_shard.values()), manifest, bands)),
    }
    if suite.stage == "mix":
        frames["collapse"] = whole(collapse.look(store, manifest))
    if suite.stage == "dedup":
        frames["losses"] = whole(losses.look(store), "name")
    for name, (data, total) in looked.frames.items():
        named = tuple(c for c in ("shard", "doc_id", "related_doc_id") if c in data.columns)
        frames[name] = Frame(data, named, data.height, total)
    return frames


def _given(store: Store, stage: str, manifest: Manifest) -> dict[str, int | None]:
    """Shard -> rows that the stage was given there; None where only the shard's name is known (extract)."""
    if stage == "extract":
        return {str(row["shard"]): None for row in read_lines(store.data("inputs", "warcs.jsonl"))}
    counts = outputs.shard_census(store, PARENT[stage], ("rows",))
    kept = {shard: census.pick(found, "rows").get("kept", 0) for shard, found in counts.items()}
    parent = outputs.manifest(store, PARENT[stage])
    given: dict[str, int | None] = {r.shard: kept.get(r.shard, 0) for r in _decisions(parent, PARENT[stage])}
    if stage == "mix":
        for ref in manifest.shards("mix/synthetic"):
            given[ref.shard] = (given.get(ref.shard) or 0) + ref.rows
    return given


def _decisions(manifest: Manifest | None, stage: str) -> tuple[Ref, ...]:
    return manifest.shards(f"{stage}/decisions") if manifest else ()


def _coverage(suite: Suite, manifest: Manifest, given: Mapping[str, object]) -> pl.DataFrame:
    table = [(name, *_difference(set(given), set(manifest.of(name)))) for name in suite.cut]
    schema = {"table": pl.String, "missing": pl.String, "surplus": pl.String}
    return pl.DataFrame(table, schema=schema, orient="row")


def _difference(wanted: set[str], listed: set[str]) -> tuple[str | None, str | None]:
    return _first(wanted - listed), _first(listed - wanted)


def _first(shards: set[str]) -> str | None:
    """The first name, and how many follow; null where there is none."""
    more = f" and {len(shards) - 1} more" if len(shards) > 1 else ""
    return f"{min(shards)}{more}" if shards else None


def _shards(
    stage: str, manifest: Manifest, by_shard: Mapping[str, list[Count]], given: Mapping[str, int | None]
) -> pl.DataFrame:
    documents = manifest.of(f"{stage}/documents")
    out = []
    for ref in _decisions(manifest, stage):
        row = _row(by_shard.get(ref.shard, [])) | {"shard": ref.shard, "decisions_listed": ref.rows}
        row["rows_given"] = given.get(ref.shard) or 0
        row["documents_listed"] = documents[ref.shard].rows if ref.shard in documents else 0
        out.append(row)
    integers = [*_row([]), "decisions_listed", "rows_given", "documents_listed"]
    return pl.DataFrame(out, schema={"shard": pl.String, **dict.fromkeys(integers, pl.Int64)})


def _row(counts: list[Count]) -> Record:
    """The integers of one shard's census; the account is null where it was not taken."""
    taken = census.pick(counts, "account")
    account: Record = {name: taken.get(name, 0) if "n_headers" in taken else None for name in ACCOUNT}
    return {
        **_sides("rows", census.pick(counts, "rows")),
        **_sides("tokens", census.pick(counts, "tokens")),
        "rows_with_reason": sum(census.pick(counts, "reason").values()),
        **account,
        "headers_accounted": _accounted(account) if "n_headers" in taken else None,
    }


def _sides(unit: str, found: Mapping[str, int]) -> Record:
    sides = {f"{unit}_{side}": found.get(side, 0) for side in ("in", "kept", "rejected")}
    return sides | {f"{unit}_out": sides[f"{unit}_kept"] + sides[f"{unit}_rejected"]}


def _accounted(n: Mapping[str, int]) -> int:
    """Headers that the decisions and the account explain: each damaged region is a row but no header of its own."""
    return n["n_rows"] - n["n_damaged"] + n["n_headers_in_damage"] + n["n_other_types"] + n["n_embedded"]


def _totals(store: Store, stage: str, counts: list[Count], manifest: Manifest, bands: Iterable[str]) -> pl.DataFrame:
    sides = _sides("rows", census.pick(counts, "rows"))
    n_in, n_kept = sides["rows_in"], sides["rows_kept"]
    reasons, languages = census.pick(counts, "reason"), census.pick(counts, "language")
    ledger = (outputs.ledger(store, stage) or {}).get("documents", {})
    row: Record = sides | {f"ledger_rows_{side}": ledger.get(side, -1) for side in ("in", "kept", "rejected")}
    row["stale_parents"] = ", ".join(outputs.stale(store, stage)) or None
    row["first_copies"] = rows.first_copies(store, manifest) if stage == "mix" else 0
    shares = {"reject_rate": share(sides["rows_rejected"], n_in)}
    for name in bands:
        kind, _, key = name.partition(" ")
        found = share(reasons.get(key, 0), n_in) if kind == "reject" else share(languages.get(f"{key}|kept", 0), n_kept)
        shares[name] = found
    types = dict.fromkeys(shares, pl.Float64) | {"stale_parents": pl.String}
    return pl.DataFrame([row | shares], schema_overrides=types)


def share(part: int, of: int) -> float | None:
    """A share, or null where there is nothing to share."""
    return round(part / of, 6) if of else None
