"""Text into HTML, safely: everything that comes from data goes through `text`. Knows nothing of stages."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from html import escape

LONGEST = 300  # characters of one value that are shown
# Marks that reorder what is read (UAX 9), and line breaks that only some programs see.
_MARKS = re.compile("[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class Html(str):
    """A string that is HTML already."""

    __slots__ = ()


def text(value: object, longest: int = LONGEST) -> Html:
    """A value as inert HTML: escaped, without control characters, bidi marks spelled out, cut at `longest`."""
    if isinstance(value, Html):
        return value
    raw = "–" if value is None else value if isinstance(value, str) else number(value)
    cut = raw[:longest] + (f"… ({len(raw):,} characters)" if len(raw) > longest else "")
    return Html(escape("".join(map(_visible, cut)), quote=True))


def _visible(character: str) -> str:
    if _MARKS.match(character) or unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn"):
        return f"[U+{ord(character):04X}]"
    return character


def number(value: object) -> str:
    """Integers with thousands separated, other numbers in six digits, anything else as Python writes it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def percent(part: int, of: int) -> str:
    """A share in per cent with one decimal, or a dash where there is nothing to share."""
    return f"{100 * part / of:.1f} %" if of else "–"


def bar(part: int, of: int, css: str = "kept") -> Html:
    """A share as a bar in a cell of a table; the number stands beside it."""
    width = round(100 * part / of, 1) if of else 0.0
    return Html(
        f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="{css}" width="{width:g}" height="8"/></svg>'
    )


def amount(n_bytes: float) -> str:
    """Bytes in the unit that people read."""
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes:.0f} B"


def tag(name: str, content: object, css: str = "") -> Html:
    """One element around a value; the class is ours, the content may be data's."""
    attribute = f' class="{css}"' if css else ""
    return Html(f"<{name}{attribute}>{text(content)}</{name}>")


def join(parts: Iterable[object]) -> Html:
    """Several values after one another."""
    return Html("".join(text(part) for part in parts))


def table(caption: object, heads: Sequence[str], rows: Iterable[Sequence[object]], words: Iterable[int] = (0,)) -> Html:
    """A table. Columns in `words` hold words, the others numbers, set flush right. Empty where there is no row."""
    wordy = set(words)
    body = [join(_cell(value, i in wordy, head=i == 0) for i, value in enumerate(row)) for row in rows]
    if not body:
        return Html("")
    head = join(_head(name, i in wordy) for i, name in enumerate(heads))
    lines = "\n".join(f"<tr>{line}</tr>" for line in body)
    top = f"<table><caption>{text(caption)}</caption>\n<thead><tr>{head}</tr></thead>"
    return Html(f'<div class="scroll">{top}\n<tbody>\n{lines}\n</tbody></table></div>\n')


def _head(name: str, wordy: bool) -> Html:
    return Html(f'<th scope="col"{"" if wordy else _NUMBER}>{text(name)}</th>')


def _cell(value: object, wordy: bool, head: bool) -> Html:
    css = "" if wordy else _NUMBER
    return Html(f'<th scope="row"{css}>{text(value)}</th>' if head else f"<td{css}>{text(value)}</td>")


_NUMBER = ' class="n"'


def details(summary: object, content: Html, *, opened: bool = False) -> Html:
    """A part that opens on demand; printed open."""
    start = "<details open>" if opened else "<details>"
    return Html(f"{start}<summary>{text(summary)}</summary>\n{content}</details>\n") if content else Html("")


def section(anchor: str, title: str, *content: Html) -> Html:
    """A part of the page under its heading; nothing where it has no content."""
    inner = join(content)
    return Html(f'<section id="{anchor}">\n<h2>{text(title)}</h2>\n{inner}</section>\n') if inner else Html("")


def paragraph(words: object, css: str = "") -> Html:
    """A paragraph."""
    return Html(tag("p", words, css) + "\n")


def prose(words: str) -> Html:
    """A paragraph that explains, in our own words: of any length."""
    return paragraph(text(words, len(words)), "soft")
