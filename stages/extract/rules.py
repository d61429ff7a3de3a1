"""Why a record or page does not become a document: each rule names a reason, in the order in which they are held.

Rules see facts that others took; they know no stream, table or engine.
"""

import hashlib
from dataclasses import dataclass

from stages.extract.languages import Foreign
from stages.extract.pages import Look, Signals
from stages.extract.params import ExtractParams, Prefilter, Provenance
from stages.extract.records import Record

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
VAGUE_TYPES = frozenset(
    {
        *(None, "application/octet-stream", "application/x-unknown"),
        *("application/unknown", "unknown/unknown", "content/unknown"),
    }
)
MAX_REPLACED = 0.1  # share of characters that decoding had to replace
_SNIFF = 1024
_MARKS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<title", b"<meta", b"<div", b"<p>", b"<table", b"<h1")
_BINARY = (b"%PDF-", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"RIFF", b"\x00\x00\x01\x00")


@dataclass(frozen=True)
class Fail:
    """A rule that a record fails; the fields are those of a decision."""

    reason: str
    value: float | None = None
    bound: float | None = None
    related: str | None = None
    detail: str | None = None


def sampled_out(doc_id: str, sample: float) -> Fail | None:
    """Rejects all but a share of `sample` of all doc_ids, by hash."""
    point = int.from_bytes(hashlib.sha256(b"sample:" + doc_id.encode()).digest()[:6], "big") / 2**48
    return Fail("not_sampled", round(point, 4), sample) if point >= sample else None


def of_lists(reason: str, listed: str | None) -> list[Fail]:
    """What lists of urls say against a record; `listed` is the list and the kind of its entry."""
    if reason == "unlisted_url":
        return [Fail("unlisted_url", detail="on none of the lists that are to be kept")]
    return [Fail("blocked_url", detail=listed)]


def of_record(record: Record, params: ExtractParams) -> list[Fail]:
    """What a record's headers and bytes say against it."""
    if record.type == "revisit":
        return [Fail("revisit", detail="a revisit holds no page: the capture that it refers to does")]
    form = (_status(record, params), _not_html(record))
    content = (_oversize(record, params), _undecodable(record), _empty(record))
    return [fail for fail in (*form, *content) if fail]


def _status(record: Record, params: ExtractParams) -> Fail | None:
    status = record.body.status
    if not record.is_http or status in params.keep_status:
        return None
    return Fail("http_status", status, detail=None if status is not None else "no status line")


def _not_html(record: Record) -> Fail | None:
    media, start = record.body.content_type, record.body.payload[:_SNIFF]
    if media not in HTML_TYPES and media not in VAGUE_TYPES:
        return Fail("not_html", detail=f"header: {_printable(media)}")
    if any(start.startswith(mark) for mark in _BINARY):
        return Fail("not_html", detail="bytes: the mark of another format")
    if media in VAGUE_TYPES and start and not any(mark in start.lower() for mark in _MARKS):
        return Fail("not_html", detail="bytes: no sign of HTML, and no valid type that names a format")
    return None


def _printable(media: str | None) -> str:
    """A media type fit for a table: it comes from the page's server."""
    return "".join(c for c in (media or "")[:60] if c.isascii() and (c.isalnum() or c in "/+.-"))


def _oversize(record: Record, params: ExtractParams) -> Fail | None:
    size = record.body.oversize
    return Fail("oversize", size, params.max_page_bytes) if size is not None else None


def _undecodable(record: Record) -> Fail | None:
    return Fail("undecodable", detail=record.body.fault) if record.body.fault else None


def _empty(record: Record) -> Fail | None:
    body = record.body
    blank = not body.payload[:_SNIFF].strip() and not body.payload.strip()
    return Fail("empty_body", 0, 1) if blank and body.oversize is None and not body.fault else None


def of_look(look: Look, foreign: Foreign | None, params: ExtractParams) -> list[Fail]:
    """What the cheap look says against a page; `foreign` where its text is in no language of the prefilter."""
    return [*_of_form(look, params), *_of_prefilter(look, foreign, params.prefilter)]


def _of_form(look: Look, params: ExtractParams) -> list[Fail]:
    replaced = look.n_replaced / look.n_chars if look.n_chars else 0.0
    held = (
        Fail("undecodable", round(replaced, 4), MAX_REPLACED),
        Fail("too_many_nodes", look.n_nodes, params.max_nodes),
        Fail("too_deep", look.depth, params.max_depth),
    )
    return [fail for fail in held if fail.value is not None and fail.bound is not None and fail.value > fail.bound]


def _of_prefilter(look: Look, foreign: Foreign | None, bounds: Prefilter) -> list[Fail]:
    """A bound that is null is not held, and a page that was not read fails none."""
    fails = []
    if bounds.min_words is not None and look.n_words is not None and look.n_words < bounds.min_words:
        fails.append(Fail("prefilter_min_words", look.n_words, bounds.min_words))
    if foreign is not None:
        fails.append(Fail("prefilter_language", foreign.kept_score, foreign.bound, detail=foreign.language))
    return fails


def of_signals(said: Signals, share: float | None, own: bool | None, bounds: Provenance) -> list[Fail]:
    """What a page says about itself against its use. `share`: of hidden text; `own`: whether the canonical address is
    the record's. The detail quotes no page: a licence that is not Creative Commons is told as another one.
    """
    wishes = [name for name in said.wishes if name in bounds.wishes]
    held = (
        Fail("opted_out", detail=", ".join(wishes)) if wishes else None,
        _licence(said, bounds),
        Fail("hidden_text", share, bounds.max_hidden_share) if _above(share, bounds.max_hidden_share) else None,
        Fail("other_canonical", detail="the page names another address as its own")
        if bounds.own_canonical and own is False
        else None,
        _dated(said.page_date, bounds),
    )
    return [fail for fail in held if fail]


def _above(value: float | None, bound: float | None) -> bool:
    return value is not None and bound is not None and value > bound


def _licence(said: Signals, bounds: Provenance) -> Fail | None:
    if bounds.licences is None or (said.licence or "").startswith(tuple(bounds.licences)):
        return None
    name = said.licence or "none stated"
    shown = name if name == "none stated" or name.startswith(("CC-", "CC0-", "PDM-")) else "another licence"
    return Fail("licence_not_listed", detail=shown[:40])


def _dated(day: str | None, bounds: Provenance) -> Fail | None:
    outside = day is not None and ((bounds.earliest or day) > day or (bounds.latest or day) < day)
    return Fail("dated_outside", detail=day) if outside else None


def of_text(text: str, params: ExtractParams) -> list[Fail]:
    """What the main text says against its page."""
    if len(text) < params.min_text_chars:
        return [Fail("no_main_text", len(text), params.min_text_chars)]
    if len(text) > params.max_text_chars:
        return [Fail("text_too_long", len(text), params.max_text_chars)]
    return []
