"""Clusters: which survivors of quality are copies of each other, and who of each cluster stays.

Exact duplicates (equal normalised text) come first, then near duplicates: candidates by LSH, verified by exact Jaccard,
judged in order of priority. Nothing is removed without a kept twin that was compared with it. Documents are visited
shard by shard; shingle sets are held for a lot of candidates at a time, so that memory grows by some 400 bytes per
document (its row and its band keys) and not with the text. Neither shards nor their order move any decision.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from stages import edits
from stages.dedup import candidates
from stages.dedup.candidates import Flags
from stages.dedup.params import DedupParams
from stages.dedup.verify import verify
from stages.shingles import Hashes, Ints, shingle_sets

LOT_SHINGLES = 16_000_000  # held at once: 128 MB of sets; a lot above the first costs one more pass over the documents

Shards = Mapping[str, pl.DataFrame]
Sets = dict[int, Hashes]


def cluster(tables: Mapping[str, Shards], params: DedupParams, models: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """dedup/signatures, extract/documents, quality/{decisions,edits,scores} by shard -> dedup/clusters, dedup/audit.

    One row per survivor of quality whose cluster has at least two members, sorted by doc_id. A document whose exact
    twin was rejected as a near duplicate takes over that twin's kept document and similarity, so that related_doc_id
    is always kept. `similarity` is rounded down to 1e-4 after the comparison with the threshold.
    """
    survivors, texts, keys = _survivors(tables, params)
    places = candidates.buckets(keys, np.zeros(len(texts), dtype=np.int64))
    lot = candidates.lots(places, texts["n_shingles"].to_numpy(), LOT_SHINGLES)
    facts, first_lot = _visit(tables, survivors, lot, params)
    ranked = _rank(survivors.join(facts, on="doc_id", maintain_order="left"), params)
    classes = ranked.unique(["scope", "text"], keep="first", maintain_order=True).with_row_index("class")
    judged = _Judged.start(len(classes))
    for number in range(int(lot.max(initial=-1)) + 1):
        sets = first_lot if number == 0 else _lot_sets(tables, survivors, lot == number, params)
        _judge(judged, classes, lot == number, keys, sets, params)
    return {"dedup/clusters": _describe(ranked, classes, judged), "dedup/audit": _audit(lot, judged)}


@dataclass
class _Judged:
    """Verdicts of every class, filled lot by lot, and the counts of all lots."""

    twin: Ints
    both: Ints
    union: Ints
    component: Ints
    compared: int = 0
    verified: int = 0
    places_refused: int = 0

    @classmethod
    def start(cls, count: int) -> "_Judged":
        twin, zero = np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.int64)
        return cls(twin, zero.copy(), zero.copy(), np.arange(count, dtype=np.int64))


def _survivors(tables: Mapping[str, Shards], params: DedupParams) -> tuple[pl.DataFrame, pl.DataFrame, Hashes]:
    """(doc_id, shard, text) of every survivor, (exact, n_shingles) of every distinct text, and its band keys.

    `text` is the number of the distinct text. A text without shingles has keys that it shares with nobody: its number.
    """
    parts, keys = [], []
    for shard, signatures in tables["dedup/signatures"].items():
        kept = tables["quality/decisions"][shard].filter("keep").select("doc_id")
        rows = signatures.join(kept, on="doc_id", how="semi", maintain_order="left")
        parts.append(rows.select("doc_id", "exact", "n_shingles", shard=pl.lit(shard)))
        keys.append(_keys(rows, params))
    survivors = pl.concat(parts).with_row_index("row") if parts else _EMPTY
    texts = survivors.unique("exact", keep="first", maintain_order=True).with_row_index("text")
    first = texts["row"].to_numpy()
    matrix = np.concatenate([np.empty((0, params.bands), np.uint64), *keys])[first]
    alone = (texts["n_shingles"] == 0).to_numpy()
    matrix[alone] = np.arange(len(texts), dtype=np.uint64)[alone, None]
    named = survivors.join(texts.select("exact", "text"), on="exact", maintain_order="left")
    return named.select("doc_id", "shard", "text"), texts.select("exact", "n_shingles"), matrix


_EMPTY = pl.DataFrame(
    schema={"row": pl.UInt32, "doc_id": pl.String, "exact": pl.Binary, "n_shingles": pl.Int64, "shard": pl.String}
)


def _keys(rows: pl.DataFrame, params: DedupParams) -> Hashes:
    keys = np.zeros((len(rows), params.bands), dtype=np.uint64)
    signed = (rows["n_shingles"] > 0).to_numpy()
    keys[signed] = candidates.band_keys(rows["minhash"].filter(pl.Series(signed)), params.bands, params.rows)
    return keys


def _visit(
    tables: Mapping[str, Shards], survivors: pl.DataFrame, lot: Ints, params: DedupParams
) -> tuple[pl.DataFrame, Sets]:
    """What the policy asks of every survivor, and the shingle sets of the first lot, in one pass over the documents."""
    facts, sets = [], Sets()
    for shard, documents in tables["extract/documents"].items():
        mine = survivors.filter(shard=shard)
        rows = documents.select("doc_id", "date", "source", "n_chars").join(mine, on="doc_id", how="semi")
        if "best_score" in params.prefer:
            rows = rows.join(tables["quality/scores"][shard], on="doc_id", how="left", maintain_order="left")
        facts.append(rows)
        _add_sets(sets, documents, tables["quality/edits"][shard], mine, lot == 0, params)
    return pl.concat(facts) if facts else _NO_FACTS, sets


_NO_FACTS = pl.DataFrame(schema={"doc_id": pl.String, "date": pl.String, "source": pl.String, "n_chars": pl.Int64})


def _lot_sets(tables: Mapping[str, Shards], survivors: pl.DataFrame, wanted: Flags, params: DedupParams) -> Sets:
    sets = Sets()
    for shard, documents in tables["extract/documents"].items():
        _add_sets(sets, documents, tables["quality/edits"][shard], survivors.filter(shard=shard), wanted, params)
    return sets


def _add_sets(
    sets: Sets, documents: pl.DataFrame, spans: pl.DataFrame, mine: pl.DataFrame, wanted: Flags, params: DedupParams
) -> None:
    """Add the shingle set of every wanted text that has none yet, read from the first document that carries it."""
    known = pl.Series(list(sets), dtype=pl.UInt32)
    first = mine.filter(pl.Series(wanted[mine["text"].to_numpy()]) & ~pl.col("text").is_in(known.implode()))
    first = first.unique("text", keep="first", maintain_order=True).select("doc_id", number="text")
    carriers = documents.select("doc_id", "text").join(first, on="doc_id", maintain_order="left")
    edited = edits.apply_table(carriers, spans.join(first, on="doc_id", how="semi"))
    sets.update(zip(edited["number"].to_list(), shingle_sets(edited["text"], params.shingle)))


def _rank(survivors: pl.DataFrame, params: DedupParams) -> pl.DataFrame:
    """Survivors in order of priority, with their scope. What is not known comes last; the last tie-break is doc_id."""
    keys = {
        "earliest": (pl.col("date").str.strip_suffix("Z"), False),
        "longest": (pl.col("n_chars"), True),
        "best_score": (pl.col("quality_score") if "best_score" in params.prefer else pl.lit(None), True),
    }
    by = [*(keys[name] for name in params.prefer), (pl.col("doc_id"), False)]
    ranked = survivors.sort([key for key, _ in by], descending=[down for _, down in by], nulls_last=True)
    scope = pl.col("source") if params.scope == "per_source" else pl.lit("")
    return ranked.select("doc_id", "shard", "text", scope=scope)


def _judge(
    judged: _Judged, classes: pl.DataFrame, in_lot: Flags, keys: Hashes, sets: Sets, params: DedupParams
) -> None:
    """Judge the classes whose text is in the lot, in order of priority, and write the verdicts into `judged`."""
    mine = classes.filter(pl.Series(in_lot[classes["text"].to_numpy()]))
    text, own = mine["text"].to_numpy(), mine["class"].to_numpy().astype(np.int64)
    scope = mine["scope"].rank("dense").to_numpy().astype(np.int64)
    names = mine["doc_id"].rank("ordinal").to_numpy().astype(np.int64)
    found = verify(candidates.buckets(keys[text], scope), [sets[t] for t in text.tolist()], names, params.threshold)
    judged.twin[own] = np.where(found.twin >= 0, own[found.twin], -1)
    judged.both[own], judged.union[own], judged.component[own] = found.both, found.union, own[found.component]
    judged.compared += found.compared
    judged.verified += found.verified
    judged.places_refused += found.places_refused


def _describe(ranked: pl.DataFrame, classes: pl.DataFrame, judged: _Judged) -> pl.DataFrame:
    """One row per document of a cluster of at least two."""
    heads = classes["doc_id"]
    twin = pl.Series(judged.twin).replace(-1, None)
    judgements = classes.select(
        "scope",
        "text",
        head=heads,
        twin=heads.gather(twin),
        component=pl.Series(judged.component),
        jaccard=pl.Series(judged.both * 10_000 // np.maximum(judged.union, 1) / 10_000),
    )
    rows = ranked.join(judgements, on=["scope", "text"], maintain_order="left")
    near, exact = pl.col("twin").is_not_null(), pl.col("doc_id") != pl.col("head")
    table = rows.select(
        "doc_id",
        "shard",
        pl.col("doc_id").min().over("component").alias("cluster_id"),
        pl.len().over("component").cast(pl.Int64).alias("cluster_size"),
        pl.when(near).then(pl.lit("near")).when(exact).then(pl.lit("exact")).alias("kind"),
        pl.when(near).then("twin").when(exact).then("head").alias("related_doc_id"),
        pl.when(near).then("jaccard").when(exact).then(pl.lit(1.0)).alias("similarity"),
    )
    return table.filter(pl.col("cluster_size") > 1).sort("doc_id")


def _audit(lot: Ints, judged: _Judged) -> pl.DataFrame:
    counts = {
        "candidate_texts": int((lot >= 0).sum()),
        "pairs_compared": judged.compared,
        "pairs_verified": judged.verified,
        "pairs_refuted": judged.compared - judged.verified,
        "places_refused": judged.places_refused,
    }
    return pl.DataFrame(list(counts.items()), schema={"metric": pl.String, "count": pl.Int64}, orient="row")
