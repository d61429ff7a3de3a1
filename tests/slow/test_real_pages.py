"""All real pages through all gates, twice, and every real archive file, good or broken."""

import gzip
import json
import os
from pathlib import Path

import pytest

from pipelines.errors import BadInput, GateClosed
from pipelines.outputs import STAGES

CORPORA = Path(os.environ["SLUICEGATE_CORPORA"])
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CORPORA.is_dir(), reason="SLUICEGATE_CORPORA names no folder: no real pages to run"),
]


def prepare(pipeline, warcs: object) -> None:
    pipeline.raw["input"]["warcs"] = warcs
    pipeline.raw["mix"]["synthetic"] = {}
    for gate in ("extract", "quality", "dedup", "toxicity", "mix"):
        pipeline.raw["gates"][gate]["reject_rate"] = {"max": 1.0}
        pipeline.raw["gates"][gate].update(min_rows=0, reject={}, languages={})


def test_all_real_pages_twice(empty, tmp_path: Path) -> None:
    html = {p.name.replace("-", "_"): [str(p / "*.warc.gz")] for p in sorted((CORPORA / "html").iterdir())}
    prepare(empty, html | {"crawl": [str(CORPORA / "crawl" / "*.warc.gz")]})
    empty.run()
    first = empty.manifests()
    for stage in STAGES:
        ledger = empty.ledger(stage)
        print(stage, ledger["documents"], ledger["tokens"], {r: v["documents"] for r, v in ledger["reasons"].items()})
    again = type(empty)(tmp_path / "again", empty.raw)
    again.run()
    assert again.manifests() == first


def archives() -> list[Path]:
    folder = CORPORA / "real-warcs"
    return sorted(p for p in folder.rglob("*") if p.is_file() and "inventory" not in p.name) if folder.is_dir() else []


@pytest.mark.parametrize("path", archives(), ids=lambda p: p.name)
def test_every_real_archive_ends_in_decisions_or_a_clear_refusal(empty, path: Path) -> None:
    prepare(empty, [str(path)])
    try:
        empty.run()
    except BadInput as refused:
        assert "input.warcs: " in str(refused)
        assert path.name in str(refused)
        print(path.name, refused)
        return
    except GateClosed as closed:
        raise AssertionError(str(closed)) from closed
    account = empty.ledger("extract")["account"]
    print(path.name, account, {r: v["documents"] for r, v in empty.ledger("extract")["reasons"].items()})
    assert account["n_headers"] > 0


def test_the_inventory_is_met() -> None:
    rows = [json.loads(line) for line in gzip.open(CORPORA / "real-warcs/inventory.jsonl.gz", "rt")]
    assert len(rows) == len(archives())
