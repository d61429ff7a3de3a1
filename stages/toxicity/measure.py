"""The toxicity stage: a score and the personal data of every document, then a decision about each survivor of dedup.

Each function is one pure call over the tables of a shard. The module does not know what the model has learnt or how
a replacement is applied.
"""

from collections.abc import Iterator, Mapping

import polars as pl

from stages import fasttext_models
from stages.decisions import Rule
from stages.decisions import decide as hold
from stages.edits import apply_table
from stages.toxicity import pii
from stages.toxicity.params import Pii, Scores, ToxicityParams

Tables = Mapping[str, pl.DataFrame]
Models = Mapping[str, str]
DOCUMENTS = "extract/documents"
LABEL = "toxic"
WINDOW = 1000  # characters: about what a comment has, the unit that the model was trained on
LONGEST_WORD = 100  # a window ends inside a longer one, and in scripts without spaces
FINDERS = {"email": pii.emails, "ip": pii.ips}
EDITS = {"doc_id": pl.String, "start": pl.Int64, "end": pl.Int64, "replacement": pl.String, "kind": pl.String}

# Documents worth a closer look: a sign of an address, or three numbers or groups in a row.
_CANDIDATE = r"@|[0-9]\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]{4}:[0-9A-Fa-f:]*:"


def measure_scores(tables: Tables, params: Scores, models: Models) -> dict[str, pl.DataFrame]:
    """Score every document's text after the edits of quality and dedup, with the model `toxicity`.

    Gives "toxicity/scores": doc_id, toxicity_score in [0, 1], rounded to 1e-4, null for a text without words: the
    highest probability of `toxic` over windows of about 1,000 characters.
    """
    edited = apply_table(tables[DOCUMENTS].select("doc_id", "text"), tables["quality/edits"], tables["dedup/edits"])
    plain = edited.select("doc_id", fasttext_models.plain("text"))
    pieces = [(doc_id, piece) for doc_id, text in plain.iter_rows() for piece in _windows(text)]
    scores = fasttext_models.score(models["toxicity"], [piece for _, piece in pieces], LABEL)
    highest: dict[str, float] = {}
    for (doc_id, _), score in zip(pieces, scores):
        highest[doc_id] = max(score, highest.get(doc_id, 0.0))
    found = pl.Series("toxicity_score", [highest.get(doc_id) for doc_id in plain["doc_id"]], dtype=pl.Float64)
    return {"toxicity/scores": plain.select("doc_id", found)}


def _windows(text: str) -> Iterator[str]:
    """Pieces of about equal length, at most WINDOW characters and the rest of a word; none of an empty text.

    Equal, because a few words left over at the end would be scored by little and often wrongly. So each ends near its
    share of the text, and not near a length behind the last one: rests of words would add up.
    """
    at, pieces = 0, -(-len(text) // WINDOW)
    for piece in range(1, pieces + 1):
        share = len(text) * piece // pieces
        cut = text.find(" ", share, share + LONGEST_WORD)
        end = cut if cut >= 0 else share
        yield text[at:end]
        at = end


def write_edits(tables: Tables, params: Pii, models: Models) -> dict[str, pl.DataFrame]:
    """Replace personal data of the kinds in params. Gives "toxicity/edits", in code points of extract's text."""
    documents = tables[DOCUMENTS].filter(pl.col("text").str.contains(_CANDIDATE)).select("doc_id", "text")
    rows = [row for doc_id, text in documents.iter_rows() for row in _edits(doc_id, text, params)]
    return {"toxicity/edits": pl.DataFrame(rows, schema=EDITS, orient="row")}


def _edits(doc_id: str, text: str, params: Pii) -> Iterator[tuple[str, int, int, str, str]]:
    replacements = {"email": params.email, "ip": params.ip}
    for kind in params.kinds:
        for start, end in FINDERS[kind](text):
            yield doc_id, start, end, replacements[kind], kind


def decide(tables: Tables, params: ToxicityParams, models: Models) -> dict[str, pl.DataFrame]:
    """Reject survivors of dedup whose score exceeds `max_score`, as toxicity_above, unless `report_only`.

    Reads dedup/decisions and toxicity/scores. Gives "toxicity/decisions", one row per survivor.
    """
    survivors = tables["dedup/decisions"].filter("keep").select("doc_id")
    measures = survivors.join(tables["toxicity/scores"], on="doc_id", how="left", maintain_order="left", validate="1:1")
    score, bound = pl.col("toxicity_score"), params.max_score
    rules = [] if params.report_only else [Rule("toxicity_above", score > bound, score, bound)]
    return {"toxicity/decisions": hold(measures, rules)}
