"""Stage `toxicity`: a score and the personal data of every document, then a decision about dedup's survivors."""

import sys

from pipelines.context import Context
from pipelines.entry import stage_main
from pipelines.stage import Stage
from pipelines.work import Family, Read
from stages import schemas
from stages.toxicity import measure
from stages.toxicity.params import Scores

DOCUMENTS = Read("extract/documents", ("doc_id", "text"))
FACTS = Read("extract/documents", ("doc_id", "language", "host", "n_tokens"))


def run(ctx: Context, *, dry: bool = False) -> Stage:
    """Measure, then decide."""
    stage = Stage(ctx, "toxicity", gate="dedup", reads=("extract", "quality", "dedup"), dry=dry)
    for family in (_scores(), _edits(ctx), _decisions(ctx)):
        stage.each(family, stage.shards("extract/documents"))
    stage.finish()
    return stage


def _scores() -> Family:
    return Family(
        "scores",
        measure.measure_scores,
        (DOCUMENTS, Read("quality/edits"), Read("dedup/edits")),
        {"toxicity/scores": schemas.TOXICITY_SCORES},
        params=Scores(),
        models=("toxicity",),
    )


def _edits(ctx: Context) -> Family:
    return Family(
        "edits",
        measure.write_edits,
        (DOCUMENTS,),
        {"toxicity/edits": schemas.EDITS},
        params=ctx.params.toxicity.pii,
    )


def _decisions(ctx: Context) -> Family:
    return Family(
        "decisions",
        measure.decide,
        (FACTS, Read("dedup/decisions", ("doc_id", "keep")), Read("toxicity/scores")),
        {"toxicity/decisions": schemas.DECISIONS},
        params=ctx.params.toxicity,
        facts="extract/documents",
    )


def main() -> int:
    """Run the stage."""
    return stage_main("toxicity", run)


if __name__ == "__main__":
    sys.exit(main())
