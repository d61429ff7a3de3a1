"""Waivers of collapse verdicts, and whether their day has passed: the one place where that is asked.

What `inputs` writes holds no date of today, only the answer, so that a run of the later stages stays a function of its
inputs, and the file changes on the day on which a waiver ends.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from pipelines.errors import BadInput
from stages.mix.params import Waiver


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


def held(waivers: Sequence[Waiver], day: date) -> list[dict[str, Any]]:
    """Each waiver with `in_force`: it holds up to and on its last day. Raises BadInput where that is no day."""
    return [w.model_dump() | {"in_force": day <= _last_day(k, w)} for k, w in enumerate(waivers)]


def _last_day(number: int, waiver: Waiver) -> date:
    try:
        return date.fromisoformat(waiver.expires)
    except ValueError as error:
        raise BadInput(f"mix.waivers.{number}.expires: {waiver.expires} is no day ({error})") from error
