"""The release in Croissant 1.0 (MLCommons), as JSON-LD: what loaders and catalogues read.

https://docs.mlcommons.org/croissant/docs/croissant-spec.html. Properties that nobody has stated are left out: a loader
warns of them, and a made-up value would be worse. Paths are relative to the file, which lies beside the folder.
"""

from collections.abc import Iterable
from typing import Any

from pipelines.cards import fields
from pipelines.cards.facts import FOLDER, Facts
from pipelines.cards.fields import Field
from pipelines.cards.readme import personal_data
from pipelines.cards.words import plain

SHARDS = "shards"
MOST_FILES = 1_000  # listed with their digests; of more, checksums.sha256 has them all
_OWN = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "sc": "https://schema.org/",
} | {name: f"cr:{name}" for name in _OWN}


def build(facts: Facts) -> dict[str, Any]:
    """The whole description."""
    card, (documents, tokens) = facts.params.card, facts.released
    stated = {
        "license": card.licence,
        "url": card.url,
        "version": card.version,
        "datePublished": card.published,
        "creator": {"@type": "sc:Organization", "name": plain(card.creator)} if card.creator else None,
    }
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": plain(card.name),
        "description": f"Training text for language models: {documents} documents, {tokens} tokens, from crawled web "
        f"pages and synthetic sources, filtered and deduplicated. README.md is the card.",
        **{name: plain(value) if isinstance(value, str) else value for name, value in stated.items() if value},
        "rai:personalSensitiveInformation": personal_data(facts),
        "distribution": [*_files(facts), _shards()],
        "recordSet": [_records()],
    }


def _files(facts: Facts) -> Iterable[dict[str, Any]]:
    for file in facts.files if len(facts.files) <= MOST_FILES else ():
        yield {
            "@type": "cr:FileObject",
            "@id": file.name,
            "name": file.name,
            "contentUrl": f"{FOLDER}/{file.name}",
            "contentSize": f"{file.size} B",
            "encodingFormat": "application/x-parquet",
            "sha256": file.sha256,
        }


def _shards() -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": SHARDS,
        "name": SHARDS,
        "description": "The release, cut by a hash of doc_id and copy, each file sorted by both.",
        "encodingFormat": "application/x-parquet",
        "includes": f"{FOLDER}/*.parquet",
    }


def _records() -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": FOLDER,
        "name": FOLDER,
        "description": "One row per copy of a document.",
        "key": [{"@id": f"{FOLDER}/doc_id"}, {"@id": f"{FOLDER}/copy"}],
        "field": [
            *(_field(f, f.name, f.name) for f in fields.COLUMNS),
            *(_field(f, f"provenance/{f.name}", "provenance", f.name) for f in fields.PROVENANCE),
        ],
    }


def _field(field: Field, name: str, column: str, member: str | None = None) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": SHARDS}, "extract": {"column": column}}
    if member:
        source["transform"] = {"jsonPath": member}
    return {
        "@type": "cr:Field",
        "@id": f"{FOLDER}/{name}",
        "name": f"{FOLDER}/{name}",
        "description": field.says,
        "dataType": field.kind,
        "source": source,
    }
