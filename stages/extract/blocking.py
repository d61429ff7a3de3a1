"""Is a url on a list? Entries and urls become the same 64-bit names, so that a question costs a handful of look-ups.

An entry is a host (with all hosts below it), a path on a host (with all paths below it) or a full url. Schemes, ports,
users, fragments, a leading `www.` and upper case make no difference. Knows no file; lists come as sorted arrays.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stages import schemas
from stages.urls import form, registered_domain

Use = Literal["block", "allow", "only"]
MAX_LABELS = 12  # of a host, and segments of a path, that are asked after: what lies deeper is under one of these
_PLAIN = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_HOSTS_FILE = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+(\S+)")
_KINDS = {"d": "host", "p": "path", "u": "url"}


class Name(NamedTuple):
    """A way to name a url: `d` host, `p` path prefix or `u` full url, and its normal form."""

    kind: str
    text: str


@dataclass(frozen=True)
class Lists:
    """Entries of all lists of one use. `keys` is sorted; `owners` says which of `names` an entry belongs to."""

    keys: NDArray[np.uint64]
    owners: NDArray[np.uint16]
    names: tuple[str, ...]


def key(name: Name) -> int:
    """64 bits of a hash: with 5 x 10^6 entries and 20 names of a url, less than one in 10^11 is taken for another."""
    return int.from_bytes(hashlib.blake2b(f"{name.kind}:{name.text}".encode(), digest_size=8).digest(), "little")


def entry(line: str) -> Name | None:
    """A line of a list as a name; null for blanks, comments and what is neither host, path nor url.

    `example.org` is a host with all below it (as are `*.example.org`, `.example.org` and a line of a hosts file),
    `example.org/a` a path with all below it, `https://example.org/a?b=1` that url alone.
    """
    text = line.partition("#")[0].strip() if line.lstrip()[:1] == "#" or " #" in line else line.strip()
    if _PLAIN.fullmatch(text):
        return Name("d", text)
    told = _HOSTS_FILE.fullmatch(text)
    text = (told[1] if told else text).removeprefix("*.").removeprefix(".")
    full, shown = "://" in text, text if "://" in text else f"http://{text}"
    parts = form(shown)
    if not text or " " in text or parts is None:
        return None
    name, path, query = parts
    if full:
        return Name("u", name.removeprefix("www.") + path + query)
    if "/" not in text and "?" not in text:
        return Name("d", name)
    return Name("p", (name.removeprefix("www.") + path + query).rstrip("/"))


def names(url: str) -> list[Name]:
    """Every name under which a list may hold this url: itself, its path and those above, its host and those above.

    The hosts above end with the registered domain: an entry `co.uk` is that host, not all of Britain.
    """
    parts = form(url)
    if parts is None:
        return []
    name, path, query = parts
    bare = name.removeprefix("www.")
    above = [Name("p", bare + prefix) for prefix in _prefixes(path)]
    whole = [Name("u", bare + path + query), *([Name("p", bare + path + query)] if query else [])]
    return [*whole, *above, *(Name("d", one) for one in _hosts(name))]


def _prefixes(path: str) -> Iterator[str]:
    """The path and all above it, without a slash at the end: "/a/b/", "/a", ""."""
    parts = path.rstrip("/").split("/")[: MAX_LABELS + 1]
    return ("/".join(parts[:n]) for n in range(len(parts), 0, -1))


def _hosts(name: str) -> Iterator[str]:
    top = registered_domain(name)
    own = name.split(".")
    floor = len((top or name).split("."))
    for start in range(max(0, len(own) - MAX_LABELS - floor), len(own) - floor + 1):
        yield ".".join(own[start:])


def found(urls: Sequence[str], lists: Lists) -> list[tuple[str, str] | None]:
    """(list, host, path or url) of the first name of each url that a list holds; null where none does."""
    named = [names(url) for url in urls]
    keys = np.array([key(name) for some in named for name in some], np.uint64)
    places = np.searchsorted(lists.keys, keys)
    hits = np.zeros(len(keys), bool)
    inside = places < len(lists.keys)
    hits[inside] = lists.keys[places[inside]] == keys[inside]
    out, at = [], 0
    for some in named:
        first = next((i for i in range(len(some)) if hits[at + i]), None)
        owner = None if first is None else lists.names[int(lists.owners[places[at + first]])]
        out.append(None if owner is None or first is None else (owner, _KINDS[some[first].kind]))
        at += len(some)
    return out


def blocked(records: pl.DataFrame, lists: Mapping[Use, Lists]) -> pl.DataFrame:
    """The extract/blocked table: records that a list speaks against, each doc_id once, with list and kind of entry.

    A url on an `allow` list is never blocked. Where there are `only` lists, a url on none of them is `unlisted_url`.
    """
    rows = records.drop_nulls("doc_id").unique("doc_id", keep="first", maintain_order=True)
    urls = [url or "" for url in rows["url"].to_list()]
    answers = {use: found(urls, own) for use, own in lists.items()}
    none: list[tuple[str, str] | None] = [None] * len(urls)
    allowed, against = answers.get("allow", none), answers.get("block", none)
    listed = answers.get("only", [("", "")] * len(urls))
    out: list[tuple[str, str, str | None, str | None]] = []
    for doc_id, free, block, member in zip(rows["doc_id"].to_list(), allowed, against, listed):
        if block and not free:
            out.append((doc_id, "blocked_url", *block))
        elif member is None and not free:
            out.append((doc_id, "unlisted_url", None, None))
    return pl.DataFrame(out, schema=dict.fromkeys(schemas.BLOCKED.names, pl.String), orient="row")
