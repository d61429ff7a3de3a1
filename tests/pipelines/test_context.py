"""What every command pays before it does anything, and what it makes of params.yaml."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import context
from pipelines.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]

HEAVY = "{'polars', 'pyarrow', 'numpy', 'numba', 'ray', 'duckdb', 'great_expectations', 'fasttext'}"


def test_run_and_inputs_start_without_engines(checkout) -> None:
    """They run before every pipeline, also one with nothing to do: what they import is paid each time."""
    code = (
        "import sys; from pipelines import context, inputs, run; ctx = context.load(); inputs.resolve(ctx); "
        f"run._summary(ctx); print(sorted({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout.root, env=checkout.env(), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def changed(folder: Path, old: str, new: str) -> Path:
    text = (ROOT / "params.yaml").read_text()
    assert text.count(old) == 1
    (folder / "params.yaml").write_text(text.replace(old, new))
    return folder


def line_of(folder: Path, part: str) -> int:
    lines = (folder / "params.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if part in line)


def test_a_key_written_twice_is_refused_by_name_and_lines(tmp_path: Path) -> None:
    bound = "    word_count: {min: 50, max: 100000}"
    changed(tmp_path, bound, f"{bound}\n    word_count: {{min: 5, min: 6}}")
    with pytest.raises(BadInput) as caught:
        context.read_params(tmp_path)
    line = line_of(tmp_path, bound)
    assert str(caught.value).splitlines() == [
        f"params.yaml: quality.signals.word_count: written twice, in line {line} and {line + 1}",
        f"params.yaml: quality.signals.word_count.min: written twice, in line {line + 1}",
    ]


def test_a_section_written_twice_is_refused(tmp_path: Path) -> None:
    changed(tmp_path, "\ntoxicity:\n", "\nreport: {watts_per_core: 9.0}\ntoxicity:\n")
    with pytest.raises(BadInput, match=r"^params\.yaml: report: written twice, in line \d+ and \d+$"):
        context.read_params(tmp_path)


def test_what_an_alias_brings_may_be_written_over(tmp_path: Path) -> None:
    changed(tmp_path, "damaged_region: {max: 0.1}", "damaged_region: &all {min: 0.0, max: 0.1}")
    changed_again = (tmp_path / "params.yaml").read_text().replace("{max: 0.05}", "{<<: *all, max: 0.05}")
    (tmp_path / "params.yaml").write_text(changed_again)
    assert context.read_params(tmp_path).gates.extract.reject["engine_memory"].max == 0.05


def test_a_date_that_is_none_is_bad_input(tmp_path: Path) -> None:
    changed(tmp_path, "  published: null ", "  published: 2026-02-30 ")
    with pytest.raises(BadInput, match=r"params.yaml: is no YAML"):
        context.read_params(tmp_path)
