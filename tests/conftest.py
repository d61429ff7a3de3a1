"""A pipeline in a folder of its own: the sample's data, this checkout's code, every stage and gate in this process."""

import copy
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent

from pipelines.kernels import cache_folder  # noqa: E402 - knows no numba, which reads where its cache is once

os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder(ROOT / ".run")))
os.environ.setdefault("SLUICEGATE_CORPORA", str(ROOT.parent / "shared" / "corpora"))

from pipelines import inputs, outputs  # noqa: E402 - after the cache folder is set
from pipelines.context import Context  # noqa: E402
from pipelines.files import read_lines  # noqa: E402
from pipelines.outputs import STAGES  # noqa: E402
from pipelines.store import Store  # noqa: E402
from stages.params import parse  # noqa: E402

CODE = (
    "stages",
    "pipelines",
    "params.yaml",
    "dvc.yaml",
    "requirements.lock",
    ".dvc",
    ".dvcignore",
    ".gitignore",
    "pyproject.toml",
)


class Pipeline:
    """A folder with inputs and params (`raw`, to be changed freely), and what running it leaves."""

    def __init__(self, root: Path, raw: dict[str, Any] | None = None) -> None:
        self.root = root
        self.raw = copy.deepcopy(raw) if raw else yaml.safe_load((ROOT / "params.yaml").read_text())
        for name in ("sample", "models"):
            if not (root / "data" / name).exists():
                shutil.copytree(ROOT / "data" / name, root / "data" / name)

    def context(self, **options: Any) -> Context:
        params = parse(self.raw)
        return Context(self.root, params, Store.at(self.root, params.run.store), **options)

    def run(self, upto: str = "mix", **options: Any) -> dict[tuple[str, str], int]:
        """Run all stages and gates up to one; returns how many shards of each family were worked on."""
        from pipelines.gates.judge import judge_and_write

        rates = self.root / ".run" / "rates.jsonl"
        before = len(read_lines(rates))
        ctx = self.context(**options)
        inputs.resolve(ctx)
        for stage in STAGES[: STAGES.index(upto) + 1]:
            import_module(f"pipelines.{stage}").run(ctx)
            judge_and_write(ctx, stage)
        done: dict[tuple[str, str], int] = {}
        for row in read_lines(rates)[before:]:
            key = (row["stage"], row["family"])
            done[key] = done.get(key, 0) + row["shards"]
        return done

    def copy(self, root: Path) -> "Pipeline":
        """What stands in this folder, in another one that may be changed."""
        shutil.copytree(self.root, root, copy_function=shutil.copy2)
        return Pipeline(root, self.raw)

    def manifests(self) -> dict[str, str]:
        return {s: (self.root / "data" / s / "manifest.jsonl").read_text() for s in STAGES}

    def ledger(self, stage: str) -> Any:
        return outputs.ledger(self.context().store, stage)

    def table(self, name: str) -> Any:
        import polars as pl

        stage = name.split("/")[0]
        ctx = self.context()
        found = outputs.manifest(ctx.store, stage)
        assert found is not None
        return pl.concat([ctx.store.read(ref) for ref in found.shards(name)])


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The sample, run once in-process. Not to be changed."""
    one = Pipeline(tmp_path_factory.mktemp("sample"))
    one.run()
    return one


@pytest.fixture
def fresh(pipeline: Pipeline, tmp_path: Path) -> Pipeline:
    """A copy of the finished sample that a test may change."""
    return pipeline.copy(tmp_path / "copy")


@pytest.fixture(scope="module")
def told(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The finished sample with its dispositions, in a folder of its own."""
    from pipelines import dispositions

    one = pipeline.copy(tmp_path_factory.mktemp("told") / "copy")
    dispositions.run(one.context())
    return one


@pytest.fixture
def empty(tmp_path: Path) -> Pipeline:
    """The sample's inputs, nothing run."""
    return Pipeline(tmp_path / "empty")


Command = Callable[..., "subprocess.CompletedProcess[str]"]


class Checkout:
    """A checkout as a user has it: code, params, sample, git; commands run in it with this environment's python."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in CODE:
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name,
                    root / name,
                    ignore=shutil.ignore_patterns("__pycache__", "tmp", "config.local", "*.nbi", "*.nbc"),
                )
            else:
                shutil.copy(ROOT / name, root / name)
        for name in ("sample", "models", "inputs"):
            shutil.copytree(
                ROOT / "data" / name,
                root / "data" / name,
                ignore=shutil.ignore_patterns("warcs.jsonl", "synthetic.jsonl", "models.jsonl", "url_lists.jsonl"),
            )
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "start")

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        return subprocess.run(
            ["git", *who, *arguments], cwd=self.root, check=True, capture_output=True, text=True
        ).stdout

    def env(self, **more: str) -> dict[str, str]:
        quiet = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("SLUICEGATE_RUN", "RAY_", "PYTHONDONTWRITE", "DVC_"))
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        cache = {"NUMBA_CACHE_DIR": os.environ["NUMBA_CACHE_DIR"], "PATH": path}
        return quiet | cache | more

    def start(self, *arguments: str, **more: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=self.root,
            env=self.env(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def call(self, *arguments: str, timeout: float = 240, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.root,
            env=self.env(**more),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def params(self, change: Callable[[dict[str, Any]], object]) -> None:
        path = self.root / "params.yaml"
        raw = yaml.safe_load(path.read_text())
        change(raw)
        path.write_text(yaml.safe_dump(raw, sort_keys=False))

    def manifests(self) -> dict[str, str]:
        return {s: (self.root / "data" / s / "manifest.jsonl").read_text() for s in STAGES}


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    yield Checkout(tmp_path / "checkout")
