"""The release leaves well: its card, its Croissant description, its checksums, and readers that know nothing of us."""

import csv
import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest
import yaml

from pipelines import card, outputs
from pipelines.cards import fields
from pipelines.cards.words import inline
from pipelines.errors import BadInput, GateClosed
from stages import schemas


@pytest.fixture(scope="module")
def folder(pipeline, tmp_path_factory) -> Path:
    """The release with its card, as it would be handed on."""
    return card.export(pipeline.context(), tmp_path_factory.mktemp("out") / "release")


@pytest.fixture(scope="module")
def croissant(folder: Path) -> dict:
    return json.loads((folder / "croissant.json").read_text())


def head(folder: Path) -> dict:
    _, found, _ = (folder / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(found)


def section(folder: Path, title: str) -> str:
    return (folder / "README.md").read_text().split(f"## {title}\n")[1].split("\n## ")[0]


def test_polars_and_duckdb_read_the_release(pipeline, folder: Path) -> None:
    whole = pipeline.table("mix/documents")
    frame = pl.read_parquet(folder / "documents/*.parquet")
    assert frame.sort("doc_id", "copy").equals(whole.sort("doc_id", "copy"))
    told = f"select count(*), sum(n_tokens), count(provenance.generator) from '{folder}/documents/*.parquet'"
    synthetic = whole.filter(pl.col("provenance").struct.field("origin") == "synthetic").height
    assert duckdb.sql(told).fetchall() == [(whole.height, whole["n_tokens"].sum(), synthetic)]


@pytest.mark.skipif(
    importlib.util.find_spec("datasets") is None, reason="`datasets` is not installed: not a dependency"
)
def test_datasets_loads_the_release_by_its_card(folder: Path, pipeline, tmp_path: Path) -> None:
    code = f"import datasets; d = datasets.load_dataset({str(folder)!r}, split='train'); print(len(d), d.column_names)"
    env = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.strip() == f"{pipeline.table('mix/documents').height} {schemas.MIXTURE.names}"


@pytest.mark.skipif(importlib.util.find_spec("mlcroissant") is None, reason="`mlcroissant` is not installed")
def test_mlcroissant_reads_every_row(folder: Path, pipeline) -> None:
    import mlcroissant

    found = list(mlcroissant.Dataset(jsonld=str(folder / "croissant.json")).records("documents"))
    assert len(found) == pipeline.table("mix/documents").height


def test_croissant_has_what_version_1_0_asks_for(croissant: dict, folder: Path) -> None:
    """https://docs.mlcommons.org/croissant/docs/croissant-spec.html, required properties of each kind."""
    assert croissant["@type"] == "sc:Dataset"
    assert croissant["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert {"@context", "name", "description", "distribution", "recordSet"} <= set(croissant)
    assert croissant["@context"]["cr"] == "http://mlcommons.org/croissant/"
    objects = [d for d in croissant["distribution"] if d["@type"] == "cr:FileObject"]
    sets = [d for d in croissant["distribution"] if d["@type"] == "cr:FileSet"]
    for one in objects:
        assert {"@id", "name", "contentUrl", "encodingFormat", "sha256"} <= set(one)
        assert hashlib.sha256((folder / one["contentUrl"]).read_bytes()).hexdigest() == one["sha256"]
    assert len(objects) == len(list((folder / "documents").iterdir()))
    assert {"@id", "encodingFormat", "includes"} <= set(sets[0])
    assert {p.name for p in folder.glob(sets[0]["includes"])} == {o["name"] for o in objects}


def test_croissant_describes_every_column_and_no_other(croissant: dict) -> None:
    (records,) = croissant["recordSet"]
    found = {
        (f["source"]["extract"]["column"], f["source"].get("transform", {}).get("jsonPath")) for f in records["field"]
    }
    members = {("provenance", m.name) for m in schemas.MIXTURE.field("provenance").type}
    assert found == {(n, None) for n in schemas.MIXTURE.names if n != "provenance"} | members
    kinds = {"string": fields.TEXT, "large_string": fields.TEXT, "int64": fields.INTEGER}
    for one in fields.COLUMNS:
        assert one.kind == kinds[str(schemas.MIXTURE.field(one.name).type)], one.name
    ids = {f["@id"] for f in records["field"]}
    assert len(ids) == len(records["field"])
    assert {k["@id"] for k in records["key"]} <= ids


def test_checksums_are_those_of_the_files(folder: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "-c", "checksums.sha256"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": OK") == len(list((folder / "documents").iterdir()))


def test_the_head_is_what_hubs_read(folder: Path, pipeline) -> None:
    found = head(folder)
    assert found["configs"] == [{"config_name": "default", "data_files": "documents/*.parquet"}]
    assert found["license"] == "unknown"
    assert found["size_categories"] == ["n<1K"]
    kept = pipeline.table("toxicity/decisions").filter("keep").select("doc_id")
    languages = kept.join(pipeline.table("extract/documents"), on="doc_id")["language"]
    assert set(found["language"]) == set(languages)


def test_figures_are_those_of_the_release(folder: Path, pipeline) -> None:
    whole = pipeline.table("mix/documents")
    assert f"{whole.height:,} documents with {whole['n_tokens'].sum():,} tokens" in (folder / "README.md").read_text()
    by_source = whole.group_by("source").agg(n=pl.len(), t=pl.col("n_tokens").sum())
    for source, n, t in by_source.iter_rows():
        assert f"| {inline(source)} | " in section(folder, "Sources")
        assert f"| {n:,} | {t:,} |" in section(folder, "Sources")
    for stage in outputs.STAGES:
        for reason, lost in pipeline.ledger(stage)["reasons"].items():
            row = f"| {stage} | {inline(reason)} | {lost['documents']:,} | {lost['tokens']:,} |"
            assert row in section(folder, "How it was made")


def test_bounds_generators_and_the_verdict_are_told(folder: Path, pipeline) -> None:
    assert "quality.signals.word\\_count.min | 50 |" in section(folder, "Filters and their bounds")
    assert "dedup.threshold | 0.8 |" in section(folder, "Filters and their bounds")
    assert "toxicity.pii.email | email@example.com |" in section(folder, "Filters and their bounds")
    synthetic = pipeline.table("mix/synthetic")
    for generator in synthetic["generator"].drop_nulls().unique():
        assert inline(generator) in section(folder, "Synthetic text")
    verdict = json.loads((pipeline.root / "data/mix/collapse.json").read_text())["verdict"]
    assert f"**{verdict}**" in section(folder, "Synthetic text")
    emails = pipeline.table("toxicity/edits").filter(kind="email").height
    assert f"email ({emails:,} replaced)" in section(folder, "Personal data")
    assert "probability 0.998" in section(folder, "Known limits")


def test_nothing_is_made_up(folder: Path, croissant: dict) -> None:
    """What params.yaml does not state is asked for, and left out of Croissant."""
    assert "No contact is stated" in section(folder, "Takedowns")
    assert "not stated" in section(folder, "Licence")
    assert not {"license", "url", "version", "datePublished", "creator"} & set(croissant)


def test_what_params_state_stands_in_both(fresh, tmp_path: Path) -> None:
    fresh.raw["card"] = {
        "name": "tides <b>",
        "version": "1.2",
        "published": "2024-05-01",
        "creator": "The Tide Museum",
        "url": "https://tidemuseum.example/data",
        "licence": "CC-BY-4.0",
        "contact": "takedown@tidemuseum.example",
    }
    out = card.export(fresh.context(), tmp_path / "out")
    found = json.loads((out / "croissant.json").read_text())
    assert (found["license"], found["version"], found["datePublished"]) == ("CC-BY-4.0", "1.2", "2024-05-01")
    assert found["url"] == "https://tidemuseum.example/data"
    assert found["creator"]["name"] == "The Tide Museum"
    assert head(out)["license"] == "CC-BY-4.0"
    assert "takedown@tidemuseum.example" in section(out, "Takedowns")
    assert "# tides &lt;b&gt;" in (out / "README.md").read_text()


def test_hostile_provenance_is_inert(fresh, tmp_path: Path) -> None:
    row = {"id": "x", "text": "Some words. " * 20, "method": "rephrase", "generation_depth": 1, "decoding": {"t": 1}}
    row |= {"generator": "a|b <script>x</script> \u202e `c` jane@people.example", "licence": "[x](y)", "reference": "r"}
    path = fresh.root / "data/sample/synthetic/hostile.jsonl"
    path.write_text(json.dumps(row) + "\n")
    fresh.raw["mix"]["synthetic"] = {"hostile": {"files": ["data/sample/synthetic/hostile.jsonl"]}}
    fresh.run()
    out = card.export(fresh.context(), tmp_path / "out")
    for name in ("README.md", "croissant.json"):
        text = (out / name).read_text()
        assert "<script>" not in text
        assert "\u202e" not in text
        assert "jane@people.example" not in text
    assert "a\\|b &lt;script&gt;" in section(out, "Synthetic text")
    assert "\\[x\\](y)" in section(out, "Synthetic text")


def test_the_stage_writes_card_and_funnel_where_they_belong(fresh) -> None:
    card.run(fresh.context())
    rows = list(csv.DictReader((fresh.root / "data/reports/funnel.csv").open()))
    assert [r["step"] for r in rows] == ["records", *outputs.STAGES]
    assert int(rows[0]["documents"]) == fresh.ledger("extract")["documents"]["in"]
    for row in rows[1:]:
        assert int(row["documents"]) == fresh.ledger(row["step"])["documents"]["kept"]
        assert int(row["tokens"]) == fresh.ledger(row["step"])["tokens"]["kept"]
    assert sorted(p.name for p in (fresh.root / "data/card").iterdir()) == [
        "README.md",
        "checksums.sha256",
        "croissant.json",
    ]
    before = {p: p.read_bytes() for p in (fresh.root / "data/card").iterdir()}
    card.run(fresh.context())
    assert {p: p.read_bytes() for p in (fresh.root / "data/card").iterdir()} == before


def test_tables_elsewhere_are_named_as_they_are(empty, tmp_path: Path) -> None:
    empty.raw["run"]["store"] = str(tmp_path / "store")
    empty.raw["input"]["warcs"] = sorted(str(p) for p in (empty.root / "data/sample").glob("*.warc*"))[:1]
    empty.run()
    out = card.export(empty.context(), tmp_path / "out")
    assert subprocess.run(["sha256sum", "--quiet", "-c", "checksums.sha256"], cwd=out, check=False).returncode == 0
    assert pl.read_parquet(out / "documents/*.parquet").height == empty.table("mix/documents").height


def test_what_did_not_pass_has_no_card(fresh) -> None:
    (fresh.root / "data/gates/mix.open").unlink()
    with pytest.raises(GateClosed, match=r"data/gates/mix\.json"):
        card.run(fresh.context())
    assert not (fresh.root / "data/card").exists()


def test_a_stale_release_has_no_card(fresh, tmp_path: Path) -> None:
    path = fresh.root / "data/quality/manifest.jsonl"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(BadInput, match="STALE"):
        card.export(fresh.context(), tmp_path / "out")


def test_an_export_replaces_an_earlier_one_and_nothing_else(fresh, tmp_path: Path) -> None:
    out = card.export(fresh.context(), tmp_path / "out")
    (out / "documents/part-09999.parquet").write_text("left over")
    card.export(fresh.context(), out)
    assert not (out / "documents/part-09999.parquet").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("mine")
    with pytest.raises(BadInput, match="holds other files"):
        card.export(fresh.context(), tmp_path / "mine")
