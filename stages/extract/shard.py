"""One archive into documents: every record of interest and every damaged region gets exactly one decision.

Records are read one by one, what their headers rule out is decided at once, and the rest goes to the page reader in
batches: first a cheap look, then, for those that pass, the main text. Payloads live as long as their batch. Knows no
file, process or other shard: what other shards have to say comes as `forbidden`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import polars as pl

from stages.decisions import DETAIL_MAX
from stages.extract import ids, rules
from stages.extract.languages import Foreign, foreign
from stages.extract.pages import Answer, Extraction, Failure, Look, Page
from stages.extract.params import ExtractParams
from stages.extract.records import Damage, Record, Tally
from stages.extract.rules import Fail
from stages.extract.warc import read
from stages.fasttext_models import top_label
from stages.tokens import count_tokens
from stages.urls import host

BATCH_PAGES = 32
BATCH_BYTES = 32 << 20
ReadPages = Callable[[Sequence[Page]], Sequence[Answer]]
Forbidden = Mapping[str, tuple[str, str | None]]  # doc_id -> reason, kept twin
_TEXT, _INT, _REAL = pl.String, pl.Int64, pl.Float64
_LOOK: dict[str, Any] = {
    "doc_id": _TEXT,
    "http_status": _INT,
    "content_type": _TEXT,
    "encoding": _TEXT,
    "n_bytes": _INT,
    "n_words": _INT,
    "language": _TEXT,
    "language_score": _REAL,
}
_DOCUMENTS: dict[str, Any] = {
    "doc_id": _TEXT,
    "url": _TEXT,
    "host": _TEXT,
    "source": _TEXT,
    "text": _TEXT,
    "title": _TEXT,
    "language": _TEXT,
    "language_score": _REAL,
    "date": _TEXT,
    "extractor": _TEXT,
    "encoding": _TEXT,
    "n_chars": _INT,
    "n_tokens": _INT,
}
_DECISIONS: dict[str, Any] = {
    "doc_id": _TEXT,
    "keep": pl.Boolean,
    "reason": _TEXT,
    "value": _REAL,
    "bound": _REAL,
    "also": pl.List(_TEXT),
    "related_doc_id": _TEXT,
    "detail": _TEXT,
    "url": _TEXT,
    "record_type": _TEXT,
    "warc_file": _TEXT,
    "warc_offset": _INT,
}
_UNSEEN = Look("", 0, 0, 0, 0, "", None)
Row = tuple[Any, ...]


@dataclass(frozen=True)
class ShardFacts:
    """What an archive is called: its shard and source, the file's name, and the digest of its bytes."""

    shard: str
    source: str
    warc_file: str
    file_digest: str


@dataclass(frozen=True)
class Account:
    """Where every WARC header line of an archive went; see stages.extract.warc. `n_rows` counts decisions."""

    n_rows: int
    n_other_types: int
    n_headers_in_damage: int
    n_damaged: int
    n_embedded: int

    @property
    def n_headers(self) -> int:
        """The header lines that the terms explain: what an independent scan must have counted."""
        return self.n_rows - self.n_damaged + self.n_other_types + self.n_embedded + self.n_headers_in_damage


@dataclass(frozen=True)
class Extracted:
    """extract/look, extract/documents and extract/decisions of one archive, and its account."""

    tables: dict[str, pl.DataFrame]
    account: Account


@dataclass
class _Shard:
    """What is written while an archive is read. `decisions` has a place for every row from the moment it is met."""

    facts: ShardFacts
    params: ExtractParams
    model: str
    read_pages: ReadPages
    decisions: list[Row | None] = field(default_factory=list)
    look: list[Row] = field(default_factory=list)
    documents: list[Row] = field(default_factory=list)
    waiting: list[tuple[int, Record]] = field(default_factory=list)  # place among the decisions, record
    n_damaged: int = 0
    n_headers_in_damage: int = 0


def extract(
    stream: BinaryIO,
    facts: ShardFacts,
    params: ExtractParams,
    models: Mapping[str, str],
    forbidden: Forbidden,
    sample: float,
    read_pages: ReadPages,
) -> Extracted:
    """Read one archive (a seekable binary stream) to its tables.

    `forbidden` names the doc_ids that other shards or a takedown rule out; a repeat within the archive is found here.
    `models` needs `language`. `read_pages` gives one answer per page, in order. Raises NotAWarc for other files.
    """
    shard, tally, seen = _Shard(facts, params, models["language"], read_pages), Tally(), set[str]()
    for item in read(stream, params.max_page_bytes, tally):
        if isinstance(item, Damage):
            _damaged(shard, item)
            continue
        fails = _before_reading(item, seen, forbidden, sample) or rules.of_record(item, params)
        seen.add(item.doc_id)
        shard.decisions.append(_decision(item, fails, facts) if fails else None)
        if not fails:
            shard.waiting.append((len(shard.decisions) - 1, item))
            if _is_full(shard.waiting):
                _flush(shard)
    _flush(shard)
    return Extracted(_tables(shard), _account(shard, tally))


def _before_reading(record: Record, seen: set[str], forbidden: Forbidden, sample: float) -> list[Fail]:
    """Rules on the record's name alone: one that falls here is not looked at."""
    reason, related = forbidden.get(record.doc_id, (None, None))
    if record.doc_id in seen:
        return [Fail("repeated_record", related=record.doc_id)]
    if reason is not None:
        return [Fail(reason, related=related)]
    out = rules.sampled_out(record.doc_id, sample)
    return [out] if out else []


def _damaged(shard: _Shard, damage: Damage) -> None:
    shard.n_damaged += 1
    shard.n_headers_in_damage += damage.n_headers
    doc_id = ids.damage_id(shard.facts.file_digest, damage.offset, damage.inner)
    detail = f"{damage.why}; {damage.n_headers} WARC headers before offset {damage.end}"
    fail = Fail("damaged_region", damage.n_headers, detail=detail)
    shard.decisions.append(_row(doc_id, [fail], (None, None, shard.facts.warc_file, damage.offset)))


def _decision(record: Record, fails: Sequence[Fail], facts: ShardFacts) -> Row:
    return _row(record.doc_id, fails, (record.url, record.type, facts.warc_file, record.offset))


def _row(doc_id: str, fails: Sequence[Fail], place: Row) -> Row:
    if not fails:
        return (doc_id, True, None, None, None, [], None, None, *place)
    first, also = fails[0], list(dict.fromkeys(fail.reason for fail in fails[1:]))
    detail = first.detail[:DETAIL_MAX] if first.detail else None
    return (doc_id, False, first.reason, _real(first.value), _real(first.bound), also, first.related, detail, *place)


def _real(value: float | None) -> float | None:
    return None if value is None else float(value)


def _is_full(waiting: list[tuple[int, Record]]) -> bool:
    return len(waiting) >= BATCH_PAGES or sum(len(record.body.payload) for _, record in waiting) >= BATCH_BYTES


def _flush(shard: _Shard) -> None:
    """Look at the waiting pages, extract those that pass, and decide all of them."""
    waiting, shard.waiting = shard.waiting, []
    answers = shard.read_pages([_page(record, shard.params) for _, record in waiting]) if waiting else []
    looks = [answer if isinstance(answer, Look) else _UNSEEN for answer in answers]
    languages = top_label(shard.model, [look.text for look in looks])
    strangers = foreign(shard.model, looks, shard.params.prefilter.languages)
    passed: list[tuple[int, Record, Look]] = []
    for (place, record), answer, (language, score), stranger in zip(waiting, answers, languages, strangers):
        fails = _of_answer(answer, record, stranger, shard)
        shard.decisions[place] = _decision(record, fails, shard.facts)
        if isinstance(answer, Look):
            shard.look.append(_look_row(record, answer, language, score))
            passed += [] if fails else [(place, record, answer)]
    _extract_texts(shard, passed)


def _page(record: Record, params: ExtractParams, look: Look | None = None) -> Page:
    """The task for the page reader: the look, or the text once it is known in which encoding."""
    charset = look.encoding if look else record.body.charset
    limits = (params.max_nodes, params.max_depth)
    return Page(record.doc_id, record.url or "", record.body.payload, charset, "text" if look else "look", *limits)


def _of_answer(answer: Answer, record: Record, stranger: Foreign | None, shard: _Shard) -> list[Fail]:
    if isinstance(answer, Failure):
        detail = f"{answer.detail}; replay {shard.facts.warc_file} at {record.offset}"
        return [Fail(answer.kind, detail=detail)]
    if isinstance(answer, Look):
        return rules.of_look(answer, stranger, shard.params)
    return rules.of_text(answer.text, shard.params)


def _look_row(record: Record, look: Look, language: str, score: float) -> Row:
    known = look.n_words is not None
    spoken = (language, score) if known else (None, None)
    body = record.body
    return (record.doc_id, body.status, body.content_type, look.encoding, len(body.payload), look.n_words, *spoken)


def _extract_texts(shard: _Shard, passed: Sequence[tuple[int, Record, Look]]) -> None:
    """Write the documents of a batch; whatever gives no text is decided again."""
    answers = shard.read_pages([_page(record, shard.params, look) for _, record, look in passed]) if passed else []
    kept: list[tuple[Record, Look, Extraction]] = []
    for (place, record, look), answer in zip(passed, answers):
        fails = _of_answer(answer, record, None, shard)
        shard.decisions[place] = _decision(record, fails, shard.facts)
        if isinstance(answer, Extraction) and not fails:
            kept.append((record, look, answer))
    texts = [found.text for _, _, found in kept]
    for (record, look, found), language, tokens in zip(kept, top_label(shard.model, texts), count_tokens(texts)):
        shard.documents.append(_document(record, look, found, language, int(tokens), shard.facts))


def _document(
    record: Record, look: Look, found: Extraction, language: tuple[str, float], n_tokens: int, facts: ShardFacts
) -> Row:
    who = (record.doc_id, record.url, host(record.url), facts.source, found.text, found.title, *language)
    return (*who, record.date, found.extractor, look.encoding, len(found.text), n_tokens)


def _tables(shard: _Shard) -> dict[str, pl.DataFrame]:
    return {
        "extract/look": pl.DataFrame(shard.look, schema=_LOOK, orient="row"),
        "extract/documents": pl.DataFrame(shard.documents, schema=_DOCUMENTS, orient="row"),
        "extract/decisions": pl.DataFrame([row for row in shard.decisions if row], schema=_DECISIONS, orient="row"),
    }


def _account(shard: _Shard, tally: Tally) -> Account:
    """Places that nothing was written to would be missing here, and from the count that a gate compares."""
    n_rows = sum(row is not None for row in shard.decisions)
    return Account(n_rows, tally.n_other_types, shard.n_headers_in_damage, shard.n_damaged, tally.n_embedded)
