"""Words of a page as the report may show them: personal data by its form masked, hidden marks removed.

Masking is wider than the toxicity stage's edits, since no training text suffers: whatever looks like an address, a
telephone or an account number goes, and a few dates and article numbers with it. It is no proof that a text holds no
personal data: names are not found. Every pattern looks a bounded number of characters ahead.
"""

import re

LONGEST = 20_000  # characters of a text that are looked at
TAIL = 400  # of those, left out at the end, where an address may be cut in two
HIDDEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")

_AT = r"(?:[@＠﹫]|%40|\s?[\[({]\s?at\s?[\])}]\s?)"
_PART = r"[^\s<>()\[\]{}\"',;:，。、：；（）「」@＠﹫]"
_EMAIL = re.compile(rf"(?i){_PART}{{0,64}}{_AT}{_PART}{{0,255}}")
_IPV4 = re.compile(r"\d{1,3}(?:[.．]\d{1,3}){3}")
_IPV6 = re.compile(r"(?i)(?<![\w:])[0-9a-f:]{3,45}(?!\w)")
# ISO 13616: country, check digits, groups of four; every group but the first, which names the bank, has a digit.
_GROUP = r"[ \-]?(?=[a-z]{0,3}\d)[a-z0-9]"
_ACCOUNT = re.compile(
    rf"(?i)(?<!\w)[a-z]{{2}}\d\d[ \-]?[a-z0-9]{{4}}(?:{_GROUP}{{4}}){{1,6}}(?:{_GROUP}{{1,3}})?(?!\w)"
)
_DIGITS = re.compile(r"\+?\d(?:[\s().\-/\u2010-\u2015]{0,3}\d){6,}")
_DATE = re.compile(r"(?:19|20)\d\d-[01]\d-[0-3]\d")


def masked(text: str) -> str:
    """A text without what looks like personal data, and without marks that cannot be seen."""
    text = HIDDEN.sub("", text)
    for pattern, word in ((_EMAIL, "[e-mail]"), (_ACCOUNT, "[account]"), (_IPV4, "[ip]")):
        text = pattern.sub(word, text)
    text = _IPV6.sub(lambda m: "[ip]" if m[0].count(":") > 2 or ("::" in m[0] and m[0].strip(":")) else m[0], text)
    return _DIGITS.sub(lambda m: m[0] if _DATE.fullmatch(m[0]) else "[number]", text)


def excerpt(text: str, most: int) -> str:
    """The beginning of a text, masked, on one line, at most `most` characters of it."""
    seen = masked(text[:LONGEST])
    if len(text) > LONGEST:
        seen = seen[: max(0, len(seen) - TAIL)]
    line = " ".join(seen.split())
    return line[:most] + ("…" if len(line) > most else "")
