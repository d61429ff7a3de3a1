"""The params section `mix`."""

from pydantic import Field

from stages.strict import Strict


class SyntheticSource(Strict):
    """A synthetic source: its files (JSONL or Parquet) and whether it is mixed in."""

    files: tuple[str, ...] = Field(min_length=1)
    enabled: bool = True


class Collapse(Strict):
    """The collapse checks. Shares are of tokens; n-grams are of words."""

    min_real_share: float = Field(ge=0, le=1)
    warn_real_share: float = Field(ge=0, le=1)
    duplicate_ngram: int = Field(ge=1, le=32)
    max_duplicate_share: float = Field(ge=0, le=1)
    max_unknown_depth_share: float = Field(ge=0, le=1)
    min_ngrams: int = Field(ge=1)  # of a synthetic source; below it the statistics abstain


class MixParams(Strict):
    """`weights`: source -> share of the mixture's tokens; a source that is not named takes what it has."""

    shards: int = Field(ge=1, le=100_000)
    seed: int = Field(ge=0, lt=2**63)
    synthetic: dict[str, SyntheticSource]
    weights: dict[str, float] | None
    max_copies: int = Field(ge=1, le=16)
    collapse: Collapse


class SourceParams(Strict):
    """What a row of a synthetic source is made from, beside the row itself."""

    source: str = Field(min_length=1)


class SizeParams(Strict):
    """`input.takedowns`: urls, hosts or doc_ids that must not appear."""

    takedowns: tuple[str, ...] = ()


class DecideParams(Strict):
    """The part of `mix` that decides about a document, and the shard it lies in (for repeats across shards)."""

    shard: str
    seed: int


class ReleaseParams(Strict):
    """One release shard of `shards`, and the seed of the sample."""

    release: int = Field(ge=0)
    shards: int = Field(ge=1)
    seed: int
