"""dvc.yaml: every path once, and deps that cover the code each command runs."""

from pathlib import Path

import pytest
import yaml

from pipelines.outputs import STAGES
from pipelines.recipe import closure

ROOT = Path(__file__).resolve().parent.parent
MAP = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def paths(stage: dict, *keys: str) -> list[str]:
    listed = [item for key in keys for item in stage.get(key, [])]
    return [next(iter(item)) if isinstance(item, dict) else item for item in listed]


def options(stage: dict, *keys: str) -> dict[str, dict]:
    return {k: v for key in keys for item in stage.get(key, []) if isinstance(item, dict) for k, v in item.items()}


def code_of(command: str) -> list[str]:
    module = command.split()[2]
    entry = f"{module}.__main__" if (ROOT / module.replace(".", "/")).is_dir() else module
    names = set(closure(entry, ("stages", "pipelines")))
    if entry == "pipelines.gates.__main__":
        names |= set(closure(f"pipelines.gates.{command.split()[3]}", ("stages", "pipelines")))
    files = []
    for name in sorted(names):
        base = ROOT.joinpath(*name.split("."))
        found = base.with_suffix(".py") if base.with_suffix(".py").is_file() else base / "__init__.py"
        files.append(str(found.relative_to(ROOT)))
    return files


@pytest.mark.parametrize("name", [n for n in MAP if n != "inputs"])
def test_deps_cover_the_import_closure(name: str) -> None:
    deps = paths(MAP[name], "deps")
    missing = [f for f in code_of(MAP[name]["cmd"]) if not any(f == d or f.startswith(d + "/") for d in deps)]
    assert not missing, f"dvc.yaml: {name}.deps lacks {missing}"
    assert "requirements.lock" in deps
    gone = [d for d in deps if not d.startswith("data/") and not (ROOT / d).exists()]
    assert not gone, f"dvc.yaml: {name}.deps names {gone}, which is not there"


def test_every_path_is_an_out_once() -> None:
    outs = [p for stage in MAP.values() for p in paths(stage, "outs", "metrics")]
    assert len(outs) == len(set(outs))
    for one in outs:
        assert not [o for o in outs if o != one and o.startswith(one + "/")]


def test_every_dep_under_data_is_made_by_a_stage_or_lies_in_git() -> None:
    outs = {p for stage in MAP.values() for p in paths(stage, "outs", "metrics")}
    for name, stage in MAP.items():
        for dep in paths(stage, "deps"):
            assert not dep.startswith("data/") or dep in outs or dep == "data/inputs/machine_limits.jsonl", (name, dep)


@pytest.mark.parametrize("stage", STAGES)
def test_tables_persist_ledgers_and_verdicts_are_not_cached(stage: str) -> None:
    for path, how in options(MAP[stage], "outs").items():
        assert how == {"persist": True}, path
    assert options(MAP[stage], "metrics")[f"data/{stage}/ledger.json"] == {"cache": False}
    gate = MAP[f"gate_{stage}"]
    assert options(gate, "outs") == {f"data/gates/{stage}.open": {"cache": False}}
    assert options(gate, "metrics") == {f"data/gates/{stage}.json": {"cache": False}}
    assert gate["params"] == [f"gates.{stage}"]


@pytest.mark.parametrize(("child", "parent"), list(zip(STAGES[1:], STAGES, strict=False)))
def test_a_stage_waits_for_its_parents_gate(child: str, parent: str) -> None:
    deps = paths(MAP[child], "deps")
    assert f"data/gates/{parent}.open" in deps
    assert f"data/{parent}/manifest.jsonl" in deps
    assert not [d for d in deps if d.startswith("data/") and d.endswith(".json")], "bounds would re-run what follows"


def test_no_stage_lists_how_the_run_is_carried_out() -> None:
    for stage in MAP.values():
        assert not [p for p in stage.get("params", []) if p == "run" or p.startswith("run.")]


def test_every_written_table_is_an_out(pipeline) -> None:
    """What a run of the sample leaves under data/ is covered by the map."""
    outs = {p for stage in MAP.values() for p in paths(stage, "outs", "metrics")}
    left = [p for p in (pipeline.root / "data").rglob("*") if p.is_file()]
    for path in left:
        name = str(path.relative_to(pipeline.root))
        if not name.startswith(("data/models/", "data/sample/", "data/inputs/")):
            assert any(name == o or name.startswith(o + "/") for o in outs), f"{name} is no out of dvc.yaml"
