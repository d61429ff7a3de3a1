"""Strings of params and sources as they may stand in Markdown and JSON: inert, masked, bounded. Knows no dataset."""

import re
from collections.abc import Iterable, Sequence

from pipelines.terminal import masked, safe

_MARKUP = re.compile(r"([\\`*_\[\]|~#])")


class Markdown(str):
    """A string that is Markdown already."""

    __slots__ = ()


def plain(value: object) -> str:
    """One inert line without personal data."""
    return safe(masked(str(value)))


def inline(value: object) -> str:
    """A value in a Markdown line or table cell: no markup, no HTML, a dash where there is nothing."""
    if value is None or value == "":
        return "–"
    if isinstance(value, Markdown):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return verbatim(plain(f"{value:,.6g}" if isinstance(value, float) else value))


def verbatim(line: str) -> Markdown:
    """A line whose words stand as they are, addresses too: markup of Markdown and HTML is escaped."""
    escaped = safe(line).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markdown(_MARKUP.sub(r"\\\1", escaped))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; a sentence where it has no row."""
    body = [f"| {' | '.join(map(inline, row))} |" for row in rows]
    rule = "|" + "---|" * len(heads)
    return "\n".join([f"| {' | '.join(heads)} |", rule, *body]) if body else "None."
