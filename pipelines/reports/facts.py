"""What the report knows of a stage: sums of its census, its gate's verdict, and whether any of it is out of date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines import outputs, parts
from pipelines.files import read_json, read_lines
from pipelines.outputs import STAGES, Manifest
from pipelines.parts import Sums
from pipelines.store import Store

METRICS = (
    *("rows", "tokens", "reason", "reason_tokens", "failed", "alone", "pair", "kind", "clusters"),
    *("language", "language_tokens", "account"),
)
HISTOGRAMS = ("hist:", "edge:")
SIDES = ("in", "kept", "rejected")
Side = Mapping[str, int]


@dataclass(frozen=True)
class Facts:
    """One stage as it lies there. `state`: not run, stale, closed, open or not judged."""

    stage: str
    state: str
    stale: tuple[str, ...]  # parents that moved since
    sums: Sums
    by_shard: Mapping[str, Side]  # rows in and kept
    verdict: Mapping[str, Any]  # empty where the gate has not judged what lies there
    manifest: Manifest | None = field(default=None, repr=False)

    def of(self, metric: str) -> Mapping[str, int]:
        """Key -> count of one metric."""
        return self.sums.get(metric, {})

    def side(self, unit: str) -> Side:
        """Counts in, kept and rejected of "rows" or "tokens"."""
        return {name: self.of(unit).get(name, 0) for name in SIDES}

    @property
    def ran(self) -> bool:
        """Whether the stage ever finished."""
        return self.state != "not run"


Stages = Mapping[str, Facts]


def of(store: Store) -> dict[str, Facts]:
    """Every stage in the order of the pipeline."""
    return {stage: _facts(store, stage) for stage in STAGES}


def _facts(store: Store, stage: str) -> Facts:
    now = outputs.manifest(store, stage)
    verdict = read_json(outputs.gate_path(store, stage, "json"))
    judged = isinstance(verdict, dict) and now is not None and verdict.get("manifest") == now.digest
    census = store.data(stage, "census.jsonl")
    found = parts.sums(census, METRICS, HISTOGRAMS) if now else {}
    by_shard = parts.by_shard(census, "rows", SIDES) if now else {}
    stale = tuple(outputs.stale(store, stage)) if now else ()
    state = "not run" if now is None else "stale" if stale else _gate(store, stage, judged)
    return Facts(stage, state, stale, found, by_shard, verdict if judged else {}, now)


def _gate(store: Store, stage: str, judged: bool) -> str:
    if not judged:
        return "not judged"
    return "open" if outputs.is_open(store, stage) else "closed"


def collapse(store: Store) -> Mapping[str, Any]:
    """The collapse verdict, empty where there is none."""
    found = read_json(store.data("mix", "collapse.json"))
    return found if isinstance(found, dict) else {}


def sources(store: Store) -> dict[str, str]:
    """Shard -> the source that params.yaml gives its file."""
    rows = read_lines(store.data("inputs", "warcs.jsonl")) + read_lines(store.data("inputs", "synthetic.jsonl"))
    return {row["shard"]: row.get("source", "crawl") for row in rows}


def history(store: Store) -> list[Mapping[str, Any]]:
    """Accepted runs, the oldest first: a row per run and stage."""
    return [row for row in read_lines(store.data("baselines", "history.jsonl")) if isinstance(row, dict)]
