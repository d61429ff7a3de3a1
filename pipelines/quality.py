"""Stage `quality`: signals, a score and line edits of every document, then a decision by the rules of params.yaml."""

import sys

from pipelines.context import Context
from pipelines.entry import stage_main
from pipelines.stage import Stage
from pipelines.work import Family, Read
from stages import schemas
from stages.quality import measure, signals
from stages.quality.params import Edits, Scores
from stages.quality.params import Family as SignalFamily

DOCUMENTS = Read("extract/documents")
FACTS = Read("extract/documents", ("doc_id", "language", "language_score", "host", "n_tokens"))


def run(ctx: Context, *, dry: bool = False) -> Stage:
    """Measure, then decide."""
    stage = Stage(ctx, "quality", gate="extract", reads=("extract",), dry=dry)
    shards = stage.shards("extract/documents")
    for family in (*map(_signals, signals.families()), _scores(), _edits(ctx), _decisions(ctx)):
        stage.each(family, shards)
    stage.finish()
    return stage


def _signals(name: str) -> Family:
    table = f"quality/signals/{name}"
    return Family(
        f"signals/{name}",
        measure.measure_signals,
        (DOCUMENTS,),
        {table: signals.schema(name)},
        params=SignalFamily(name=name),
        code=("stages.quality.measure", f"stages.quality.signals.{name}"),
    )


def _scores() -> Family:
    return Family(
        "scores",
        measure.measure_scores,
        (DOCUMENTS,),
        {"quality/scores": schemas.QUALITY_SCORES},
        params=Scores(),
        models=("quality",),
    )


def _edits(ctx: Context) -> Family:
    return Family(
        "edits",
        measure.write_edits,
        (DOCUMENTS,),
        {"quality/edits": schemas.EDITS},
        params=Edits(line_rules=ctx.params.quality.line_rules),
    )


def _decisions(ctx: Context) -> Family:
    measured = (f"quality/signals/{name}" for name in signals.families())
    return Family(
        "decisions",
        measure.decide,
        (FACTS, Read("quality/scores"), *map(Read, measured)),
        {"quality/decisions": schemas.DECISIONS},
        params=ctx.params.quality,
        facts="extract/documents",
    )


def main() -> int:
    """Run the stage."""
    return stage_main("quality", run)


if __name__ == "__main__":
    sys.exit(main())
