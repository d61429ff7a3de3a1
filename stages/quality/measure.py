"""The quality stage: signals, a score and line edits for every document, then a decision by the rules of params.yaml.

Each function is one pure call over the tables of a shard. The module does not know which bounds are good, what the
model has learnt, or what dedup and toxicity do.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module

import polars as pl
import polars.selectors as cs

from stages import fasttext_models
from stages.decisions import Rule, above, below
from stages.decisions import decide as hold
from stages.quality.lines import edits
from stages.quality.params import Edits, Family, QualityParams, Scores
from stages.quality.signals import known_signals, signals

Tables = Mapping[str, pl.DataFrame]
Models = Mapping[str, str]
DOCUMENTS = "extract/documents"
LABEL = "good"


def measure_signals(tables: Tables, params: Family, models: Models) -> dict[str, pl.DataFrame]:
    """Compute every signal of one family for every document; shares and means are rounded to 1e-4.

    Gives "quality/signals/<family>": doc_id and one column per signal, rows in the order of extract/documents.
    """
    shared = getattr(import_module(f"stages.quality.signals.{params.name}"), "SHARED", ())
    columns = [signal().alias(name) for name, signal in signals(params.name).items()]
    frame = tables[DOCUMENTS].lazy().with_columns(shared).select("doc_id", *columns)
    return {f"quality/signals/{params.name}": frame.with_columns(cs.float().round(4)).collect(engine="in-memory")}


def measure_scores(tables: Tables, params: Scores, models: Models) -> dict[str, pl.DataFrame]:
    """Score every document with the model `quality`: the probability of its label `good`.

    Gives "quality/scores": doc_id, quality_score in [0, 1], rounded to 1e-4, null for a text without words.
    """
    plain = tables[DOCUMENTS].select("doc_id", text=fasttext_models.plain("text"))
    scores = fasttext_models.score(models["quality"], plain["text"].to_list(), LABEL)
    score = pl.when(pl.col("text") != "").then(pl.Series("quality_score", scores, dtype=pl.Float64))
    return {"quality/scores": plain.select("doc_id", score.alias("quality_score"))}


def write_edits(tables: Tables, params: Edits, models: Models) -> dict[str, pl.DataFrame]:
    """Mark the lines that `quality.line_rules` removes. Gives "quality/edits", no row where no rule is switched on."""
    return {"quality/edits": edits(tables[DOCUMENTS], params.line_rules)}


def decide(tables: Tables, params: QualityParams, models: Models) -> dict[str, pl.DataFrame]:
    """Hold the rules in params order against every document: its language, its signals, its score.

    Reads extract/documents (doc_id, language, language_score), quality/scores and the signal families that params
    names. Gives "quality/decisions", one row per document, in the order of extract/documents.
    """
    measures = tables[DOCUMENTS].select("doc_id", "language", "language_score")
    for table in ("quality/scores", *_families(params)):
        measures = measures.join(tables[table], on="doc_id", how="left", maintain_order="left", validate="1:1")
    return {"quality/decisions": hold(measures, list(_rules(params)))}


def _families(params: QualityParams) -> list[str]:
    known = known_signals()
    return sorted({f"quality/signals/{known[name]}" for name in params.signals})


def _rules(params: QualityParams) -> Iterator[Rule]:
    yield _wrong_language(params)
    for name, bounds in params.signals.items():
        if bounds.min is not None:
            yield below(name, bounds.min)
        if bounds.max is not None:
            yield above(name, bounds.max)
    if params.min_quality_score is not None:
        yield below("quality_score", params.min_quality_score)


def _wrong_language(params: QualityParams) -> Rule:
    """Not one of the languages, or not surely enough; the detail names the language."""
    foreign = pl.col("language").is_in(params.languages).not_()
    unsure = pl.col("language_score") < params.min_language_score
    value, bound = pl.col("language_score"), params.min_language_score
    return Rule("wrong_language", foreign | unsure, value, bound, detail=pl.col("language"))
