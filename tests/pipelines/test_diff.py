"""Two runs side by side: from DVC's cache by the digests of dvc.lock, document by document where tables are at hand."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pipelines import diff
from pipelines.errors import BadInput
from pipelines.outputs import STAGES

ROOT = Path(__file__).resolve().parents[2]


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    done = subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def keep(cache: Path, content: bytes, suffix: str = "") -> str:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest() + suffix
    path = cache / "files/md5" / md5[:2] / md5[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return md5


def accept(pipeline) -> str:
    """What dvc and `pipelines.accept` leave: the cache, dvc.lock, ledgers in git. Returns the commit."""
    root, cache = pipeline.root, pipeline.root / ".run/dvc-cache"
    if not (root / ".git").exists():
        git(root, "init", "-q")
        (root / ".dvc").mkdir()
        shutil.copy(ROOT / ".dvc/config", root / ".dvc/config")
    lock: dict = {"schema": "2.0", "stages": {}}
    for stage in STAGES:
        outs = [
            {"path": f"data/{stage}/{n}", "md5": keep(cache, (root / "data" / stage / n).read_bytes())} for n in FILES
        ]
        folders = sorted({p.parent for p in (root / "data" / stage).rglob("*.parquet")})
        for folder in folders:
            files = [{"md5": keep(cache, p.read_bytes()), "relpath": p.name} for p in sorted(folder.glob("*.parquet"))]
            md5 = keep(cache, json.dumps(files).encode(), ".dir")
            outs.append({"path": str(folder.relative_to(root)), "md5": md5})
        lock["stages"][stage] = {"cmd": "x", "outs": outs}
    (root / "dvc.lock").write_text(yaml.safe_dump(lock))
    (root / "params.yaml").write_text(yaml.safe_dump(pipeline.raw, sort_keys=False))
    git(root, "add", "-f", "dvc.lock", "params.yaml", *(f"data/{s}/ledger.json" for s in STAGES))
    git(root, "commit", "-q", "-m", "accept")
    return git(root, "rev-parse", "HEAD")


FILES = ("manifest.jsonl", "census.jsonl")


@pytest.fixture(scope="module")
def two(pipeline, tmp_path_factory):
    """The sample accepted; then a run with another bound, almost no deduplication, a takedown, one archive less."""
    root = tmp_path_factory.mktemp("two") / "copy"
    one = pipeline.copy(root)
    accept(one)
    one.raw["quality"]["signals"]["word_count"]["min"] = shortest_copy(one)
    one.raw["dedup"]["threshold"] = 1.0
    one.raw["input"]["warcs"] = [str(p.relative_to(root)) for p in archives(root)[1:]]
    one.raw["input"]["takedowns"] = ["rainlog.example.org"]
    for stage in STAGES:
        one.raw["gates"][stage] = one.raw["gates"][stage] | {"reject_rate": {"max": 1.0}}
    (root / "params.yaml").write_text(yaml.safe_dump(one.raw, sort_keys=False))
    one.run(prune=True)
    return one, pipeline


def archives(root: Path) -> list[Path]:
    return sorted(p for p in (root / "data/sample").iterdir() if ".warc" in p.name)


def shortest_copy(pipeline) -> int:
    """Words of the shortest near copy: with it as a bound, copies stay and some others go."""
    near = pipeline.table("dedup/decisions").filter(reason="near_duplicate")
    words = pipeline.table("quality/signals/gopher").select("doc_id", "word_count")
    return int(near.join(words, on="doc_id")["word_count"].min())


@pytest.fixture(scope="module")
def found(two, tmp_path_factory):
    one, _ = two
    out = tmp_path_factory.mktemp("out")
    return diff.write(one.root, "baseline", "now", out), out


def released(pipeline) -> dict[str, int]:
    rows = pipeline.table("mix/decisions").filter("keep").select("doc_id")
    sizes = pipeline.table("mix/sizes").select("doc_id", "n_tokens")
    return dict(rows.join(sizes, on="doc_id").iter_rows())


def test_who_entered_and_left_document_by_document(two, found) -> None:
    before, after = released(two[1]), released(two[0])
    release = found[0]["release"]
    assert release["level"] == "documents"
    for name, one, other in (("entered", after, before), ("left", before, after)):
        gone = set(one) - set(other)
        assert gone, name
        assert release[name]["documents"] == len(gone)
        assert release[name]["tokens"] == sum(one[d] for d in gone)
        assert {r["doc_id"] for r in release[name]["first"]} == gone


def test_each_way_is_told_by_stage_and_reason(two, found) -> None:
    now = {"dedup": two[0].table("dedup/decisions"), "quality": two[0].table("quality/decisions")}
    left = {(r["stage"], r["reason"]): r["documents"] for r in found[0]["release"]["left"]["by"]["reason"]}
    entered = {(r["stage"], r["reason"]): r["documents"] for r in found[0]["release"]["entered"]["by"]["reason"]}
    before = set(released(two[1]))
    short = set(now["quality"].filter(reason="word_count_below")["doc_id"]) & before
    assert left["quality", "word_count_below"] == len(short) > 0
    assert left["extract", "takedown"] > 0
    assert left["inputs", "not in the input"] > 0
    assert entered["dedup", "near_duplicate"] > 0
    assert sum(left.values()) == found[0]["release"]["left"]["documents"]


def test_every_tally_adds_up(found) -> None:
    for name in ("entered", "left"):
        side = found[0]["release"][name]
        for key, rows in side["by"].items():
            assert sum(r["documents"] for r in rows) == side["documents"], (name, key)
            assert sum(r["tokens"] for r in rows) == side["tokens"], (name, key)
    assert {r["host"] for r in found[0]["release"]["left"]["by"]["host"]} >= {"rainlog.example.org"}


def test_the_recipe_and_the_funnel_of_both_sides(two, found) -> None:
    assert f"quality.signals.word_count.min: 50 -> {shortest_copy(two[1])}" in found[0]["recipe"]
    for step in found[0]["funnel"]:
        for i, pipeline in enumerate((two[1], two[0])):
            assert step["documents"][i] == pipeline.ledger(step["stage"])["documents"]
            assert step["tokens"][i] == pipeline.ledger(step["stage"])["tokens"]
    quality = next(s for s in found[0]["funnel"] if s["stage"] == "quality")
    ledgers = [p.ledger("quality")["reasons"].get("word_count_below") for p in (two[1], two[0])]
    assert quality["reasons"]["word_count_below"] == ledgers


def test_distributions_are_of_the_censuses(two, found) -> None:
    one = next(d for d in found[0]["distributions"] if d["column"].endswith("word_count"))
    assert one["n_before"] == two[1].table("extract/documents").height
    assert one["n_after"] == two[0].table("extract/documents").height
    assert not [d for d in found[0]["distributions"] if d["column"].endswith((".value", ".bound", ".ngram"))]


def test_the_page_stands_alone_and_holds_the_figures(found) -> None:
    html = (found[1] / "index.html").read_text()
    assert html.startswith("<!doctype html>")
    assert "http" not in html.replace("http-equiv", "").replace("http_status", "")
    assert "<script" not in html
    assert "word_count_below" in html
    assert json.loads((found[1] / "diff.json").read_text()) == json.loads(json.dumps(found[0]))


def test_the_same_again_byte_for_byte(two, found, tmp_path: Path) -> None:
    diff.write(two[0].root, "baseline", "now", tmp_path)
    for name in ("index.html", "diff.json"):
        assert (tmp_path / name).read_bytes() == (found[1] / name).read_bytes()


def test_a_side_with_itself_has_no_change(two, tmp_path: Path) -> None:
    for pair in (("HEAD", "baseline"), ("now", "now")):
        one = diff.write(two[0].root, *pair, tmp_path)
        assert one["release"]["entered"]["documents"] == one["release"]["left"]["documents"] == 0
        assert not any(d["moved"] for d in one["distributions"])
        assert one["recipe"] == []


def test_two_revisions_and_the_other_way_round(two, tmp_path: Path) -> None:
    root = two[0].root
    head = git(root, "rev-parse", "HEAD")
    forth = diff.write(root, head, "now", tmp_path)
    back = diff.write(root, "now", head[:10], tmp_path)
    assert forth["release"]["entered"] == back["release"]["left"]


def test_without_tables_counts_are_compared_and_without_censuses_ledgers(two, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(two[0].root, root)
    cache = root / ".run/dvc-cache/files/md5"
    for entry in cache.rglob("*.dir"):
        entry.unlink()
    by_counts = diff.write(root, "baseline", "now", tmp_path / "out")
    assert by_counts["release"]["level"] == "census"
    assert "data/mix/decisions/" in by_counts["release"]["because"]
    assert by_counts["distributions"]
    shutil.rmtree(cache)
    by_totals = diff.write(root, "baseline", "now", tmp_path / "out")
    assert by_totals["release"]["level"] == "ledger"
    assert by_totals["distributions"] == []
    assert [s["documents"] for s in by_totals["funnel"]] == [s["documents"] for s in by_counts["funnel"]]
    assert "censuses are gone" in (tmp_path / "out/index.html").read_text()


def test_a_document_that_only_moved_to_another_shard_stays(fresh, tmp_path: Path) -> None:
    one = fresh
    accept(one)
    for path in archives(one.root):
        path.rename(path.with_name("again-" + path.name.removeprefix("sample-")))
    one.raw["input"]["warcs"] = "data/sample/again-*.warc*"
    one.run(prune=True)
    found = diff.write(one.root, "baseline", "now", tmp_path / "out")
    assert found["release"]["entered"]["documents"] == found["release"]["left"]["documents"] == 0


def test_a_repeat_of_its_record_is_no_reason_to_leave(fresh, tmp_path: Path) -> None:
    """Extract rejects the repeat, under the same doc_id; the document itself left in quality."""
    accept(fresh)
    again = fresh.table("extract/decisions").filter(reason="repeated_record")["doc_id"]
    words = dict(fresh.table("quality/signals/gopher").select("doc_id", "word_count").iter_rows())
    doc_id = next(d for d in released(fresh) if d in set(again))
    fresh.raw["quality"]["signals"]["word_count"]["min"] = words[doc_id] + 1
    fresh.raw["gates"]["quality"]["reject_rate"] = {"max": 1.0}
    fresh.run()
    found = diff.write(fresh.root, "baseline", "now", tmp_path / "out")
    (row,) = [r for r in found["release"]["left"]["first"] if r["doc_id"] == doc_id]
    assert (row["stage"], row["reason"]) == ("quality", "word_count_below")


def test_a_store_outside_the_checkout_keeps_the_tables_of_both(empty, tmp_path: Path) -> None:
    one = empty
    one.raw["run"]["store"] = str(tmp_path / "store")
    one.raw["input"]["warcs"] = [str(archives(one.root)[0].relative_to(one.root))]
    one.run()
    accept(one)
    one.raw["quality"]["signals"]["word_count"]["min"] = 230
    one.run()
    found = diff.write(one.root, "baseline", "now", tmp_path / "out")
    assert found["release"]["level"] == "documents"
    assert found["release"]["left"]["documents"] > 0


def test_a_stale_side_is_named(fresh, tmp_path: Path) -> None:
    accept(fresh)
    fresh.raw["quality"]["signals"]["word_count"]["min"] = 120
    fresh.run(upto="quality")
    found = diff.write(fresh.root, "baseline", "now", tmp_path / "out")
    assert "STALE" not in found["before"]
    assert found["after"] == "now (STALE: dedup, toxicity, mix)"
    assert json.loads((tmp_path / "out/diff.json").read_text())["after"] == found["after"]
    assert found["after"] in (tmp_path / "out/index.html").read_text()
    assert found["after"] in diff.summary(found)
    accept(fresh)
    found = diff.write(fresh.root, "HEAD~1", "HEAD", tmp_path / "out")
    assert "STALE" not in found["before"]
    assert found["after"].endswith(" (STALE: dedup, toxicity, mix)")


def test_hostile_names_are_inert(two, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(two[0].root, root)
    census = root / "data/toxicity/census.jsonl"
    rows = [{"shard": "x", "metric": "language", "key": "<b>\u202eevil</b>|kept", "count": 1}]
    census.write_text(census.read_text() + json.dumps(rows[0], ensure_ascii=False) + "\n")
    diff.write(root, "baseline", "now", tmp_path / "out")
    html, plain = ((tmp_path / "out" / n).read_text() for n in ("index.html", "diff.json"))
    assert "evil" in html
    for text in (html, plain):
        assert "\u202e" not in text
    assert "<b>" not in html


def test_the_terminal_gets_sums(found) -> None:
    text = diff.summary(found[0])
    assert "by documents" in text
    assert "entered" in text
    assert all(c.isprintable() or c == "\n" for c in text)


def test_no_such_revision_and_no_baseline(pipeline, two, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no revision of this checkout"):
        diff.write(two[0].root, "--output=x", "now", tmp_path)
    git(tmp_path, "init", "-q")
    with pytest.raises(BadInput, match="no baseline"):
        diff.write(tmp_path, "baseline", "now", tmp_path)


def test_a_revision_before_any_run_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "params.yaml").write_text("{}")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "start")
    with pytest.raises(BadInput, match="neither HEAD nor now holds a run"):
        diff.write(tmp_path, "HEAD", "now", tmp_path / "out")
    assert not (tmp_path / "out").exists()
