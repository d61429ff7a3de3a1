"""`python -m pipelines.gates`: exit codes, and Great Expectations' own pages."""

import pytest

from pipelines.context import Context
from pipelines.errors import BAD_INPUT, DONE, GATE_CLOSED, BadInput
from pipelines.gates import __main__ as command
from pipelines.outputs import STAGES
from tests.pipelines.made import params


@pytest.fixture
def here(made, monkeypatch):
    """The command line, at work in the made run."""
    from pipelines import entry

    bounds = {}
    monkeypatch.setattr(entry, "ROOT", made.store.root)
    monkeypatch.setattr(entry.context, "load", lambda: Context(made.store.root, params(**bounds), made.store))
    return bounds


def test_an_open_gate_exits_zero(here, capsys):
    assert command.main(["extract"]) == DONE
    assert "gate extract: open, 37 expectations" in capsys.readouterr().out


def test_a_closed_gate_exits_ten_and_says_why(here, capsys):
    here["extract"] = {"min_rows": 99}
    assert command.main(["extract"]) == GATE_CLOSED
    assert "min_rows failed" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["extract", "mix"]])
def test_a_wrong_command_line_says_how(arguments, here, capsys):
    assert command.main(arguments) == BAD_INPUT
    assert "usage: python -m pipelines.gates" in capsys.readouterr().err


def test_data_docs_are_written_on_demand(here, capsys, made):
    for stage in STAGES[1:]:
        made.store.data(stage, "manifest.jsonl").unlink()
    assert command.main(["--docs"]) == DONE
    pages = made.store.root / ".run" / "data_docs"
    assert (pages / "index.html").is_file()
    assert "Data Docs: .run/data_docs/index.html" in capsys.readouterr().out
    assert len(list(pages.rglob("validations/**/*.html"))) >= 8


def test_data_docs_of_nothing_are_refused(tmp_path):
    from pipelines.store import Store

    with pytest.raises(BadInput, match="no stage has a manifest yet"):
        command.docs(Context(tmp_path, params(), Store.at(tmp_path, "data")))
