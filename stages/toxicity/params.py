"""The params section `toxicity`."""

from typing import Literal

from pydantic import Field

from stages.strict import Strict


class Pii(Strict):
    """Which personal data is replaced, and by what."""

    kinds: tuple[Literal["email", "ip"], ...]
    email: str = Field(min_length=1)
    ip: str = Field(min_length=1)


class ToxicityParams(Strict):
    """A document whose score exceeds `max_score` is rejected, unless `report_only`."""

    max_score: float = Field(ge=0, le=1)
    report_only: bool
    pii: Pii


class Scores(Strict):
    """What the toxicity score depends on beside document, edits and model: nothing."""
