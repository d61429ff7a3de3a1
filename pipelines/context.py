"""What every entry point starts from: the checkout, its params, its store and its memory of file digests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pipelines import files
from pipelines.errors import BadInput
from pipelines.stat import StatCache
from pipelines.store import ROOT, Ref, Store
from stages.params import BadParams, Params, parse

if TYPE_CHECKING:
    from pipelines.work import Model


@dataclass(frozen=True)
class Context:
    """A run's surroundings. `prune` and `verify` are the two things a command line may say."""

    root: Path
    params: Params
    store: Store
    prune: bool = False
    verify: bool = False
    in_run: bool = field(default=False)  # started by pipelines.run, which keeps the cluster
    planned: dict[str, tuple[Ref, ...]] = field(default_factory=dict)  # a dry run: what each stage would leave

    @property
    def run_dir(self) -> Path:
        """Where caches, locks and logs of this checkout live."""
        return self.root / ".run"

    @cached_property
    def stat(self) -> StatCache:
        """Digests by size and mtime."""
        return StatCache(self.run_dir / "stat.sqlite")

    def models(self, names: tuple[str, ...]) -> dict[str, Model]:
        """The files of the named models as `inputs` found them. Raises BadInput where it has not run."""
        from pipelines.work import Model  # brings Polars, which many a command can do without

        known = {row["name"]: row for row in files.read_lines(self.store.data("inputs", "models.jsonl"))}
        missing = [name for name in names if name not in known]
        if missing:
            raise BadInput(f"data/inputs/models.jsonl does not name {missing}: run `python -m pipelines.inputs` first")
        return {name: Model(str(self.root / known[name]["path"]), known[name]["sha256"]) for name in names}


def load(root: Path = ROOT) -> Context:
    """Read params.yaml of the checkout. Raises BadInput with a line per fault."""
    params = read_params(root)
    return Context(
        root,
        params,
        Store.at(root, params.run.store),
        prune=os.environ.get("SLUICEGATE_PRUNE") == "1",
        verify=os.environ.get("SLUICEGATE_VERIFY") == "1",
        in_run="SLUICEGATE_RUN" in os.environ,
    )


def read_params(root: Path) -> Params:
    """params.yaml as types."""
    path = root / "params.yaml"
    try:
        raw, twice = _loaded(files.text_of(path))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8, or 2026-02-30
        raise BadInput(f"{path}: is no YAML: {error}") from error
    if twice:
        raise BadInput("\n".join(f"params.yaml: {fault}" for fault in twice))
    try:
        return parse(raw)
    except BadParams as error:
        raise BadInput("params.yaml: " + str(error).replace("\n", "\nparams.yaml: ")) from error


def _loaded(text: str) -> tuple[Any, list[str]]:
    """YAML as plain values, and its keys that are written twice, of which one value would be lost without a word.

    Raises YAMLError.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        twice = [*_twice(node, "", set())]
        return (None if node is None else loader.construct_document(node)), twice
    finally:
        loader.dispose()


def _twice(node: yaml.Node | None, path: str, known: set[int]) -> Iterator[str]:
    """A sentence per repeated key. Before the values are made: merging (`<<`) repeats keys by right."""
    if id(node) in known:  # an alias: told where its anchor stands
        return
    known.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for number, one in enumerate(node.value):
            yield from _twice(one, f"{path}.{number}", known)
    elif isinstance(node, yaml.MappingNode):
        first: dict[tuple[str, str], yaml.Node] = {}
        for key, value in node.value:
            name = f"{path}.{key.value}".lstrip(".")
            other = first.setdefault((key.tag, str(key.value)), key)
            if other is not key:
                lines = [each.start_mark.line + 1 for each in (other, key)]
                yield f"{name}: written twice, in line {' and '.join(map(str, dict.fromkeys(lines)))}"
            yield from _twice(value, name, known)
