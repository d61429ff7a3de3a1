"""Recipes: a comment changes nothing, an operator does, and only what imports the changed module moves."""

from pathlib import Path

import pytest

from pipelines import recipe as module
from pipelines.recipe import ROOT, _recipe, closure, engines

FILES = {
    "stages/__init__.py": "",
    "stages/a.py": '"""A."""\nfrom stages import b\nimport polars\n\n'
    'def f(x):\n    """Doc."""\n    return b.g(x) + 1  # one\n',
    "stages/b.py": '"""B."""\nimport json\n\ndef g(x):\n    return x * 2\n',
    "stages/c.py": "def h():\n    return 3\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def of(root: Path, name: str) -> str:
    for cached in (module._recipe, module._source, module._tree, module._imports):
        cached.cache_clear()
    return _recipe((name,), root)


def edit(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_the_closure_holds_imports_of_imports_and_packages(tree: Path) -> None:
    assert closure("stages.a", root=tree) == ("stages", "stages.a", "stages.b")
    assert closure("stages.c", root=tree) == ("stages", "stages.c")


def test_comments_docstrings_and_blank_lines_change_nothing(tree: Path) -> None:
    before = of(tree, "stages.a")
    edit(tree, "stages/a.py", "# one", "# the number after nought")
    edit(tree, "stages/a.py", '"""Doc."""', '"""Another sentence."""')
    edit(tree, "stages/b.py", "\n\ndef", "\n\n\n\ndef")
    assert of(tree, "stages.a") == before


@pytest.mark.parametrize(("name", "old", "new"), [("a", "+ 1", "- 1"), ("b", "* 2", "* 3")])
def test_code_in_the_closure_changes_the_recipe(tree: Path, name: str, old: str, new: str) -> None:
    before = of(tree, "stages.a")
    edit(tree, f"stages/{name}.py", old, new)
    assert of(tree, "stages.a") != before


def test_code_outside_the_closure_does_not(tree: Path) -> None:
    before = of(tree, "stages.a")
    edit(tree, "stages/c.py", "3", "4")
    assert of(tree, "stages.a") == before


def test_another_engine_version_changes_the_recipe(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = of(tree, "stages.a")
    real = module.version
    monkeypatch.setattr(module, "version", lambda dist: "0.0.1" if dist == "polars" else real(dist))
    assert of(tree, "stages.a") != before


def test_the_engines_of_extraction_are_seen_with_their_parts() -> None:
    found = engines(closure("stages.extract.engine"), ROOT)
    assert {"trafilatura", "lxml", "justext"} <= set(found)
    assert "polars" in engines(closure("stages.decisions"), ROOT)
