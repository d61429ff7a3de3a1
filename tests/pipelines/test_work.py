"""A family's `code`: it covers all that its body takes from stages/, or a receipt would outlive the code it is of."""

import ast
import copy
from collections.abc import Iterator
from functools import cache, partial
from importlib import import_module
from pathlib import Path

import pytest

from pipelines.context import Context
from pipelines.outputs import STAGES
from pipelines.recipe import ROOT, closure
from pipelines.stage import Stage
from pipelines.store import Store
from pipelines.work import Family
from stages.params import parse
from tests.conftest import Pipeline

Scope = dict[str, tuple[str, str]]  # name -> the module it stands for or lives in, and its name there


def is_module(name: str) -> bool:
    base = ROOT.joinpath(*name.split("."))
    return base.with_suffix(".py").is_file() or (base / "__init__.py").is_file()


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((ROOT.joinpath(*module.split("."))).with_suffix(".py").read_text())


def imported(statement: ast.AST) -> Scope:
    """What imports in a statement bind."""
    found = {}
    for node in ast.walk(statement):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found[alias.asname or alias.name] = (inner, "") if is_module(inner) else (node.module, alias.name)
    return found


def used(module: str, name: str) -> Iterator[tuple[str, str]]:
    """What the statement of a module that binds a name takes from elsewhere, and from the module itself."""
    for statement in tree(module).body:
        if name not in bound(statement):
            continue
        scope = imported(tree(module)) | imported(statement)
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in scope:
                yield scope[node.value.id][0], scope[node.value.id][1] or node.attr
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield scope.get(node.id, (module, node.id))


def bound(statement: ast.stmt) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return {t.id for t in targets if isinstance(t, ast.Name)} | {getattr(statement, "name", "")}


def taken(family: Family) -> set[str]:
    """Modules of stages/ that a body uses, itself and through pipelines/; no types of params, as in recipes."""
    body = family.body.func if isinstance(family.body, partial) else family.body
    found: set[str] = set()
    seen, todo = set(), [(body.__module__, body.__name__)]
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        if one[0].startswith("stages."):
            found.add(one[0])
        elif one[0].startswith("pipelines."):
            todo += used(*one)
    return {name for name in found if not name.endswith(".params")} - {"stages.strict"}


def covered(family: Family) -> set[str]:
    """Modules whose code is in the key of a family's jobs."""
    own = family.code or (family.body.__module__,)
    return {name for module in (*own, "stages.census") for name in closure(module)}


@pytest.fixture(scope="module")
def families(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> list[Family]:
    """Those that a run of the sample plans with all that is off by default."""
    index = tmp_path_factory.mktemp("index")
    (index / "earlier.parquet").touch()
    raw = copy.deepcopy(pipeline.raw)
    raw["dedup"] |= {"index": str(index), "write_index": True, "paragraphs": {"min_pages": 3}}
    raw["dedup"]["semantic"] = {"enabled": "remove"}
    params = parse(raw)
    ctx = Context(Path(pipeline.root), params, Store.at(pipeline.root, params.run.store))
    found: list[Family] = []
    whole = Stage._carry_out
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stage, "_carry_out", lambda self, f, jobs: found.append(f) or whole(self, f, jobs))
        for stage in (*STAGES, "dispositions"):
            import_module(f"pipelines.{stage}").run(ctx, dry=True)
    return found


def test_code_covers_what_bodies_take_from_stages(families: list[Family]) -> None:
    assert {"vectors", "index", "index_sets", "repeated", "semantic", "sizes/crawl"} <= {f.name for f in families}
    lacking = {(family.name, module) for family in families for module in taken(family) - covered(family)}
    assert lacking == {("near", "stages.dedup.clusters")}, "near takes a number from it that bounds memory alone"
