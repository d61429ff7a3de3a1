"""The params section `mix`."""

from typing import Literal

from pydantic import Field, model_validator

from stages.mix.canary.params import CanaryParams
from stages.strict import Strict


class Reference(Strict):
    """Real text that a synthetic source is held against: documents of the crawl that meet all that is named, or files.

    sources: names under input.warcs (`crawl` where they have none). hosts: with their subdomains. languages: as extract
    found them. files: JSONL or Parquet with `text`, and `id` and `url` where there are any.
    """

    sources: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> "Reference":
        crawled = bool(self.sources or self.hosts or self.languages)
        if crawled == bool(self.files):
            raise ValueError("name either files, or at least one of sources, hosts and languages")
        return self


class SyntheticSource(Strict):
    """A synthetic source: its files (JSONL or Parquet), whether it is mixed in, and the real text it is held against.

    reference `seeds`: the documents of the crawl that its rows name as `reference`, by url or doc_id; null: not judged.
    """

    files: tuple[str, ...] = Field(min_length=1)
    enabled: bool = True
    reference: Literal["seeds"] | Reference | None = None


class Collapse(Strict):
    """The collapse checks. Shares are of tokens. A window has 50 words; a loss is the share of variety that is gone."""

    min_real_share: float = Field(ge=0, le=1)
    warn_real_share: float = Field(ge=0, le=1)
    max_unknown_depth_share: float = Field(ge=0, le=1)
    reservoir: int = Field(default=20_000, ge=100)  # windows kept per source, language and position
    min_windows: int = Field(default=200, ge=20)  # of a source, compared with as many; below: low_power
    max_windows: int = Field(default=4_000, ge=20)  # more would not change what is found
    draws: int = Field(default=199, ge=19, le=9_999)  # controls; the smallest p is 1 / (draws + 1)
    alpha: float = Field(default=0.05, gt=0, lt=1)  # over all statistics of a source
    warn_loss: float = Field(default=0.1, gt=0, lt=1)
    refuse_loss: float = Field(default=0.2, gt=0, lt=1)
    mixture_loss: float = Field(default=0.02, ge=0, lt=1)  # what is less is diluted: a warning
    canary: CanaryParams = CanaryParams()

    @model_validator(mode="after")
    def _order(self) -> "Collapse":
        for low, high in (
            ("min_real_share", "warn_real_share"),
            ("warn_loss", "refuse_loss"),
            ("min_windows", "max_windows"),
        ):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} {getattr(self, low)} is above {high} {getattr(self, high)}")
        if self.alpha * (self.draws + 1) < 1:
            raise ValueError(
                f"draws {self.draws} cannot show a p-value of alpha {self.alpha}: take {int(1 / self.alpha)}"
            )
        return self


class Waiver(Strict):
    """Somebody answers for one verdict: `verdict_digest` as data/mix/collapse.json gives it; source null: the mixture.

    A verdict with another figure in it has another digest, and the waiver no longer holds.
    """

    source: str | None
    verdict_digest: str = Field(pattern=r"^[0-9a-f]{32}$")
    name: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=2000)
    expires: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")  # the last day on which it holds


class WindowParams(Strict):
    """Which windows are taken: the sources that are judged, with their references."""

    reservoir: int = Field(ge=1)
    references: dict[str, Literal["seeds"] | Reference]


class AssessParams(Strict):
    """One source, and its share of the mixture beside all real text."""

    source: str
    share: float = Field(ge=0, le=1)
    real_share: float = Field(ge=0, le=1)


class MixParams(Strict):
    """`weights`: source -> share of the mixture's tokens; a source that is not named takes what it has."""

    shards: int = Field(ge=1, le=100_000)
    seed: int = Field(ge=0, lt=2**63)
    synthetic: dict[str, SyntheticSource]
    weights: dict[str, float] | None
    max_copies: int = Field(ge=1, le=16)
    collapse: Collapse
    waivers: tuple[Waiver, ...] = ()


class PlanParams(Strict):
    """The part of `mix` that says how often a document is taken."""

    weights: dict[str, float] | None
    max_copies: int = Field(ge=1, le=16)


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
