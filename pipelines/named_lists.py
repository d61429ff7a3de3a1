"""Lists of urls as params.yaml names them: found, their digests held against params, and made into one file.

Knows no entry and no url; pipelines/url_lists.py does.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipelines import remote
from pipelines.context import Context
from pipelines.errors import BadInput, Infrastructure
from pipelines.named import copies
from pipelines.url_lists import Source, compiled, source
from stages.params import UrlList


def rows(ctx: Context, faults: list[str]) -> Iterator[dict[str, str | int]]:
    """A row per list of params, each with the file that holds them all; what is wrong goes to `faults` with its key."""
    sources = [one for name, spec in ctx.params.input.url_lists.items() if (one := _checked(ctx, name, spec, faults))]
    if faults or not sources:
        return
    try:
        path, read = compiled(ctx.run_dir / "url_lists", sources)
    except BadInput as error:
        faults.append(f"input.url_lists.{error}")
        return
    for one in sources:
        n_entries, n_skipped = read[one.name]
        counts: dict[str, str | int] = {"entries": n_entries, "skipped": n_skipped}
        yield {"name": one.name, "use": one.use, "sha256": one.sha256, **counts, "table": path.name}


def _checked(ctx: Context, name: str, spec: UrlList, faults: list[str]) -> Source | None:
    where = f"input.url_lists.{name}"
    if remote.is_remote(spec.path) and spec.sha256 is None:
        faults.append(f"{where}.sha256: is needed, since {spec.path} may change where it lies")
        return None
    try:
        found = source(name, spec.use, _place(ctx, spec.path), ctx.stat)
    except BadInput as error:
        faults.append(f"{where}.path: {error}")
        return None
    except Infrastructure as error:
        raise Infrastructure(f"{where}.path: {error}") from error
    if spec.sha256 not in (None, found.sha256):
        faults.append(f"{where}.sha256: {spec.path} has sha256 {found.sha256}, params.yaml says {spec.sha256}")
    return found


def _place(ctx: Context, path: str) -> Path:
    """Where a list lies: on this machine, or the copy of what lies elsewhere."""
    if remote.is_remote(path):
        return copies(ctx).bring(path, present=True).path
    parts = urlsplit(path)
    if "://" in path and parts.scheme != "file":
        raise BadInput(f"{path!r}: {parts.scheme} is not read; http, https, s3 and files are")
    return ctx.root / (unquote(parts.path) if parts.scheme == "file" else path)
