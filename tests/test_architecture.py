"""The laws of the house, read from the imports."""

import ast
import importlib.util
import inspect
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("extract", "quality", "dedup", "toxicity", "mix")
STORE = {
    "pipelines/revisions.py",
    "pipelines/exports.py",
    "pipelines/store.py",
    "pipelines/files.py",
    "pipelines/lookup.py",
    "pipelines/fetched.py",
    "pipelines/query.py",  # hands the files that manifests name to duckdb
    "pipelines/ranges.py",
    "pipelines/parts.py",
    "pipelines/url_lists.py",
}
DOORS = {
    "ray": {"pipelines/runner.py"},
    "great_expectations": {"pipelines/gates/expectations.py"},
    "fastwarc": {"stages/extract/messages.py"},
    "zstandard": {"stages/extract/frames.py"},
    "lz4": {"stages/extract/frames.py"},
    "trafilatura": {
        "stages/extract/engine.py",
        "stages/extract/passes.py",
        "stages/extract/posts.py",
        "stages/extract/prune.py",
    },
    "resiliparse.extract": {"stages/extract/html.py"},
    "resiliparse.parse.html": {"stages/extract/html.py"},
    "resiliparse.parse.encoding": {"stages/extract/encodings.py"},
    "fasttext": {"stages/fasttext_models.py"},
    "matplotlib": {"pipelines/reports/chart.py"},
    "datasketch": set(),
    "duckdb": {"pipelines/query.py"},
    "urllib3": {"pipelines/remote.py"},
    "tld": {"stages/urls.py"},
    "dvc": set(),
}


def sources(*folders: str) -> list[Path]:
    return sorted(p for folder in folders for p in (ROOT / folder).rglob("*.py"))


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_there_is_something_to_look_at() -> None:
    assert len(sources("stages")) > 20
    assert len(sources("pipelines")) > 20


@pytest.mark.parametrize("path", sources("stages"), ids=lambda p: str(p.relative_to(ROOT)))
def test_stages_know_nothing_of_pipelines_and_siblings(path: Path) -> None:
    own = path.relative_to(ROOT / "stages").parts[0]
    for name in imports(path):
        assert not name.startswith("pipelines"), f"{path} imports {name}"
        parts = name.split(".")
        if parts[0] == "stages" and len(parts) > 1 and parts[1] in PACKAGES and own in PACKAGES:
            assert parts[1] == own, f"{path} imports its sibling {name}"


@pytest.mark.parametrize("library", DOORS)
def test_each_heavy_library_has_one_door(library: str) -> None:
    users = {
        str(p.relative_to(ROOT))
        for p in sources("stages", "pipelines")
        if any(n == library or n.startswith(f"{library}.") for n in imports(p))
    }
    assert users == DOORS[library]


def test_data_is_read_and_written_in_the_store_alone() -> None:
    for path in sources("stages", "pipelines"):
        if str(path.relative_to(ROOT)) not in STORE:
            text = path.read_text()
            for call in ("read_parquet", "write_parquet", "pq.", "scan_parquet", "read_table(", "os.replace"):
                assert call not in text, f"{path} touches data itself: {call}"


def test_stages_read_no_clock_and_roll_no_dice() -> None:
    for path in sources("stages"):
        banned = imports(path) & {
            "time",
            "random",
            "datetime",
            "socket",
            "os",
            "pathlib",
            "numpy.random",
            "uuid",
            "subprocess",
        }
        assert not banned, f"{path} imports {banned}"
        assert "np.random" not in path.read_text()


def test_no_broad_except_in_stages() -> None:
    for path in sources("stages"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else ""
                assert caught not in ("", "Exception", "BaseException"), f"{path}:{node.lineno}"


def test_every_module_says_what_it_is() -> None:
    for path in sources("stages", "pipelines"):
        text = path.read_text()
        assert not text.strip() or ast.get_docstring(ast.parse(text)), f"{path} has no docstring"


def test_functions_and_files_are_short_enough_to_see() -> None:
    lengths = []
    for path in sources("stages", "pipelines"):
        assert path.read_text().count("\n") <= 300, f"{path} is longer than 300 lines: it has two subjects"
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                lengths.append(node.end_lineno - node.lineno + 1)
    lengths.sort()
    assert statistics.median(lengths) <= 10
    assert lengths[int(0.95 * (len(lengths) - 1))] <= 35


def test_exactly_one_distribution_owns_fasttext() -> None:
    from importlib.metadata import packages_distributions

    assert packages_distributions()["fasttext"] == ["fasttext-community"]


def test_stage_packages_have_a_suite_an_entry_point_and_a_section() -> None:
    from stages.params import Gates, Params

    for stage in PACKAGES:
        assert (ROOT / "pipelines" / f"{stage}.py").is_file()
        assert (ROOT / "pipelines" / "gates" / f"{stage}.py").is_file()
        assert stage in Params.model_fields
        assert stage in Gates.model_fields


def test_no_test_package_shadows_stages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
    assert importlib.util.find_spec("stages") is not None
    assert inspect.getfile(__import__("stages")).startswith(str(ROOT))
