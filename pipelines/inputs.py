"""`inputs`: what params.yaml names from outside, resolved to files and digests.

The only place where a listing enters. DVC deletes the outs before each run; the digests come from `.run/stat.sqlite`.
"""

import gzip
import sys
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipelines.context import Context
from pipelines.entry import stage_main
from pipelines.errors import BadInput
from pipelines.files import matching, write_lines

HEAD = 1 << 16
UNREAD = {b"\x28\xb5\x2f\xfd": "zstd", b"\x5d\x2a\x4d\x18": "zstd", b"\x04\x22\x4d\x18": "lz4"}


def main() -> int:
    """Resolve every input; exit 12 with all faults found, each naming its params key."""
    return stage_main("inputs", resolve)


def resolve(ctx: Context) -> None:
    """Write data/inputs/{warcs,synthetic,models}.jsonl."""
    faults: list[str] = []
    warcs = [*_warcs(ctx, faults)]
    faults += _equal_names(warcs)
    synthetic = [*_synthetic(ctx, faults)]
    models = [*_models(ctx, faults)]
    if faults:
        raise BadInput("\n".join(faults))
    for name, rows in (("warcs", warcs), ("synthetic", synthetic), ("models", models)):
        write_lines(ctx.store.data("inputs", f"{name}.jsonl"), rows)


Row = dict[str, str | int | bool]


def sources(ctx: Context) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Source -> (params key, patterns). Without names there is one source, `crawl`, and shards carry no prefix."""
    value = ctx.params.input.warcs
    if isinstance(value, dict):
        return {s: (f"input.warcs.{s}", (v,) if isinstance(v, str) else v) for s, v in value.items()}
    return {"crawl": ("input.warcs", (value,) if isinstance(value, str) else value)}


def _warcs(ctx: Context, faults: list[str]) -> Iterator[Row]:
    named = isinstance(ctx.params.input.warcs, dict)
    for source, (key, patterns) in sources(ctx).items():
        for path in _files(ctx, key, patterns, faults):
            fault = _no_warc(path)
            if fault:
                faults.append(f"{key}: {_shown(ctx, path)} {fault}")
                continue
            shard = (f"{source}." if named else "") + _shard(path.name)
            yield {"shard": shard, "source": source, "key": key, **_file(ctx, path)}


def _files(ctx: Context, key: str, patterns: tuple[str, ...], faults: list[str]) -> Iterator[Path]:
    if not patterns:
        faults.append(f"{key}: names no file")
    seen: set[Path] = set()
    for pattern in patterns:
        scheme = urlsplit(pattern).scheme
        if len(scheme) > 1 and scheme != "file":
            faults.append(f"{key}: {pattern!r}: only files of this machine can be read; fetch it and name the path")
            continue
        found = matching(ctx.root, unquote(urlsplit(pattern).path) if scheme == "file" else pattern)
        if not found:
            faults.append(f"{key}: {pattern!r} matches no file")
        yield from (path for path in found if path not in seen)
        seen.update(found)


def _shard(name: str) -> str:
    for suffix in (".gz", ".zst", ".lz4"):
        name = name.removesuffix(suffix)
    return name.removesuffix(".warc").removesuffix(".arc")


def _shown(ctx: Context, path: Path) -> str:
    return str(path.relative_to(ctx.root)) if path.is_relative_to(ctx.root) else str(path)


def _file(ctx: Context, path: Path) -> Row:
    return {"path": _shown(ctx, path), "size": path.stat().st_size, "sha256": ctx.stat.digest(path)}


def _no_warc(path: Path) -> str:
    """Why the file cannot be a WARC, judged by its first bytes; empty where it may be one."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if head[:2] == gzip.compress(b"")[:2]:
        head = zlib.decompressobj(wbits=31).decompress(head, 1 << 10) if _intact(head) else b"WARC/"
    elif head[:4] in UNREAD:
        return f"is compressed with {UNREAD[head[:4]]}, which is not read yet: recompress it with gzip"
    if head.lstrip().startswith(b"WARC/"):
        return ""
    kind = "is an ARC file, which is not read yet" if head.startswith(b"filedesc:") else "is no WARC file"
    return kind if head else "is empty"


def _intact(head: bytes) -> bool:
    """A damaged first member is damage, not a wrong file: the extractor accounts for it."""
    try:
        zlib.decompressobj(wbits=31).decompress(head, 1 << 10)
    except zlib.error:
        return False
    return True


def _equal_names(warcs: list[Row]) -> list[str]:
    first: dict[str, Row] = {}
    faults = []
    for row in warcs:
        other = first.setdefault(str(row["shard"]), row)
        if other is not row:
            faults.append(
                f"{row['key']}: {other['path']} and {row['path']} would both be shard {row['shard']!r}; "
                "rename one, or name sources"
            )
    return faults


def _synthetic(ctx: Context, faults: list[str]) -> Iterator[Row]:
    for source, spec in ctx.params.mix.synthetic.items():
        if not spec.enabled:
            continue
        key = f"mix.synthetic.{source}.files"
        for path in _files(ctx, key, spec.files, faults):
            if path.suffix not in (".jsonl", ".parquet") and not path.name.endswith(".jsonl.gz"):
                faults.append(f"{key}: {_shown(ctx, path)} is neither .jsonl, .jsonl.gz nor .parquet")
                continue
            name = path.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(".parquet")
            yield {"shard": f"{source}.{name}", "source": source, "key": key, **_file(ctx, path)}


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


if __name__ == "__main__":
    sys.exit(main())
