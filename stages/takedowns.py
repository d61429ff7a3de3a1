"""Takedowns: which records and documents must not appear, by urls, hosts and doc_ids as people write them.

What is equal as it stands matches in any case; beyond that both sides are compared in the normal forms of stages.urls.
"""

import re
from collections.abc import Iterator, Sequence

import polars as pl

from stages.urls import ascii_host, form, page

_HOST = re.compile(r"(?:\*?\.)?([^\s/?#@:]+|\[[\da-fA-F:.]+\])(?::\d*)?/?")


def taken(rows: pl.DataFrame, takedowns: Sequence[str]) -> pl.Series:
    """Whether each row of doc_id, url and host is taken down; url and host may be null.

    `example.org` (also `*.example.org`, `example.org/`) is a host with all below it, in Unicode or punycode. What has a
    scheme or a path, `https://example.org/a?b=1` or `example.org/a`, is that url alone: scheme, user, port, fragment,
    `www.`, upper case, percent signs and a slash at the end make no difference, its query does.
    """
    exact = ids(takedowns)
    hosts = {*(name for name in takedowns if "/" not in name), *filter(None, map(_host, exact))} - {""}
    pages = {one for name in exact if (one := _page(name))}
    on = {name for name, _, _ in pages}
    names = rows["host"].drop_nulls().unique().to_list()
    below = [name for name in names if any(one in hosts for one in _above(name))]
    asked = [name for name in names if ascii_host(name).removeprefix("www.") in on]
    urls = rows.filter(pl.col("host").is_in(asked))["url"].unique().to_list()
    same = [url for url in urls if page(url or "") in pages]
    found = pl.col("doc_id").is_in(exact) | pl.col("url").is_in(exact + same) | pl.col("host").is_in(exact + below)
    return rows.select(taken=found.fill_null(False))["taken"]


def ids(takedowns: Sequence[str]) -> list[str]:
    """The entries as written, and in lower case without blanks at their ends, as doc_ids are."""
    return sorted({one for name in takedowns for one in (name, name.strip(), name.strip().lower())} - {""})


def _host(entry: str) -> str | None:
    told = _HOST.fullmatch(entry)
    parts = form(f"http://{told[1]}") if told else None
    return parts[0] if parts else None


def _page(entry: str) -> tuple[str, str, str] | None:
    if "://" in entry:
        return page(entry)
    is_url = ("/" in entry or "?" in entry) and not _HOST.fullmatch(entry)
    return page(f"http://{entry.removeprefix('//')}") if is_url else None


def _above(name: str) -> Iterator[str]:
    """The host and those above it, as it stands and in punycode."""
    for own in {name, ascii_host(name)}:
        labels = own.split(".")
        yield from (".".join(labels[at:]) for at in range(len(labels)))
