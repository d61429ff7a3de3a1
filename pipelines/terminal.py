"""Strings made by pages, on a terminal or in a file that people open: inert, bounded, personal data masked.

Masking is against accident, not intent: who can run a command here can read the tables. Knows no table.
"""

import os
import sys

LONGEST = 300
CELL = 60
MARK = "�"
_CUT = "…"


def safe(text: object, limit: int = LONGEST) -> str:
    """One line of printable characters, at most `limit`: no control characters, no marks that reorder or hide text."""
    raw = str(text)
    cut = raw if len(raw) <= limit else raw[: limit - 1] + _CUT
    return "".join(c if c.isprintable() else " " if c in "\n\r\t" else MARK for c in cut)


def say(text: str) -> None:
    """Print, and end quietly where the reader has seen enough (`| head`)."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


def block(text: str) -> str:
    """Several lines, each inert, none cut."""
    return "\n".join(safe(line, len(line) + 1) for line in text.splitlines())


def masked(text: str) -> str:
    """Without e-mail addresses, and in prose without IP addresses (alone, one may be the host that a row is about)."""
    from stages.toxicity import pii

    found = [(start, end, "[email]") for start, end in pii.emails(text)] if "@" in text else []
    if any(c.isspace() for c in text):
        found += [(start, end, "[ip]") for start, end in pii.ips(text)]
    out, at = [], 0
    for start, end, name in sorted(found):
        if start >= at:
            out += [text[at:start], name]
            at = end
    return "".join([*out, text[at:]])
