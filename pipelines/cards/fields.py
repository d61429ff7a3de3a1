"""The columns of the release in words, for the card and for Croissant. Knows no values."""

from dataclasses import dataclass

TEXT, INTEGER, REAL = "sc:Text", "sc:Integer", "sc:Float"


@dataclass(frozen=True)
class Field:
    """A column, or a member of the column `provenance`."""

    name: str
    kind: str  # of schema.org
    says: str


COLUMNS = (
    Field(
        "doc_id", TEXT, "32 hex digits, a hash of the record's id and address; of a synthetic row, of source and id."
    ),
    Field("copy", INTEGER, "0 for the first; a source weighted above its size repeats its documents."),
    Field("url", TEXT, "The page's address; null for synthetic text."),
    Field("host", TEXT, "The host of the address; null for synthetic text."),
    Field("source", TEXT, "The named origin: a crawl or a synthetic set."),
    Field("text", TEXT, "The main text, NFC, with every edit applied."),
    Field("title", TEXT, "The page's title; null where it has none. Not edited: see personal data."),
    Field("language", TEXT, "The main language, as a model told it; null for synthetic text."),
    Field("date", TEXT, "When the page was fetched, ISO 8601; null for synthetic text."),
    Field("n_tokens", INTEGER, "Words by Unicode's word breaks (UAX 29) after all edits; a CJK character counts one."),
    Field("cluster_size", INTEGER, "How many near or exact copies dedup found, this document included; 1 where none."),
)
PROVENANCE = (
    Field("origin", TEXT, "crawl or synthetic."),
    Field("generator", TEXT, "Which model wrote it."),
    Field("decoding", TEXT, "With which settings, as JSON."),
    Field("method", TEXT, "How it was prompted."),
    Field("generation_depth", INTEGER, "Generators between the text and people's writing; at least 1."),
    Field("licence", TEXT, "As a synthetic row's source or the page states it; what is stated need not hold."),
    Field("reference", TEXT, "What the text was made from."),
    Field("canonical", TEXT, "The address that the page names as its own."),
    Field("wishes", TEXT, "What the page asks of machines (noai, noindex, tdm_reservation …), joined by commas."),
    Field("hidden_share", REAL, "Of the page's characters, those that its tags hide from readers."),
)
