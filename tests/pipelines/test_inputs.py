"""Inputs: every fault has its own sentence, which names the params key; exit code 12."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pipelines import context
from pipelines.context import Context
from pipelines.errors import BadInput
from pipelines.files import file_digest, read_lines
from pipelines.inputs import resolve
from pipelines.store import ROOT, Store
from stages.params import parse

WARC = b"WARC/1.1\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a/one.warc.gz", "a/two.warc.gz", "b/one.warc.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(gzip.compress(WARC, mtime=0))
    (tmp_path / "model").write_bytes(b"model")
    return tmp_path


def of(root: Path, warcs: object, **other: object) -> Context:
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    models = {"language": {"path": "model", "sha256": file_digest(root / "model")}}
    raw["input"] = {"warcs": warcs, "models": models} | dict(other.pop("input", {}))  # type: ignore[call-overload]
    raw["mix"]["synthetic"] = other.pop("synthetic", {})
    return Context(root, parse(raw), Store.at(root, "data"))


def shards(root: Path) -> list[str]:
    return [row["shard"] for row in read_lines(root / "data/inputs/warcs.jsonl")]


def test_globs_paths_and_a_map_of_sources(root: Path) -> None:
    resolve(of(root, "a/*.warc.gz"))
    assert shards(root) == ["one", "two"]
    resolve(of(root, ["a/two.warc.gz", str(root / "b/one.warc.gz")]))
    assert shards(root) == ["two", "one"]
    resolve(of(root, {"x": ["a/*.gz"], "y": "b/*.gz"}))
    assert shards(root) == ["x.one", "x.two", "y.one"]
    rows = read_lines(root / "data/inputs/warcs.jsonl")
    assert [row["source"] for row in rows] == ["x", "x", "y"]
    assert rows[0]["sha256"] == file_digest(root / "a/one.warc.gz")


def refused(ctx: Context) -> str:
    with pytest.raises(BadInput) as caught:
        resolve(ctx)
    assert caught.value.code == 12
    return str(caught.value)


def test_zero_matches(root: Path) -> None:
    assert refused(of(root, ["a/*.gz", "c/*.gz"])) == "input.warcs: 'c/*.gz' matches no file"


def test_equal_shard_names_name_both_files(root: Path) -> None:
    said = refused(of(root, ["a/one.warc.gz", "b/one.warc.gz"]))
    assert "a/one.warc.gz and b/one.warc.gz would both be shard 'one'" in said


def test_a_file_that_is_no_warc(root: Path) -> None:
    (root / "a/page.warc").write_text("<html>")
    assert refused(of(root, "a/*")) == "input.warcs: a/page.warc is no WARC file"
    (root / "a/page.warc").write_bytes(b"")
    assert refused(of(root, "a/*")) == "input.warcs: a/page.warc is empty"
    (root / "a/page.warc").write_bytes(b"filedesc://x.arc 0.0.0.0 20000101000000 text/plain 76\n")
    assert "is an ARC file" in refused(of(root, "a/*"))
    (root / "a/page.warc").write_bytes(b"\x28\xb5\x2f\xfd rest")
    assert "a/page.warc is compressed with zstd, which is not read yet" in refused(of(root, "a/*"))


def test_a_model_with_another_digest(root: Path) -> None:
    ctx = of(root, "a/*")
    (root / "model").write_bytes(b"other")
    said = refused(ctx)
    assert said.startswith("input.models.language.sha256: model has sha256 ")
    assert file_digest(root / "model") in said


def test_all_faults_are_told_at_once(root: Path) -> None:
    (root / "model").unlink()
    ctx = Context(root, _without_model(root), Store.at(root, "data"))
    said = refused(ctx).splitlines()
    assert said == ["input.warcs: 'nothing' matches no file", "input.models.language.path: model is missing"]


def _without_model(root: Path):
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    raw["input"] = {"warcs": "nothing", "models": {"language": {"path": "model", "sha256": "0" * 64}}}
    raw["mix"]["synthetic"] = {}
    return parse(raw)


def test_a_disabled_synthetic_source_is_not_looked_for(root: Path) -> None:
    resolve(of(root, "a/*", synthetic={"gone": {"files": ["nowhere.jsonl"], "enabled": False}}))
    assert read_lines(root / "data/inputs/synthetic.jsonl") == []
    said = refused(of(root, "a/*", synthetic={"gone": {"files": ["nowhere.jsonl"]}}))
    assert said == "mix.synthetic.gone.files: 'nowhere.jsonl' matches no file"


def test_digests_are_remembered_by_size_and_mtime(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(of(root, "a/*"))
    read: list[Path] = []
    real = file_digest
    monkeypatch.setattr("pipelines.files.file_digest", lambda path: read.append(path) or real(path))
    resolve(replace(of(root, "a/*")))
    assert read == []
    (root / "a/one.warc.gz").write_bytes(gzip.compress(WARC * 2, mtime=0))
    resolve(of(root, "a/*"))
    assert read == [root / "a/one.warc.gz"]


def test_uris_of_other_machines_are_told_apart_from_missing_files(root: Path) -> None:
    assert "only files of this machine can be read" in refused(of(root, "https://example.org/x.warc.gz"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("input: [", "is no YAML"),
        ("nonsense: 1", "nonsense: unknown key"),
    ],
)
def test_params_that_cannot_be_read(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(BadInput, match=said):
        context.read_params(tmp_path)
