"""The params section `quality`."""

from pydantic import Field

from stages.strict import Strict


class Bounds(Strict):
    """Keep a document while minimum <= signal <= maximum; a null bound is not held."""

    min: float | None = None
    max: float | None = None


class QualityParams(Strict):
    """Which languages are kept, and the bounds on signals, held in the order in which they are written."""

    languages: tuple[str, ...]
    min_language_score: float = Field(ge=0, le=1)
    signals: dict[str, Bounds]
    min_quality_score: float | None = Field(ge=0, le=1)  # null: the score is reported only
