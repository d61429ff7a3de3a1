"""Inputs: every fault has its own sentence, which names the params key; exit code 12."""

import gzip
from dataclasses import replace
from pathlib import Path

import lz4.frame
import pytest
import yaml
import zstandard

from pipelines import context
from pipelines.context import Context
from pipelines.errors import BadInput, Infrastructure
from pipelines.files import file_digest, read_lines
from pipelines.inputs import resolve
from pipelines.store import ROOT, Store
from stages.params import parse
from tests.pipelines.servers import Server

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
    resolve(of(root, ["a/two.warc.gz", "a/*.warc.gz", "a/two.warc.gz"]))
    assert shards(root) == ["two", "one"], "a file that several patterns match is one shard"
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
    assert refused(of(root, "a/*")) == "input.warcs: a/page.warc holds no WARC or ARC header that can be read"
    (root / "a/page.warc").write_bytes(b"")
    assert refused(of(root, "a/*")) == "input.warcs: a/page.warc is empty: it has no WARC header"
    (root / "a/page.warc").write_bytes(b"BZh91AY")
    assert "a/page.warc is compressed with bzip2; recompress it" in refused(of(root, "a/*"))


def test_archives_of_every_kind_are_shards_by_the_name_without_its_endings(root: Path) -> None:
    (root / "a/three.arc").write_bytes(b"filedesc://x.arc 0.0.0.0 20000101000000 text/plain 0\n\n")
    (root / "a/four.warc.zst").write_bytes(zstandard.compress(WARC))
    (root / "a/five.warc.lz4").write_bytes(lz4.frame.compress(WARC))
    (root / "a/six.warc").write_bytes(b"damaged beginning\n" + WARC)
    resolve(of(root, "a/*"))
    assert sorted(shards(root)) == ["five", "four", "one", "six", "three", "two"]


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


@pytest.fixture
def server():
    with Server() as one:
        one.files.content = {f"/cc/{n}.warc.gz": gzip.compress(WARC + b"%d" % n, mtime=0) for n in range(3)}
        yield one


NEAR = {"attempts": 2, "wait_seconds": 0, "timeout_seconds": 5}


def remote(root: Path, server: Server, warcs: object, **other: object) -> Context:
    ctx = of(root, warcs, **other)
    fetch = ctx.params.run.fetch.model_copy(
        update=NEAR | {"s3_endpoint": server.url, "s3_anonymous": True, "s3_region": "us-east-1"}
    )
    run = ctx.params.run.model_copy(update={"fetch": fetch})
    return replace(ctx, params=ctx.params.model_copy(update={"run": run}))


def test_files_of_http_and_s3_are_known_by_their_bytes_and_named_by_their_address(root: Path, server: Server) -> None:
    resolve(remote(root, server, {"x": [f"{server.url}/cc/1.warc.gz?sig=secret", "a/*.gz"], "y": "s3://cc/*.warc.gz"}))
    rows = read_lines(root / "data/inputs/warcs.jsonl")
    assert [row["shard"] for row in rows] == ["x.1", "x.one", "x.two", "y.0", "y.1", "y.2"]
    assert rows[0]["url"] == f"{server.url}/cc/1.warc.gz"
    assert rows[0]["path"].startswith(".run/remote/")
    assert rows[0]["path"].endswith("/1.warc.gz")
    assert rows[0]["sha256"] == file_digest(root / rows[0]["path"]) == rows[4]["sha256"]
    assert "secret" not in (root / "data/inputs/warcs.jsonl").read_text()


def test_a_second_run_reads_nothing_even_where_copies_were_dropped(root: Path, server: Server, capsys) -> None:
    ctx = remote(root, server, [f"{server.url}/cc/{n}.warc.gz" for n in range(3)])
    resolve(ctx)
    first = (root / "data/inputs/warcs.jsonl").read_text()
    for row in read_lines(root / "data/inputs/warcs.jsonl"):
        (root / row["path"]).unlink()
    assert "3 of 3 remote files" in capsys.readouterr().err
    server.files.asked.clear()
    resolve(ctx)
    assert capsys.readouterr().err == ""
    assert (root / "data/inputs/warcs.jsonl").read_text() == first
    assert {asked for _, _, asked in server.files.asked} == {"bytes=0-0"}


def test_all_faults_of_remote_files_name_key_and_address(root: Path, server: Server) -> None:
    server.files.content["/cc/page.html"] = b"<html>"
    names = ["cc/page.html", "cc/missing.warc.gz", "cc/*.warc.gz", "cc/0.warc.gz"]
    said = refused(remote(root, server, {"x": [f"{server.url}/{n}" for n in names] + ["s3://cc/z*", "gs://b/x.warc"]}))
    assert sorted(said.splitlines()) == sorted(
        [
            f"input.warcs.x: {server.url}/cc/page.html holds no WARC or ARC header that can be read",
            f"input.warcs.x: {server.url}/cc/missing.warc.gz: the server answers 404",
            f"input.warcs.x: '{server.url}/cc/*.warc.gz': http cannot list files; name each, or use s3 or "
            "input.common_crawl",
            "input.warcs.x: 's3://cc/z*' matches no file",
            "input.warcs.x: 'gs://b/x.warc': gs is not read; http, https, s3 and files are",
        ]
    )


def test_a_server_that_does_not_answer_is_infrastructure_and_names_key_and_address(root: Path, server: Server) -> None:
    server.files.statuses = [503] * 100
    with pytest.raises(Infrastructure, match=rf"^input\.warcs: {server.url}/cc/0\.warc\.gz: the server answers 503"):
        resolve(remote(root, server, f"{server.url}/cc/0.warc.gz"))


def test_a_crawl_by_number_beside_other_sources(root: Path, server: Server) -> None:
    lines = "".join(f"cc/{n}.warc.gz\n" for n in (2, 0, 1))
    server.files.content["/crawl-data/CC-NEWS/2025/07/warc.paths.gz"] = gzip.compress(lines.encode())
    asked = {"common_crawl": {"crawl": "CC-NEWS/2025/07", "files": "1-2", "base": f"{server.url}/"}}
    resolve(remote(root, server, [], input=asked))
    assert shards(root) == ["2", "0"]
    resolve(remote(root, server, ["a/*"], input=asked))
    assert shards(root) == ["one", "two", "2", "0"]
    resolve(remote(root, server, {"x": "a/*"}, input=asked))
    assert shards(root) == ["x.one", "x.two", "CC-NEWS-2025-07.2", "CC-NEWS-2025-07.0"]
    assert read_lines(root / "data/inputs/warcs.jsonl")[-1]["key"] == "input.common_crawl"
    asked["common_crawl"]["files"] = 4
    said = refused(remote(root, server, [], input=asked))
    assert said == "input.common_crawl: asks for the files 1 to 4, but the crawl CC-NEWS/2025/07 has 3"
    asked["common_crawl"]["crawl"] = "CC-MAIN-1999-01"
    said = refused(remote(root, server, [], input=asked))
    assert said.endswith("/crawl-data/CC-MAIN-1999-01/warc.paths.gz: the server answers 404")


def test_a_crawl_may_lie_on_this_machine(root: Path) -> None:
    (root / "mirror/crawl-data/CC-MAIN-2025-30").mkdir(parents=True)
    listed = root / "mirror/crawl-data/CC-MAIN-2025-30/warc.paths.gz"
    listed.write_bytes(gzip.compress(b"../a/one.warc.gz\n"))
    asked = {"common_crawl": {"crawl": "CC-MAIN-2025-30", "files": 1, "base": "mirror"}}
    assert "a line that is no path" in refused(of(root, [], input=asked))
    (root / "mirror/one.warc.gz").write_bytes((root / "a/one.warc.gz").read_bytes())
    listed.write_bytes(gzip.compress(b"one.warc.gz\n"))
    resolve(of(root, [], input=asked))
    assert shards(root) == ["one"]


def test_synthetic_text_may_lie_elsewhere_too(root: Path, server: Server) -> None:
    server.files.content["/s/made.jsonl"] = b'{"id": "1", "text": "x"}\n'
    resolve(remote(root, server, "a/*", synthetic={"made": {"files": [f"{server.url}/s/made.jsonl"]}}))
    [row] = read_lines(root / "data/inputs/synthetic.jsonl")
    assert (row["shard"], row["url"]) == ("made.made", f"{server.url}/s/made.jsonl")


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
