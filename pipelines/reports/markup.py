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


def text(value: object) -> Html:
    """A value as inert HTML: escaped, without control characters, bidi marks spelled out, cut at LONGEST characters."""
    if isinstance(value, Html):
        return value
    raw = "–" if value is None else value if isinstance(value, str) else number(value)
    cut = raw[:LONGEST] + (f"… ({len(raw):,} characters)" if len(raw) > LONGEST else "")
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


def details(summary: object, content: Html) -> Html:
    """A part that opens on demand; printed open."""
    return Html(f"<details><summary>{text(summary)}</summary>\n{content}</details>\n") if content else Html("")


def section(anchor: str, title: str, *content: Html) -> Html:
    """A part of the page under its heading; nothing where it has no content."""
    inner = join(content)
    return Html(f'<section id="{anchor}">\n<h2>{text(title)}</h2>\n{inner}</section>\n') if inner else Html("")


def paragraph(words: object, css: str = "") -> Html:
    """A paragraph."""
    return Html(tag("p", words, css) + "\n")
