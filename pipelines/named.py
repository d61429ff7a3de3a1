"""Names in params.yaml become files: paths, globs and URIs of this machine, http, https and s3, and crawls by number.

What lies elsewhere is copied under `.run/remote` (or `<run.store>/remote`) before anything else is done with it, since
a file is known by its sha256. Order is that of params.yaml, and of names within a pattern. Knows no format.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipelines import common_crawl, remote
from pipelines.context import Context
from pipelines.errors import BadInput, Infrastructure, Stop
from pipelines.fetched import Copies, Copy, each, shown
from pipelines.files import matching

CRAWL_KEY = "input.common_crawl"


@dataclass(frozen=True)
class Wanted:
    """What one params key names for one source."""

    source: str
    key: str
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Named:
    """One file. `copy` null: it lies on this machine. Its path may name no file where the copy is no longer held."""

    source: str
    key: str
    path: Path
    copy: Copy | None = None
    url: str | None = None

    def said(self, root: Path) -> str:
        """The file as messages name it."""
        if self.url is not None:
            return shown(self.url)
        return str(self.path.relative_to(root)) if self.path.is_relative_to(root) else str(self.path)


def copies(ctx: Context) -> Copies:
    """Where copies of this checkout lie."""
    base = ctx.store.tables if ctx.store.named_by_digest else ctx.run_dir
    return Copies(base / "remote", ctx.params.run.fetch)


def files(ctx: Context, wanted: Iterable[Wanted], faults: list[str]) -> list[Named]:
    """Every file that is named, once, those of other machines brought. Adds to `faults` what cannot be used.

    Raises Infrastructure where another machine cannot be reached.
    """
    found = [one for want in wanted for one in _unique(want, _targets(ctx, want, faults))]
    brought = _bring(ctx, [(key, target) for _, key, target in found if isinstance(target, str)], faults)
    out = []
    for source, key, target in found:
        if isinstance(target, Path):
            out.append(Named(source, key, target))
        elif target in brought:
            out.append(Named(source, key, brought[target].path, brought[target], target))
    return out


def crawled(ctx: Context, source: str, faults: list[str]) -> Wanted | None:
    """The archives of the crawl that input.common_crawl names, as a source of their own or added to `source`."""
    asked = ctx.params.input.common_crawl
    if asked is None:
        return None
    try:
        place = common_crawl.list_of(asked)
        local = not remote.is_remote(place)
        path = ctx.root / place if local else copies(ctx).bring(place, present=True).path
        return Wanted(source, CRAWL_KEY, tuple(common_crawl.chosen(asked, path)))
    except BadInput as error:
        faults.append(f"{CRAWL_KEY}: {error}")
    except Infrastructure as error:
        raise Infrastructure(f"{CRAWL_KEY}: {error}") from error
    return None


def _unique(want: Wanted, targets: Iterator[Path | str]) -> Iterator[tuple[str, str, Path | str]]:
    return ((want.source, want.key, target) for target in dict.fromkeys(targets))


def _targets(ctx: Context, want: Wanted, faults: list[str]) -> Iterator[Path | str]:
    """Paths of this machine and addresses of others, as the patterns name them."""
    if not want.patterns:
        faults.append(f"{want.key}: names no file")
    for pattern in want.patterns:
        scheme = urlsplit(pattern).scheme
        if scheme in remote.SCHEMES:
            yield from _listed(ctx, want.key, pattern, faults)
            continue
        if len(scheme) > 1 and scheme != "file":
            faults.append(f"{want.key}: {pattern!r}: {scheme} is not read; http, https, s3 and files are")
            continue
        found = matching(ctx.root, unquote(urlsplit(pattern).path) if scheme == "file" else pattern)
        if not found:
            faults.append(f"{want.key}: {pattern!r} matches no file")
        yield from found


def _listed(ctx: Context, key: str, pattern: str, faults: list[str]) -> list[str]:
    """Addresses that a remote pattern names. Only s3 can be asked for a list."""
    if not pattern.startswith("s3:") and "*" in urlsplit(pattern).path:
        faults.append(f"{key}: {shown(pattern)!r}: http cannot list files; name each, or use s3 or {CRAWL_KEY}")
        return []
    try:
        found = remote.listing(pattern, ctx.params.run.fetch)
    except BadInput as error:
        faults.append(f"{key}: {shown(pattern)}: {error}")
        return []
    except remote.Broken as error:
        raise Infrastructure(f"{key}: {shown(pattern)}: cannot be listed: {error}") from error
    if not found:
        faults.append(f"{key}: {shown(pattern)!r} matches no file")
    return found


def _bring(ctx: Context, urls: list[tuple[str, str]], faults: list[str]) -> dict[str, Copy]:
    """Bring each address, some at once; say how far it is, since the first run may take hours."""
    keys = {url: key for key, url in reversed(urls)}

    def done(count: int, copy: Copy) -> None:
        if copy.was_read:
            size = f"{copy.size / 1e6:.1f} MB"
            print(f"inputs: {count} of {len(keys)} remote files, {copy.path.name} {size}", file=sys.stderr)

    found = each(copies(ctx), list(keys), done) if keys else {}
    unreached = []
    for url, key in keys.items():
        error = found[url]
        if isinstance(error, BadInput):
            faults.append(f"{key}: {error}")
        elif isinstance(error, Stop):
            unreached.append(f"{key}: {error}")
        elif isinstance(error, Exception):
            raise error
    if unreached:
        raise Infrastructure("\n".join(unreached))
    return {url: copy for url, copy in found.items() if isinstance(copy, Copy)}
