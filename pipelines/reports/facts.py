"""What the report knows of a stage: its census, its gate's verdict, and whether any of it is out of date."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines import outputs
from pipelines.files import read_json
from pipelines.outputs import STAGES
from pipelines.store import Store
from stages import census
from stages.census import Count

METRICS = (
    *("rows", "tokens", "reason", "reason_tokens", "failed", "alone", "pair"),
    *("language", "language_tokens"),
)
Side = Mapping[str, int]


@dataclass(frozen=True)
class Facts:
    """One stage as it lies there. `state`: not run, stale, closed, open or not judged."""

    stage: str
    state: str
    stale: tuple[str, ...]  # parents that moved since
    by_shard: Mapping[str, list[Count]]
    counts: list[Count]
    verdict: Mapping[str, Any]  # empty where the gate has not judged what lies there

    def side(self, unit: str) -> Side:
        """Counts in, kept and rejected of "rows" or "tokens"."""
        found = census.pick(self.counts, unit)
        return {name: found.get(name, 0) for name in ("in", "kept", "rejected")}

    @property
    def ran(self) -> bool:
        """Whether the stage ever finished."""
        return self.state != "not run"


def of(store: Store) -> dict[str, Facts]:
    """Every stage in the order of the pipeline."""
    return {stage: _facts(store, stage) for stage in STAGES}


def _facts(store: Store, stage: str) -> Facts:
    now = outputs.manifest(store, stage)
    verdict = read_json(outputs.gate_path(store, stage, "json"))
    judged = isinstance(verdict, dict) and now is not None and verdict.get("manifest") == now.digest
    by_shard = outputs.shard_census(store, stage, METRICS) if now else {}
    stale = tuple(outputs.stale(store, stage)) if now else ()
    state = "not run" if now is None else "stale" if stale else _gate(store, stage, judged)
    return Facts(stage, state, stale, by_shard, census.add(by_shard.values()), verdict if judged else {})


def _gate(store: Store, stage: str, judged: bool) -> str:
    if not judged:
        return "not judged"
    return "open" if outputs.is_open(store, stage) else "closed"


def collapse(store: Store) -> Mapping[str, Any]:
    """The collapse verdict, empty where there is none."""
    found = read_json(store.data("mix", "collapse.json"))
    return found if isinstance(found, dict) else {}
