"""A side's recipe is what dvc.lock says it was made with, whatever params.yaml says since."""

import subprocess
from pathlib import Path

import pytest
import yaml

from pipelines.compare.sides import NOW, Side, side
from pipelines.errors import BadInput
from pipelines.stage import changed_keys


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def write(root: Path, params: dict, given: dict[str, dict]) -> None:
    """params.yaml, and a dvc.lock by stage."""
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    stages = {name: {"cmd": "x", "params": {"params.yaml": values}} for name, values in given.items()}
    (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))


def quality(least: int) -> dict:
    return {"quality": {"signals": {"word_count": {"min": least}}}}


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Side, Side]:
    """A baseline run with 80 whose params.yaml nobody committed, and the same run now, after an edit to 90."""
    git(tmp_path, "init", "-q")
    write(tmp_path, quality(50), {"quality": quality(80)})
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "baseline")
    write(tmp_path, quality(90), {"quality": quality(80)})
    return side(tmp_path, "HEAD"), side(tmp_path, NOW)


def test_both_sides_are_what_ran(sides) -> None:
    assert [one.params for one in sides] == [quality(80), quality(80)]
    assert changed_keys(sides[0].params, sides[1].params) == []
    assert sides[1].written == quality(90)


def test_a_key_that_no_stage_was_given_is_that_of_params_yaml(tmp_path: Path) -> None:
    params = {"input": {"warcs": "new/*", "sample": 0.5}, "run": {"store": "/store"}, **quality(50)}
    write(tmp_path, params, {"extract": {"input.sample": 0.1}})
    found = side(tmp_path, NOW)
    assert found.params == params | {"input": {"warcs": "new/*", "sample": 0.1}}
    assert found.written == params


def test_the_stage_itself_knows_better_than_who_reads_of_it(tmp_path: Path) -> None:
    """The report of an earlier run stands where a gate stayed closed."""
    gates = {"gates": {"quality": {"min_rows": 1}, "mix": {"min_rows": 2}}}
    late = {"quality": quality(80), "gate_quality": {"gates.quality": {"min_rows": 3}}}
    write(tmp_path, quality(90) | gates, late | {"report": quality(50) | {"gates": {"quality": {}, "mix": {}}}})
    assert side(tmp_path, NOW).params == quality(80) | {"gates": {"quality": {"min_rows": 3}, "mix": {}}}


def test_strings_that_dvc_writes_bare(tmp_path: Path) -> None:
    """DVC writes YAML 1.2, where these are strings, numbers, nothing and truth."""
    plain = "{languages: [no, y], store: 1:30, a: 1e6, b: 0.1, c: -7, d: ~, e: true, f: '1', g: 2025-01-01}"
    stages = f"stages:\n  quality:\n    params:\n      params.yaml:\n        quality: {plain}\n"
    (tmp_path / "dvc.lock").write_text(stages)
    found = side(tmp_path, NOW).params["quality"]
    assert found == {
        "languages": ["no", "y"],
        "store": "1:30",
        "a": 1e6,
        "b": 0.1,
        "c": -7,
        "d": None,
        "e": True,
        "f": "1",
        "g": "2025-01-01",
    }


TORN = {"conflict": "<<<<<<< ours\nschema: '2.0'\n", "list": "- 1\n", "number": "stages: 1\n", "cut": "a: [\n"}


@pytest.mark.parametrize("text", TORN.values(), ids=TORN)
def test_a_torn_lock_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "dvc.lock").write_text(text)
    with pytest.raises(BadInput, match="now: dvc.lock: is no YAML"):
        _ = side(tmp_path, NOW).params


def test_a_torn_recipe_is_named(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("a: [")
    with pytest.raises(BadInput, match="now: params.yaml: is no YAML"):
        _ = side(tmp_path, NOW).params


def test_stages_without_a_run(tmp_path: Path) -> None:
    assert side(tmp_path, NOW).unrecorded == ["extract", "quality", "dedup", "toxicity", "mix"]
    write(tmp_path, {}, {"extract": {}, "quality": {}, "dedup": {}})
    assert side(tmp_path, NOW).unrecorded == ["toxicity", "mix"]
