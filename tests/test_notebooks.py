"""Notebooks: no output in git, and every one runs from top to bottom on what a run of the sample leaves."""

import os
from pathlib import Path

import nbformat
import polars as pl
import pytest
from nbclient import NotebookClient

from pipelines import dedup

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(scope="module")
def executed(pipeline, tmp_path_factory):
    """Name -> the text of its outputs, cell by cell, run on the sample in a kernel of this environment."""
    before = {p: p.read_bytes() for p in (pipeline.root / "data").rglob("*") if p.is_file()}
    texts = {path.name: run_on(pipeline.root, path, tmp_path_factory.mktemp("jupyter")) for path in NOTEBOOKS}
    assert {p: p.read_bytes() for p in (pipeline.root / "data").rglob("*") if p.is_file()} == before
    return texts


def run_on(root: Path, path: Path, home: Path) -> list[str]:
    """The text of a notebook's outputs over the data of a checkout."""
    variables = {"SLUICEGATE_DATA": str(root / "data"), "PYTHONPATH": str(FOLDER.parent)}
    variables |= {f"JUPYTER_{n}_DIR": str(home / n) for n in ("RUNTIME", "CONFIG", "DATA")} | {"IPYTHONDIR": str(home)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        return run(path, str(home))


def run(path: Path, where: str) -> list[str]:
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": where}}).execute(env=dict(os.environ))
    return ["".join(map(shown, cell.outputs)) for cell in notebook.cells if cell.cell_type == "code"]


def shown(output) -> str:
    return output.get("text", "") + output.get("data", {}).get("text/plain", "")


def test_there_are_notebooks() -> None:
    assert [p.name[:2] for p in NOTEBOOKS] == ["01", "02", "03"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_output_is_kept_in_git(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs"), "clear all outputs before you commit: they may hold page text"
        assert cell.get("execution_count") is None
        assert not cell.get("attachments")
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}


def test_reading_the_outputs(executed, pipeline) -> None:
    cells = executed["01_reading_the_outputs.ipynb"]
    for stage in ("extract", "mix"):
        assert str(pipeline.ledger(stage)["tokens"]["kept"]) in cells[1]
    assert "near_duplicate" in cells[2]
    assert str(pipeline.table("mix/documents").filter(source="healthy")["n_tokens"].sum()) in cells[-1]


def test_choosing_a_threshold(executed, pipeline) -> None:
    cells = executed["02_choosing_a_threshold.ipynb"]
    assert f"gopher: {pipeline.table('extract/documents').height} documents, 0 undefined" in cells[1]
    assert "share_of_tokens" in cells[3]
    assert len([line for line in cells[4].splitlines() if line.startswith(("in", "out"))]) == 6


def test_auditing_rejects(executed, pipeline) -> None:
    cells = executed["03_auditing_rejects.ipynb"]
    reasons = pipeline.table("quality/decisions").filter(~pl.col("keep"))["reason"].unique()
    for reason in reasons:
        assert reason in cells[1], reason
        assert reason in cells[2], reason
    assert "there are no pairs" in cells[3]
    assert "good_pages_lost_at_most" in cells[-1]


def test_pairs_by_meaning_stand_beside_each_other(fresh, tmp_path) -> None:
    fresh.raw["run"]["executor"] = "inprocess"
    fresh.raw["dedup"]["semantic"] = {"enabled": "report", "threshold": 0.8, "dimensions": 16, "cell": 20}
    dedup.run(fresh.context())
    said = run_on(fresh.root, FOLDER / "03_auditing_rejects.ipynb", tmp_path)[3]
    table = fresh.table("dedup/semantic")
    pairs = {(a, b): f"{s:.4f}" for a, b, s in table.select("doc_id", "related_doc_id", "similarity").iter_rows()}
    lines = said.splitlines()
    shown = [(lines[i + 1].split()[0], lines[i + 3].split()[0]) for i in range(0, len(lines), 5)]
    assert 0 < len(shown) <= 4 * 3
    for i, pair in enumerate(shown):
        assert lines[5 * i].startswith(pairs[pair]), pair


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_page_text_is_never_printed_as_it_is(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        bare = cell.source.replace('safe(masked(row["text"]', "").replace('safe(row["url"]', "")
        assert 'row["text"]' not in bare, cell.source
        assert 'row["url"]' not in bare, cell.source


def test_personal_data_is_masked(executed) -> None:
    for cells in executed.values():
        assert not [cell for cell in cells if "@rainlog.example" in cell]
