"""What jobs will take, from what such jobs took here: medians of `.run/rates.jsonl`, per family and megabyte of input.

Time is of one lane (a worker, or this process) per megabyte; tables not made yet are sized by what their family made of
a megabyte before. Families never run here, and what depends on their tables, are unknown: null, never a guess. Extract
under `input.sample` still reads every byte: the scan's rate is taken for the reading, the rest goes with the share.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from pipelines.stage import Todo

MB = 1e6
LARGEST = 5  # runs of a family that count: those with the most input, since small ones measure set-up
READING, SAMPLED = "extract/records", "extract/documents"
BY_SHARE = ("extract/look", "extract/documents")  # tables whose size goes with input.sample
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rate:
    """What a family takes per megabyte of input, at the given share of records, and what it writes."""

    seconds: float
    tables: Mapping[str, float]  # bytes written per byte of input
    peak_mb: int
    runs: int


@dataclass
class Need:
    """What one family's jobs need: shards, bytes of input, seconds by the clock, bytes written; null: unknown."""

    shards: int
    input_bytes: float | None
    seconds: float | None
    writes: dict[str, float] = field(default_factory=dict)
    peak_mb: int | None = None


def rates(rows: Iterable[Row], sample: float) -> dict[str, Rate]:
    """Rates by "stage/family" at `input.sample` = sample, from rows of .run/rates.jsonl."""
    by_family: dict[str, list[Row]] = {}
    for row in rows:
        if row.get("input_bytes") and row.get("shards") and not row.get("failed"):
            by_family.setdefault(f"{row['stage']}/{row['family']}", []).append(row)
    largest = {name: sorted(found, key=lambda r: -r["input_bytes"])[:LARGEST] for name, found in by_family.items()}
    reading = median(map(_lane_seconds, largest[READING])) if READING in largest else 0.0
    return {name: _rate(name, found, sample, reading) for name, found in largest.items()}


def _lane_seconds(row: Row) -> float:
    """Seconds of one lane per megabyte."""
    lanes, megabytes = min(row.get("lanes", 1), row["shards"]), row["input_bytes"] / MB
    return float(row["seconds"] * lanes / megabytes)


def _rate(name: str, rows: Sequence[Row], sample: float, reading: float) -> Rate:
    shares = [sample / row.get("sample", 1.0) for row in rows]
    seconds = [_lane_seconds(row) for row in rows]
    if name == SAMPLED:
        seconds = [min(reading, s) + max(0.0, s - reading) * share for s, share in zip(seconds, shares)]
    tables = {t: median(_yield(row, t, share) for row, share in zip(rows, shares)) for t in rows[0].get("tables", {})}
    return Rate(median(seconds), tables, max(row.get("peak_mb", 0) for row in rows), len(rows))


def _yield(row: Row, table: str, share: float) -> float:
    return float(row.get("tables", {}).get(table, 0) / row["input_bytes"] * (share if table in BY_SHARE else 1.0))


def needs(todo: Sequence[Todo], known: Mapping[str, Rate], lanes: Mapping[str, int]) -> dict[str, Need]:
    """Needs by "stage/family", in the order of `todo`. `lanes`: how many of a family's jobs run at once."""
    out: dict[str, Need] = {}
    sizes: dict[str, tuple[float | None, int]] = {}  # table that is to be made -> bytes, shards
    jobs: dict[str, list[Todo]] = {}
    for job in todo:
        jobs.setdefault(f"{job.stage}/{job.family}", []).append(job)
    for name, own in jobs.items():
        need = _need(own, sizes, known.get(name), lanes[name])
        out[name] = need
        for table in own[0].writes:
            before, shards = sizes.get(table, (0.0, 0))
            now = need.writes.get(table)
            sizes[table] = (None if before is None or now is None else before + now, shards + len(own))
    return out


def _need(jobs: Sequence[Todo], sizes: Mapping[str, tuple[float | None, int]], rate: Rate | None, lanes: int) -> Need:
    given = _input(jobs, sizes)
    if rate is None or given is None:
        return Need(len(jobs), given, None, peak_mb=rate.peak_mb if rate else None)
    seconds = rate.seconds * given / MB / max(1, min(lanes, len(jobs)))
    return Need(len(jobs), given, seconds, {t: y * given for t, y in rate.tables.items()}, rate.peak_mb)


def _input(jobs: Sequence[Todo], sizes: Mapping[str, tuple[float | None, int]]) -> float | None:
    """Bytes that the jobs are given; unmade tables count with the mean of their shards."""
    total = float(sum(job.known_bytes for job in jobs))
    for job in jobs:
        for table, shards in job.unknown:
            size, of = sizes.get(table, (None, 0))
            if size is None:
                return None
            total += size / of * shards
    return total
