"""One archive into documents: every record of interest and every damaged region gets exactly one decision.

Records are read one by one, what their headers rule out is decided at once, and the rest goes to the page reader in
batches: first a cheap look, then, for those that pass, the main text. Payloads live as long as their batch. Knows no
file, process or other shard: what other shards have to say comes as `forbidden`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, BinaryIO

import polars as pl

from stages import schemas
from stages.decisions import DETAIL_MAX
from stages.extract import ids, rules
from stages.extract.languages import Foreign, foreign
from stages.extract.pages import Answer, Extraction, Failure, Look, Page, Signals
from stages.extract.params import ExtractParams
from stages.extract.provenance import hidden_share, with_headers
from stages.extract.records import Damage, Record, Tally
from stages.extract.rules import Fail
from stages.extract.warc import read
from stages.fasttext_models import top_label
from stages.tokens import count_tokens
from stages.urls import host, is_same

BATCH_PAGES = 32
BATCH_BYTES = 32 << 20
ReadPages = Callable[[Sequence[Page]], Sequence[Answer]]
Forbidden = Mapping[str, tuple[str, str | None]]  # doc_id -> reason, kept twin
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
    provenance: list[Row] = field(default_factory=list)
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
    blocked: Forbidden = MappingProxyType({}),
) -> Extracted:
    """Read one archive (a seekable binary stream) to its tables.

    `forbidden` names the doc_ids that other shards or a takedown rule out, `blocked` those that a list of urls speaks
    against, with the list for the decision's detail; a repeat within the archive is found here.
    `models` needs `language`. `read_pages` gives one answer per page, in order. Raises NotAWarc for other files.
    """
    shard, tally, seen = _Shard(facts, params, models["language"], read_pages), Tally(), set[str]()
    for item in read(stream, params.max_page_bytes, tally):
        if isinstance(item, Damage):
            _damaged(shard, item)
            continue
        fails = _before_reading(item, seen, forbidden, blocked, sample) or rules.of_record(item, params)
        seen.add(item.doc_id)
        shard.decisions.append(_decision(item, fails, facts) if fails else None)
        if not fails:
            shard.waiting.append((len(shard.decisions) - 1, item))
            if _is_full(shard.waiting):
                _flush(shard)
    _flush(shard)
    return Extracted(_tables(shard), _account(shard, tally))


def _before_reading(
    record: Record, seen: set[str], forbidden: Forbidden, blocked: Forbidden, sample: float
) -> list[Fail]:
    """Rules on the record's name alone: one that falls here is not looked at."""
    reason, related = forbidden.get(record.doc_id, (None, None))
    if record.doc_id in seen:
        return [Fail("repeated_record", related=record.doc_id)]
    named = [Fail(reason, related=related)] if reason is not None else []
    listed = rules.of_lists(*blocked[record.doc_id]) if record.doc_id in blocked else []
    out = rules.sampled_out(record.doc_id, sample)
    return [*named, *listed, *([out] if out else [])]


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
            shard.provenance += [_provenance_row(record, answer)] if answer.n_words is not None else []
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
        against = rules.of_signals(*_said(record, answer), shard.params.provenance)
        return [*rules.of_look(answer, stranger, shard.params), *against]
    return rules.of_text(answer.text, shard.params)


def _look_row(record: Record, look: Look, language: str, score: float) -> Row:
    known = look.n_words is not None
    spoken = (language, score) if known else (None, None)
    body = record.body
    encoding = (look.encoding, look.encoding_by, look.encoding_fix, look.n_replaced)
    return (record.doc_id, body.status, body.content_type, *encoding, len(body.payload), look.n_words, *spoken)


def _said(record: Record, look: Look) -> tuple[Signals, float | None, bool | None]:
    """What page and headers say, the share of hidden text, and whether the canonical address is the record's."""
    said = with_headers(look.signals, dict(record.body.said))
    return said, hidden_share(look), is_same(record.url, said.canonical)


def _provenance_row(record: Record, look: Look) -> Row:
    said, share, own = _said(record, look)
    origin = (said.page_date, said.page_date_by, said.canonical, None if own is None else not own)
    terms = (said.licence, said.licence_by, ",".join(said.wishes) or None, said.tdm_policy)
    return (record.doc_id, *origin, *terms, said.hidden_chars, share, ",".join(said.hidden_by) or None)


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
        "extract/look": _table("extract/look", shard.look),
        "extract/provenance": _table("extract/provenance", shard.provenance),
        "extract/documents": _table("extract/documents", shard.documents),
        "extract/decisions": _table("extract/decisions", [row for row in shard.decisions if row]),
    }


def _table(name: str, rows: Sequence[Row]) -> pl.DataFrame:
    form = pl.from_arrow(schemas.TABLES[name].empty_table())
    assert isinstance(form, pl.DataFrame)
    return pl.DataFrame(rows, schema=form.schema, orient="row")


def _account(shard: _Shard, tally: Tally) -> Account:
    """Places that nothing was written to would be missing here, and from the count that a gate compares."""
    n_rows = sum(row is not None for row in shard.decisions)
    return Account(n_rows, tally.n_other_types, shard.n_headers_in_damage, shard.n_damaged, tally.n_embedded)
