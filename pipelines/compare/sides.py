"""A side of a comparison: what a run left, on disk now or at a git revision, as far as it is still at hand.

A ledger is in git; manifests, censuses and tables are in DVC's cache or in the store, or gone. What is not at hand is
None here, and the comparison says which level it had to make do with.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from pipelines import revisions
from pipelines.compare import recorded
from pipelines.errors import BadInput
from pipelines.files import json_lines, text_of
from pipelines.outputs import STAGES
from pipelines.revisions import Revision
from pipelines.store import Ref, Store
from stages.census import Count

BASELINE, NOW = "baseline", "now"
FIRST = ("rows", "tokens", "reason", "reason_tokens", "language", "language_tokens", "host")


@dataclass(frozen=True)
class Side:
    """One run. `revision` is None for what lies on disk now."""

    name: str
    root: Path
    revision: Revision | None

    @property
    def label(self) -> str:
        """The name that was asked for, with the commit it stands for."""
        short = self.revision.commit[:12] if self.revision else ""
        return self.name if not short or self.name.startswith(short) else f"{self.name} ({short})"

    def text(self, path: str) -> str | None:
        """A small file's content, or None."""
        if self.revision:
            return self.revision.text(path)
        file = self.root / path
        return text_of(file) if file.is_file() else None

    def ledger(self, stage: str) -> Any:
        """A stage's ledger, or None."""
        found = self.text(f"data/{stage}/ledger.json")
        return json.loads(found) if found else None

    @cached_property
    def params(self) -> Any:
        """What the run was made with, as plain values: dvc.lock says it, an edit of params.yaml may wait for its run.

        Raises BadInput.
        """
        return recorded.recipe(self.written, self._recorded)

    @cached_property
    def written(self) -> Any:
        """params.yaml as plain values. Raises BadInput."""
        return self._yaml("params.yaml", yaml.safe_load) or {}

    @property
    def unrecorded(self) -> list[str]:
        """Stages that dvc.lock holds no run of. Raises BadInput."""
        return [stage for stage in STAGES if stage not in self._recorded]

    @cached_property
    def _recorded(self) -> Any:
        return self._yaml("dvc.lock", recorded.stages_of)

    def _yaml(self, path: str, load: Callable[[str], Any]) -> Any:
        try:
            return load(self.text(path) or "")
        except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8, or 2026-02-30
            raise BadInput(f"{self.label}: {path}: is no YAML: {error}") from error

    def census(self, stage: str) -> dict[str, list[Count]] | None:
        """Shard -> counts, or None where the census is not at hand."""
        found = self.text(f"data/{stage}/census.jsonl")
        if found is None:
            return None
        out: dict[str, list[Count]] = {}
        for line in json_lines(found):
            row = json.loads(line)
            if row["metric"] in FIRST or row["metric"].startswith("hist:"):
                out.setdefault(row["shard"], []).append((row["metric"], row["key"], row["count"]))
        return out

    def refs(self, stage: str) -> dict[tuple[str, str], Ref] | None:
        """(table, shard) -> ref, or None where the manifest is not at hand."""
        found = self._manifests.get(stage)
        return None if found is None else {(r.table, r.shard): r for r in found}

    @cached_property
    def _manifests(self) -> dict[str, list[Ref]]:
        texts = {stage: self.text(f"data/{stage}/manifest.jsonl") for stage in STAGES}
        return {
            stage: [
                Ref(f"{stage}/{row['table']}", row["shard"], row["digest"], row["rows"], row["bytes"])
                for row in map(json.loads, json_lines(text))
            ]
            for stage, text in texts.items()
            if text is not None
        }

    def path(self, ref: Ref) -> Path | None:
        """The file that holds a table's shard, or None where it is gone."""
        where = str(self.params.get("run", {}).get("store", "data"))
        store = Store.at(self.root, where)
        if self.revision is None or store.named_by_digest:
            file = store.path(ref)
            return file if file.is_file() else None
        return self.revision.cached(f"data/{ref.table}/{ref.shard}.parquet")

    def read(self, ref: Ref, columns: Sequence[str]) -> pl.DataFrame:
        """Some columns of a table's shard. Only for a ref whose path is known."""
        path = self.path(ref)
        assert path is not None, ref
        return revisions.read_columns(path, columns)


def side(root: Path, name: str) -> Side:
    """A revision, `baseline` (the last commit that changed dvc.lock) or `now`. Raises BadInput."""
    if name == NOW:
        return Side(name, root, None)
    commit = revisions.last_commit(root, "dvc.lock") if name == BASELINE else name
    if commit is None:
        raise BadInput("no baseline: no commit holds dvc.lock; `python -m pipelines.accept` makes one")
    return Side(name, root, Revision(root, revisions.commit_of(root, commit)))
