"""Personal data by its form: e-mail addresses and public IP addresses, as spans. Does not know what replaces them.

Time is linear in the text: no pattern looks further than 64 characters back or 255 ahead, and none reads these more
than a few times. A span that is found holds the address alone.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Span = tuple[int, int]

# Thai, Lao, Burmese, Khmer, Korean, Han, kana: a word may stand beside Latin letters without a space between.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u2e80-\u9fff\ua960-\ua97f\uaa60-\uaadf"
    "\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff"
)
_LATIN = r"A-Za-zÀ-ÖØ-öø-\u02c1Ḁ-ỿ\ufb00-\ufb06"


def _domain(unspaced: str) -> str:
    """Pattern of a domain without letters of `unspaced` (ranges). Its last label is of one script, or in Punycode."""
    label = rf"[^\W_{unspaced}](?:(?:[^\W{unspaced}]|-){{0,61}}[^\W_{unspaced}])?"
    ace = "[Xx][Nn]--[A-Za-z0-9-]{0,58}[A-Za-z0-9]"
    latin = rf"[{_LATIN}]{{2,24}}(?![{_LATIN}0-9_])"
    other = rf"[^\W\d_{unspaced}]{{2,24}}(?![^\W{unspaced}])"
    return rf"(?:{label}\.){{1,8}}(?:{ace}|{latin}|{other})"


# RFC 5321, 4.5.3.1: 64 characters before the sign, 255 behind it. Letters of every script are allowed (RFC 6531); but
# beside a Latin letter those of another script are the page's, and beside a digit those that need no space. Reversed.
_LOCAL = re.compile(rf"[0-9_.%+'-]*[{_LATIN}][{_LATIN}0-9_.%+'-]*|(?:[^\W{_UNSPACED}]|[.%+'-])+|[\w.%+'-]+")
_DOMAIN = re.compile(f"{_domain(_UNSPACED)}|{_domain('')}")
_IPV4 = re.compile(r"(?<![\w.])(?<!\w/)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\.?\w|版|버전|バージョン)", re.ASCII)
_IPV6 = re.compile(r"(?<![\w:.])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{2,34}(?![\w:])(?!\.\w)", re.ASCII)
_VERSION = re.compile(
    r"(?i)(?:version|release|firmware|build|section|chapter|paragraph|article|clause|ver\.?|rev\.?"
    r"|版本号?|バージョン|버전|第)\W{0,3}\Z"
)

# Not a person's: IANA IPv4 special-purpose address registry, and multicast, reserved and broadcast space.
_SPECIAL = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("10.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.0.2.0/24"),  # what addresses are replaced by; the other documentation ranges count as public
    IPv4Network("192.88.99.0/24"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("224.0.0.0/3"),
)
_DOCUMENTATION = (IPv6Network("2001:db8::/32"), IPv6Network("3fff::/20"))


def emails(text: str) -> Iterator[Span]:
    """Spans of e-mail addresses, in order, [start, end) in code points."""
    at = text.find("@")
    end = 0
    while at >= 0:
        local = _LOCAL.match(text[max(end, at - 64) : at][::-1])
        domain = _DOMAIN.match(text, at + 1, at + 256)
        name = local[0].rstrip(".'") if local else ""  # reversed: a full stop or quote ahead of the address
        if name and domain:
            end = domain.end()
            yield at - len(name), end
        at = text.find("@", at + 1)


def ips(text: str) -> Iterator[Span]:
    """Spans of public IP addresses, first version 4, then 6. Private, special and numbering-like ones are left out."""
    for match in _IPV4.finditer(text):
        if _is_public(match[0]) and not _VERSION.search(text, max(0, match.start() - 16), match.start()):
            yield match.span()
    for match in _IPV6.finditer(text):
        address = match[0] if match[0].endswith("::") else match[0].rstrip(":")
        if _is_global(address):
            yield match.start(), match.start() + len(address)


def _is_public(quad: str) -> bool:
    """A host's address, not the number of a section or a version: those have single digits throughout."""
    parts = quad.split(".")
    if any((len(p) > 1 and p[0] == "0") or int(p) > 255 for p in parts) or all(len(p) == 1 for p in parts):
        return False
    return not any(IPv4Address(quad) in net for net in _SPECIAL)


def _is_global(text: str) -> bool:
    """Global unicast and not set aside for documentation."""
    try:
        address = IPv6Address(text)
    except ValueError:
        return False
    return not any(address in net for net in _DOCUMENTATION)
