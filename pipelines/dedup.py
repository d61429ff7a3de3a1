"""Stage `dedup`: signatures of every document, clusters of quality's survivors, and who of each cluster stays."""

import sys

from pipelines.context import Context
from pipelines.entry import stage_main
from pipelines.stage import Stage
from pipelines.work import Family, Read
from stages import schemas
from stages.dedup.clusters import cluster
from stages.dedup.decide import decide, write_edits
from stages.dedup.params import SignatureParams
from stages.dedup.signatures import measure_signatures

DOCUMENTS = Read("extract/documents", ("doc_id", "text"))
FACTS = Read("extract/documents", ("doc_id", "language", "host", "n_tokens"))


def run(ctx: Context, *, dry: bool = False) -> Stage:
    """Sign, cluster, decide."""
    stage = Stage(ctx, "dedup", gate="quality", reads=("extract", "quality"), dry=dry)
    shards = stage.shards("extract/documents")
    stage.each(_signatures(ctx), shards)
    stage.whole(_clusters(ctx))
    stage.each(_edits(), shards)
    stage.each(_decisions(ctx), shards)
    stage.finish()
    return stage


def _signatures(ctx: Context) -> Family:
    p = ctx.params.dedup
    return Family(
        "signatures",
        measure_signatures,
        (DOCUMENTS, Read("quality/edits")),
        {"dedup/signatures": schemas.SIGNATURES},
        params=SignatureParams(bands=p.bands, rows=p.rows, shingle=p.shingle, seed=p.seed),
    )


def _clusters(ctx: Context) -> Family:
    columns = ("doc_id", "date", "source", "n_chars", "text")
    return Family(
        "clusters",
        cluster,
        (
            Read("dedup/signatures", whole=True),
            Read("extract/documents", columns, whole=True),
            Read("quality/edits", whole=True),
            Read("quality/decisions", ("doc_id", "keep"), whole=True),
            Read("quality/scores", whole=True),
        ),
        {"dedup/clusters": schemas.CLUSTERS, "dedup/audit": schemas.DEDUP_AUDIT},
        params=ctx.params.dedup,
    )


def _edits() -> Family:
    return Family("edits", write_edits, (Read("extract/documents", ("doc_id",)),), {"dedup/edits": schemas.EDITS})


def _decisions(ctx: Context) -> Family:
    return Family(
        "decisions",
        decide,
        (FACTS, Read("quality/decisions", ("doc_id", "keep")), Read("dedup/clusters")),
        {"dedup/decisions": schemas.DECISIONS},
        params=ctx.params.dedup,
        facts="extract/documents",
    )


def main() -> int:
    """Run the stage."""
    return stage_main("dedup", run)


if __name__ == "__main__":
    sys.exit(main())
