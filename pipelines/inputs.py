"""`inputs`: what params.yaml names from outside, resolved to files and digests.

The only place where a listing enters. DVC deletes the outs before each run; the digests come from `.run/stat.sqlite`,
and those of files on other machines from the notes beside their copies (fetched).
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from pipelines import source_names, waivers
from pipelines.context import Context
from pipelines.entry import stage_main
from pipelines.errors import BadInput
from pipelines.files import write_lines
from pipelines.named import Named, Wanted, crawled, files
from stages.extract.members import refusal
from stages.mix.params import Reference


def main() -> int:
    """Resolve every input; exit 12 with all faults found, each naming its params key."""
    return stage_main("inputs", resolve)


def resolve(ctx: Context) -> None:
    """Write data/inputs/{warcs,synthetic,references,waivers,models,url_lists}.jsonl."""
    faults = [*source_names.faults(ctx.params.input, ctx.params.mix)]
    warcs = [*_warcs(ctx, faults)]
    synthetic = [*_synthetic(ctx, faults)]
    faults += _equal_names([*warcs, *synthetic])
    references = [*_references(ctx, faults)]
    faults += [*_equal_names(references), *_no_real_text(synthetic, references)]
    models = [*_models(ctx, faults)]
    lists = [*_url_lists(ctx, faults)]
    if faults:
        raise BadInput("\n".join(faults))
    for name, rows in (("warcs", warcs), ("synthetic", synthetic), ("models", models), ("url_lists", lists)):
        write_lines(ctx.store.data("inputs", f"{name}.jsonl"), rows)
    write_lines(ctx.store.data("inputs", "references.jsonl"), references)
    write_lines(ctx.store.data("inputs", "waivers.jsonl"), waivers.held(ctx.params.mix.waivers, waivers.today()))


Row = dict[str, str | int | bool]


def wanted(ctx: Context, faults: list[str]) -> list[Wanted]:
    """What the archives' keys name. Without names there is one source, `crawl`, and shards carry no prefix."""
    value, crawl = ctx.params.input.warcs, ctx.params.input.common_crawl
    if isinstance(value, dict):
        found = [Wanted(s, f"input.warcs.{s}", (v,) if isinstance(v, str) else v) for s, v in value.items()]
    else:
        found = [Wanted("crawl", "input.warcs", (value,) if isinstance(value, str) else value)]
    added = crawled(ctx, source_names.own_name(ctx.params.input), faults)
    return [*(want for want in found if want.patterns or crawl is None), *([added] if added else [])]


def _warcs(ctx: Context, faults: list[str]) -> Iterator[Row]:
    named = isinstance(ctx.params.input.warcs, dict)
    for file in files(ctx, wanted(ctx, faults), faults):
        fault = _no_warc(file)
        if fault:
            faults.append(f"{file.key}: {file.said(ctx.root)} {fault}")
            continue
        shard = (f"{file.source}." if named else "") + _shard(file.path.name)
        yield {"shard": shard, "source": file.source, "key": file.key, **_file(ctx, file)}


def _shard(name: str) -> str:
    for suffix in (".gz", ".zst", ".lz4"):
        name = name.removesuffix(suffix)
    return name.removesuffix(".warc").removesuffix(".arc")


def _shown(ctx: Context, path: Path) -> str:
    return str(path.relative_to(ctx.root)) if path.is_relative_to(ctx.root) else str(path)


def _file(ctx: Context, file: Named) -> Row:
    path = _shown(ctx, file.path)
    if file.copy is not None:
        return {"path": path, "url": file.said(ctx.root), "size": file.copy.size, "sha256": file.copy.sha256}
    return {"path": path, "size": file.path.stat().st_size, "sha256": ctx.stat.digest(file.path)}


def _no_warc(file: Named) -> str:
    """Why the file cannot be an archive, judged by its beginning; empty where it may be one."""
    if file.copy is not None and not file.path.is_file():
        return ""  # it was judged when it was brought
    try:
        with file.path.open("rb") as stream:
            return refusal(stream)
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _equal_names(rows: list[Row]) -> list[str]:
    """Shards are known by name alone: of two with one name, one would be lost without a word."""
    first: dict[str, Row] = {}
    faults = []
    for row in rows:
        other = first.setdefault(str(row["shard"]), row)
        if other is not row:
            keys = " and ".join(dict.fromkeys(str(each["key"]) for each in (other, row)))
            cure = "rename one, or name sources" if str(row["key"]).startswith("input.") else "rename one"
            faults.append(f"{keys}: {_said(other)} and {_said(row)} would both be shard {row['shard']!r}; {cure}")
    return faults


def _no_real_text(synthetic: list[Row], references: list[Row]) -> list[str]:
    """References that are a synthetic file, under any name: beside itself no text has lost anything."""
    made = {row["sha256"]: row for row in reversed(synthetic)}
    return [
        f"{row['key']}: {_said(row)} has the sha256 of {_said(one)}, which {one['key']} names; a reference is real text"
        for row in references
        if (one := made.get(row["sha256"])) is not None
    ]


def _said(row: Row) -> str:
    return str(row.get("url", row["path"]))


def _synthetic(ctx: Context, faults: list[str]) -> Iterator[Row]:
    enabled = {source: spec for source, spec in ctx.params.mix.synthetic.items() if spec.enabled}
    asked = [Wanted(source, f"mix.synthetic.{source}.files", spec.files) for source, spec in enabled.items()]
    for file in _tables(ctx, asked, faults):
        name = file.path.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(".parquet")
        yield {"shard": f"{file.source}.{name}", "source": file.source, "key": file.key, **_file(ctx, file)}


def _references(ctx: Context, faults: list[str]) -> Iterator[Row]:
    """Files of real text that synthetic sources are held against."""
    asked = [
        Wanted(source, f"mix.synthetic.{source}.reference.files", spec.reference.files)
        for source, spec in ctx.params.mix.synthetic.items()
        if spec.enabled and isinstance(spec.reference, Reference) and spec.reference.files
    ]
    for file in _tables(ctx, asked, faults):
        shard = f"reference.{file.source}.{file.path.name}"
        yield {"shard": shard, "source": file.source, "key": file.key, **_file(ctx, file)}


def _tables(ctx: Context, asked: list[Wanted], faults: list[str]) -> Iterator[Named]:
    """The files of rows that are named; others are faults."""
    for file in files(ctx, asked, faults):
        if file.path.name.endswith((".jsonl", ".parquet", ".jsonl.gz")):
            yield file
        else:
            faults.append(f"{file.key}: {file.said(ctx.root)} is neither .jsonl, .jsonl.gz nor .parquet")


def _models(ctx: Context, faults: list[str]) -> Iterator[Row]:
    for name, model in ctx.params.input.models.items():
        path = ctx.root / model.path
        if not path.is_file():
            faults.append(f"input.models.{name}.path: {model.path} is missing")
            continue
        found = ctx.stat.digest(path)
        if found != model.sha256:
            faults.append(
                f"input.models.{name}.sha256: {model.path} has sha256 {found}, params.yaml says {model.sha256}"
            )
            continue
        yield {"name": name, "path": _shown(ctx, path), "sha256": found}


def _url_lists(ctx: Context, faults: list[str]) -> Iterator[Row]:
    if ctx.params.input.url_lists:
        from pipelines import named_lists  # brings NumPy and Polars

        yield from named_lists.rows(ctx, faults)


if __name__ == "__main__":
    sys.exit(main())
