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
        (
            "warc_offset",
            INT,
        ),  # of the record's member in the file as stored (compressed), or of its header where uncompressed
        ("record_type", STR),
        ("doc_id", STR),  # null where the record is no response, revisit or resource
        ("url", STR),
        ("host", STR),
    ]
)

# extract: records that must not become documents, whatever they hold: repeats across shards, and takedowns.
FORBIDDEN = _schema([("shard", STR), ("doc_id", STR), ("reason", STR), ("related_doc_id", STR)])

# extract: the cheap look at a page, one row per record that carries HTML.
LOOK = _schema(
    [
        ("doc_id", STR),
        ("http_status", INT),
        ("content_type", STR),
        ("encoding", STR),
        ("n_bytes", INT),  # of the decoded HTTP body
        ("n_words", INT),  # of the whole page's text
        ("language", STR),
        ("language_score", REAL),
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
# dedup: the search over all shards, step by step. A content is a text within a scope, named by 64 bits.
_RANKS: Fields = [("date", STR), ("chars", INT), ("score", REAL), ("source_rank", INT), ("host_rank", INT)]
DEDUP_MEMBERS = _schema(
    [
        ("document", STR),
        ("content", INT),
        ("exact", pa.binary(16)),
        ("old", BOOL),
        *_RANKS,
    ]  # old: of an earlier release
)
DEDUP_KEYS = _schema([("key", INT), ("content", INT), ("size", INT)])  # a row per band; size: shingles
DEDUP_COPIES = _schema(
    [("document", STR), ("shard", STR), ("old", BOOL), ("head", STR)]
)  # head: the first of its class
DEDUP_CANDIDATES = _schema([("content", INT), ("size", INT), ("paired", INT)])  # paired: the first of a shared bucket
DEDUP_PARAGRAPHS = _schema([("key", INT), ("pages", INT)])  # by host and words: on how many pages of the host
DEDUP_INDEX = _schema(
    [
        ("form", STR),  # version and params, the same in every row
        ("document", STR),
        ("source", STR),
        ("exact", pa.binary(16)),
        ("size", INT),
        ("minhash", pa.binary()),
        ("shingles", pa.large_binary()),  # the set, sorted, little-endian unsigned 64-bit values
    ]
)
DEDUP_STARS = _schema([("node", INT), ("other", INT)])  # contents, each pair in both directions
DEDUP_LOTS = _schema([("content", INT), ("lot", INT)])
DEDUP_SETS = _schema(
    [
        ("lot", INT),
        ("content", INT),
        ("size", INT),
        ("document", STR),
        ("old", BOOL),
        *_RANKS,
        ("keys", pa.large_binary()),  # of its bands, little-endian unsigned 64-bit values
        ("shingles", pa.large_binary()),  # the set, sorted, likewise
    ]
)
DEDUP_NEAR = _schema(
    [
        ("document", STR),
        ("shard", STR),
        ("old", BOOL),
        ("component", STR),  # of verified pairs, named by its first document in the order of priority
        ("twin", STR),  # kept; null where the document is kept itself
        ("share", REAL),  # of common shingles, by dedup.measure,
    ]
)
DEDUP_AUDIT = _schema([("metric", STR), ("count", INT)])  # pairs compared, verified, refuted: what LSH proposed

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
        ("provenance", pa.struct([("origin", STR), *_PROVENANCE])),  # origin: crawl or synthetic
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
        ("paid_tokens", INT),  # of the first four copies
    ]
)
NGRAMS = _schema([("source", STR), ("bits", INT), ("ngram", INT), ("count", INT)])  # hashes whose low `bits` bits are 0

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

TABLES: dict[str, pa.Schema] = {
    "extract/records": RECORDS,
    "extract/forbidden": FORBIDDEN,
    "extract/look": LOOK,
    "extract/documents": DOCUMENTS,
    "extract/decisions": EXTRACT_DECISIONS,
    "quality/scores": QUALITY_SCORES,
    "quality/edits": EDITS,
    "quality/decisions": DECISIONS,
    "dedup/signatures": SIGNATURES,
    "dedup/members": DEDUP_MEMBERS,
    "dedup/keys": DEDUP_KEYS,
    "dedup/copies": DEDUP_COPIES,
    "dedup/candidates": DEDUP_CANDIDATES,
    "dedup/stars": DEDUP_STARS,
    "dedup/index": DEDUP_INDEX,
    "dedup/paragraphs": DEDUP_PARAGRAPHS,
    "dedup/repeated": DEDUP_PARAGRAPHS,
    "dedup/lots": DEDUP_LOTS,
    "dedup/sets": DEDUP_SETS,
    "dedup/near": DEDUP_NEAR,
    "dedup/judged": DEDUP_AUDIT,
    "dedup/clusters": CLUSTERS,
    "dedup/audit": DEDUP_AUDIT,
    "dedup/edits": EDITS,
    "dedup/decisions": DECISIONS,
    "toxicity/scores": TOXICITY_SCORES,
    "toxicity/edits": EDITS,
    "toxicity/decisions": DECISIONS,
    "mix/synthetic": SYNTHETIC,
    "mix/sizes": SIZES,
    "mix/plan": PLAN,
    "mix/repeats": REPEATS,
    "mix/decisions": DECISIONS,
    "mix/documents": MIXTURE,
    "mix/shares": SHARES,
    "mix/ngrams": NGRAMS,
    "reports/dispositions": DISPOSITIONS,
}
