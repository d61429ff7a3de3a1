"""The recipe of a family: a digest of the code that makes its tables, so that a receipt knows when it is out of date.

It covers the syntax trees (no comments, docstrings or positions) of the import closure in stages/, the versions of the
engines that closure imports, and the schema version. It does not see data, params or models: the receipt adds those.
"""

import ast
import hashlib
import platform
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

from stages.schemas import SCHEMA_VERSION

ROOT = Path(__file__).resolve().parent.parent
# Engines whose own engines decide what comes out.
PARTS = {
    "trafilatura": ("lxml", "justext", "htmldate", "courlan"),
    "polars": ("polars-runtime-32",),
    "numba": ("llvmlite",),
}


def closure(module: str, packages: tuple[str, ...] = ("stages",), root: Path = ROOT) -> tuple[str, ...]:
    """Modules of `packages` that importing `module` brings in, itself included, sorted. Their packages count too."""
    seen: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name in seen or name.split(".")[0] not in packages or _source(name, root) is None:
            continue
        seen.add(name)
        todo += [*_imports(name, root), *_parents(name)]
    return tuple(sorted(seen))


def recipe(modules: tuple[str, ...]) -> str:
    """32 hex digits for the code that runs when `modules` are called."""
    return _recipe(tuple(sorted(modules)), ROOT)


@cache
def _recipe(modules: tuple[str, ...], root: Path) -> str:
    # Params types are left out: the values themselves are in the receipt's key.
    every = {name for module in modules for name in closure(module, root=root)}
    names = sorted(name for name in every if not name.endswith(".params"))
    python = ".".join(platform.python_version_tuple()[:2])  # its Unicode tables decide what a letter is
    lines = [f"schema {SCHEMA_VERSION}", f"python {python}", *(f"{name} {_tree_digest(name, root)}" for name in names)]
    lines += [f"{dist} {version(dist)}" for dist in engines(tuple(names), root)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def engines(names: tuple[str, ...], root: Path = ROOT) -> list[str]:
    """Distributions that the given modules import from outside the project and the standard library."""
    tops = {top.split(".")[0] for name in names for top in _imports(name, root)}
    outside = {t for t in tops if t not in sys.stdlib_module_names and t not in ("stages", "pipelines")}
    known = _distributions()
    dists = {known[t] for t in outside if t in known}
    return sorted(dists | {part for d in dists for part in PARTS.get(d, ())})


@cache
def _distributions() -> dict[str, str]:
    return {top: sorted(dists)[0] for top, dists in packages_distributions().items()}


@cache
def _source(name: str, root: Path) -> Path | None:
    base = root.joinpath(*name.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


@cache
def _tree(name: str, root: Path) -> ast.Module:
    path = _source(name, root)
    if path is None:
        raise ValueError(f"no module {name}")
    return ast.parse(path.read_text())


@cache
def _imports(name: str, root: Path) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_imported(_tree(name, root))))


def _imported(tree: ast.Module) -> Iterator[str]:
    """Absolute names a module imports, also `from package import module`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _tree_digest(name: str, root: Path) -> str:
    tree = _tree(name, root)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and _documented(node):
            node.body = body[1:] if body and len(body) > 1 else [ast.Pass()]
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()


def _documented(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    return ast.get_docstring(node, clean=False) is not None
