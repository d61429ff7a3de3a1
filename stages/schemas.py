"""The life of a row, read top to bottom: one Arrow schema for every table that crosses a boundary.

What this module does not know: where a table lies, and which columns a signal family adds (read from its functions).
"""

import pyarrow as pa

SCHEMA_VERSION = "1"

Fields = list[tuple[str, pa.DataType]]
STR, TEXT, INT, REAL, BOOL = pa.string(), pa.large_string(), pa.int64(), pa.float64(), pa.bool_()


def _schema(fields: Fields) -> pa.Schema:
    return pa.schema(fields, metadata={"schema_version": SCHEMA_VERSION})


# extract: what the archive holds, found by a scan of its bytes that shares no code with the WARC parser.
RECORDS = _schema(
    [
        ("warc_offset", INT),  # of the member as stored (compressed), or of the record's header where uncompressed
        ("record_type", STR),
        ("doc_id", STR),  # null where the record is no response, revisit or resource
        ("url", STR),
        ("host", STR),
    ]
)

# extract: records that must not become documents, whatever they hold: repeats across shards, and takedowns.
FORBIDDEN = _schema([("shard", STR), ("doc_id", STR), ("reason", STR), ("related_doc_id", STR)])

# extract: records whose url is on a list (or on none where it must be), and by which kind of entry.
BLOCKED = _schema([("doc_id", STR), ("reason", STR), ("list", STR), ("entry", STR)])  # entry: host, path or url

# extract: the cheap look at a page, one row per record that carries HTML.
LOOK = _schema(
    [
        ("doc_id", STR),
        ("http_status", INT),
        ("content_type", STR),
        ("encoding", STR),
        ("encoding_by", STR),  # bom, http, meta, bytes (that admit nothing else) or detected
        ("encoding_fix", STR),  # not_as_declared, twice_encoded, both with a comma between, or null
        ("n_replaced", INT),  # characters that could not be read: U+FFFD
        ("n_bytes", INT),  # of the decoded HTTP body
        ("n_words", INT),  # of the whole page's text
        ("language", STR),
        ("language_score", REAL),
    ]
)

# extract: what a page says about itself, one row per page that was parsed for the look. Strings are the page's own.
PROVENANCE = _schema(
    [
        ("doc_id", STR),
        ("page_date", STR),  # YYYY-MM-DD, of publication
        ("page_date_by", STR),  # meta, json-ld or time
        ("canonical", STR),
        ("canonical_differs", BOOL),  # from the record's url; null where there is none
        ("licence", STR),  # SPDX's name for Creative Commons, else what is said
        ("licence_by", STR),  # rel, json-ld, meta or link
        ("wishes", STR),  # noai, noindex, tdm_reservation …, in the page or in HTTP's headers, joined by commas
        ("tdm_policy", STR),
        ("hidden_chars", INT),  # but blanks
        ("hidden_share", REAL),  # of all characters but blanks
        ("hidden_by", STR),  # aria, attribute, colour, display, place, size, joined by commas
    ]
)

# extract: each document's main text, NFC, written once.
DOCUMENTS = _schema(
    [
        ("doc_id", STR),
        ("url", STR),
        ("host", STR),
        ("source", STR),
        ("text", TEXT),
        ("title", STR),
        ("language", STR),
        ("language_score", REAL),
        ("date", STR),  # WARC-Date, ISO 8601
        ("extractor", STR),
        ("encoding", STR),
        ("n_chars", INT),  # code points
        ("n_tokens", INT),  # UAX-29 words, a CJK character counts one
    ]
)

# every stage: one row per row it was given.
_DECISION: Fields = [
    ("doc_id", STR),
    ("keep", BOOL),
    ("reason", STR),  # null when kept; the first failing rule in params order
    ("value", REAL),
    ("bound", REAL),
    ("also", pa.list_(STR)),  # every other failing rule, in params order
    ("related_doc_id", STR),  # the kept twin
    ("detail", STR),  # at most 200 characters, never page text
]
DECISIONS = _schema(_DECISION)
EXTRACT_DECISIONS = _schema([*_DECISION, ("url", STR), ("record_type", STR), ("warc_file", STR), ("warc_offset", INT)])

# quality, dedup, toxicity: spans of extract's text to remove or replace.
EDITS = _schema([("doc_id", STR), ("start", INT), ("end", INT), ("replacement", STR), ("kind", STR)])

QUALITY_SCORES = _schema([("doc_id", STR), ("quality_score", REAL)])

# dedup: what two documents are compared by.
SIGNATURES = _schema(
    [
        ("doc_id", STR),
        ("exact", pa.binary(16)),  # 128 bits of the normalised text
        ("n_shingles", INT),  # distinct
        ("minhash", pa.binary()),  # bands x rows unsigned 32-bit values, little endian; empty where there is no shingle
    ]
)
CLUSTERS = _schema(
    [
        ("doc_id", STR),
        ("shard", STR),
        ("cluster_id", STR),  # the smallest doc_id of the component
        ("cluster_size", INT),
        ("kind", STR),  # exact, near, released_exact, released_near, or null where the document is kept
        ("related_doc_id", STR),
        ("similarity", REAL),  # with related_doc_id: exact, by dedup.measure
    ]
)
# dedup: the search over all shards, step by step. A content is a text within a scope, named by 64 bits; `old` is of an
# earlier release. `keys`, `shingles` (sorted) and `minhash` are little-endian values end to end; so is `vector`.
_RANKS: Fields = [("date", STR), ("chars", INT), ("score", REAL), ("source_rank", INT), ("host_rank", INT)]
_WIDE: Fields = [("keys", pa.large_binary()), ("shingles", pa.large_binary())]
_VECTOR = ("vector", pa.binary())
DEDUP_MEMBERS = _schema([("document", STR), ("content", INT), ("exact", pa.binary(16)), ("old", BOOL), *_RANKS])
DEDUP_KEYS = _schema([("key", INT), ("content", INT), ("size", INT)])  # a row per band; size: shingles
DEDUP_COPIES = _schema([("document", STR), ("shard", STR), ("old", BOOL), ("head", STR)])  # the first of its class
# `paired` is the first content of a shared bucket.
DEDUP_CANDIDATES = _schema([("content", INT), ("size", INT), ("shard", STR), ("paired", INT)])
DEDUP_PARAGRAPHS = _schema([("key", INT), ("pages", INT)])  # by host and words: on how many pages of the host
_SIGNED: Fields = [("exact", pa.binary(16)), ("size", INT), ("minhash", pa.binary())]
# `form` says with which version and params an index was made, in every row.
DEDUP_INDEX = _schema([("form", STR), ("document", STR), ("source", STR), *_SIGNED, _WIDE[1]])
DEDUP_STARS = _schema([("node", INT), ("other", INT)])  # contents, each pair in both directions
DEDUP_LOTS = _schema([("shard", STR), ("content", INT), ("lot", INT)])
_NAMED: Fields = [("lot", INT), ("content", INT), ("size", INT), ("document", STR), ("old", BOOL)]
DEDUP_SETS = _schema([*_NAMED, *_RANKS, *_WIDE])
# component: of verified pairs, named by its first document; twin: null where the document is kept; share: of shingles.
_TWIN: Fields = [("component", STR), ("twin", STR), ("share", REAL)]
DEDUP_NEAR = _schema([("document", STR), ("shard", STR), ("old", BOOL), *_TWIN])
DEDUP_AUDIT = _schema([("metric", STR), ("count", INT)])  # pairs compared, verified, refuted: what LSH proposed
# dedup by meaning: words by their hash; vectors of length 1, or empty; `old` in cells: stands for near copies.
DEDUP_WORDS = _schema([("word", INT), _VECTOR])
DEDUP_VECTORS = _schema([("doc_id", STR), _VECTOR])
DEDUP_CENTRES = _schema([("cell", INT), _VECTOR])
DEDUP_CELLS = _schema([("cell", INT), ("scope", STR), ("document", STR), ("old", BOOL), *_RANKS, _VECTOR])
_COSINE: Fields = [("similarity", REAL), ("cell", INT)]  # rounded to 1e-4, with a document that stays
DEDUP_SEMANTIC = _schema([("shard", STR), ("doc_id", STR), ("related_doc_id", STR), *_COSINE])

TOXICITY_SCORES = _schema([("doc_id", STR), ("toxicity_score", REAL)])

# mix: synthetic sources brought to one form, then the mixture.
_PROVENANCE: Fields = [
    ("generator", STR),
    ("decoding", STR),
    ("method", STR),
    ("generation_depth", INT),
    ("licence", STR),
    ("reference", STR),
]
SYNTHETIC = _schema([("doc_id", STR), ("source", STR), ("text", TEXT), ("n_tokens", INT), *_PROVENANCE])
# mix: what each candidate weighs after all edits, and what speaks against it; then how much each source gives.
SIZES = _schema(
    [
        ("doc_id", STR),
        ("source", STR),
        ("origin", STR),  # crawl or synthetic
        ("n_tokens", INT),  # after all edits
        ("taken_down", BOOL),
        ("no_text", BOOL),
        ("missing", STR),  # provenance fields that a synthetic row lacks, joined by commas; null where none
        ("emptied", BOOL),  # by edits
    ]
)
PLAN = _schema(
    [
        ("source", STR),
        ("origin", STR),
        ("documents", INT),  # that may be sampled
        ("tokens", INT),
        ("weight", REAL),  # the share of tokens asked for; null: what it has
        ("rate", REAL),  # expected copies of each document
    ]
)
_STATED: Fields = [
    ("canonical", STR),
    ("wishes", STR),
    ("hidden_share", REAL),
]  # of a page, as extract/provenance has it
REPEATS = _schema([("doc_id", STR), ("shard", STR)])  # ids that occur more than once, and the shard that keeps them
MIXTURE = _schema(
    [
        ("doc_id", STR),
        ("copy", INT),  # 0 for the first; a source weighted above its size repeats its documents
        ("url", STR),
        ("host", STR),
        ("source", STR),
        ("text", TEXT),  # with every edit applied
        ("title", STR),
        ("language", STR),
        ("date", STR),
        ("n_tokens", INT),
        ("cluster_size", INT),
        ("provenance", pa.struct([("origin", STR), *_PROVENANCE, *_STATED])),  # origin: crawl or synthetic
    ]
)

# mix: what the collapse checks count in a release shard.
SHARES = _schema(
    [
        ("source", STR),
        ("origin", STR),
        ("generator", STR),
        ("generation_depth", INT),
        ("documents", INT),  # different ones
        ("tokens", INT),  # with copies
        ("unique_tokens", INT),  # of first copies
        ("short_tokens", INT),  # of first copies of fewer tokens than a window has words
        ("paid_tokens", INT),  # of the first four copies
    ]
)
# mix: what the collapse checks look at. n-grams are hashes whose low `bits` bits are 0; `total`: all of the group.
_COUNTED: Fields = [(name, INT) for name in ("n", "bits", "total", "ngram", "count")]
NGRAMS = _schema([("source", STR), ("origin", STR), *_COUNTED])
DECLARED = _schema([("source", STR), ("field", STR), ("value", STR), ("count", INT)])
_OF_WINDOW: Fields = [(n, STR) for n in ("source", "origin", "domain", "position", "language", "doc_id", "host")]
WINDOWS = _schema([*_OF_WINDOW, ("key", pa.uint64()), ("text", TEXT)])
ASSESSMENTS = _schema([("source", STR), ("part", STR), ("found", TEXT)])  # found: JSON

# reports: where each record's and each synthetic row's way ended, one row each.
DISPOSITIONS = _schema(
    [
        ("doc_id", STR),
        ("url", STR),
        ("host", STR),
        ("source", STR),
        ("record_type", STR),  # of WARC; synthetic for a synthetic row, null for a damaged region
        ("stage", STR),  # that decided last; mix where it was released
        ("reason", STR),  # null where released
        ("released", BOOL),
        ("copies", INT),  # in the release
        ("language", STR),  # of the main text, else of the page at a glance
        ("n_tokens", INT),  # as that stage's ledger counts: after all edits from mix on; null where there is no text
        ("related_doc_id", STR),
        ("warc_file", STR),
        ("warc_offset", INT),
    ]
)

# fmt: off
TABLES: dict[str, pa.Schema] = {
    "extract/records": RECORDS, "extract/forbidden": FORBIDDEN, "extract/blocked": BLOCKED, "extract/look": LOOK,
    "extract/provenance": PROVENANCE, "extract/documents": DOCUMENTS, "extract/decisions": EXTRACT_DECISIONS,
    "quality/scores": QUALITY_SCORES, "quality/edits": EDITS, "quality/decisions": DECISIONS,
    "dedup/signatures": SIGNATURES, "dedup/members": DEDUP_MEMBERS, "dedup/keys": DEDUP_KEYS,
    "dedup/copies": DEDUP_COPIES, "dedup/candidates": DEDUP_CANDIDATES, "dedup/stars": DEDUP_STARS,
    "dedup/paragraphs": DEDUP_PARAGRAPHS, "dedup/repeated": DEDUP_PARAGRAPHS,
    "dedup/lots": DEDUP_LOTS, "dedup/sets": DEDUP_SETS, "dedup/near": DEDUP_NEAR, "dedup/judged": DEDUP_AUDIT,
    "dedup/clusters": CLUSTERS, "dedup/audit": DEDUP_AUDIT, "dedup/edits": EDITS, "dedup/decisions": DECISIONS,
    "dedup/words": DEDUP_WORDS, "dedup/vectors": DEDUP_VECTORS, "dedup/centres": DEDUP_CENTRES,
    "dedup/cells": DEDUP_CELLS, "dedup/semantic": DEDUP_SEMANTIC,
    "toxicity/scores": TOXICITY_SCORES, "toxicity/edits": EDITS, "toxicity/decisions": DECISIONS,
    "mix/synthetic": SYNTHETIC, "mix/sizes": SIZES, "mix/plan": PLAN, "mix/repeats": REPEATS,
    "mix/decisions": DECISIONS, "mix/documents": MIXTURE, "mix/shares": SHARES, "mix/ngrams": NGRAMS,
    "mix/index": DEDUP_INDEX, "mix/declared": DECLARED, "mix/windows": WINDOWS, "mix/assessments": ASSESSMENTS,
    "reports/dispositions": DISPOSITIONS,
}
# fmt: on
