"""What a URL says about where a page comes from. Knows no page, no network and no list of hosts.

Registered domains follow the public suffix list that the package tld carries: requirements.lock pins it.
"""

import re
from functools import lru_cache
from urllib.parse import unquote, urljoin, urlsplit

from tld import get_tld

MAX_HOST = 255
MAX_URL = 8192
_HOST = re.compile(r"[\w.:-]+")


def host(url: str | None) -> str | None:
    """The host of `url` in lower case, without user, port, trailing dot or brackets; null where there is none.

    Never raises: URLs in archives are hostile (unbalanced brackets, control characters, megabytes).
    """
    if not url:
        return None
    try:
        name = urlsplit(url.strip("<> \t\r\n")[:8192]).hostname
    except ValueError:
        return None
    name = (name or "").rstrip(".")
    return name if name and len(name) <= MAX_HOST and name.isprintable() and " " not in name else None


def clean(url: str | None) -> str | None:
    """`url` as WARC-Target-URI means it: without the angle brackets that some writers add; null where it is empty."""
    return (url or "").strip("<> \t\r\n") or None


def form(url: str) -> tuple[str, str, str] | None:
    """(host, path, query with its mark), in the form in which urls are compared; null where there is no host.

    In lower case, percent signs undone, hosts in punycode; without scheme, user, port and fragment.
    """
    name = host(url)
    if name is None:
        return None
    try:
        split = urlsplit(url.strip("<> \t\r\n")[:MAX_URL])
    except ValueError:
        return None
    name = ascii_host(name)
    if not _HOST.fullmatch(name):
        return None
    query = f"?{unquote(split.query).lower()}" if split.query else ""
    return name, unquote(split.path).lower() or "/", query


def ascii_host(name: str) -> str:
    """A host as it stands in requests: names beyond ASCII in punycode."""
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


def page(url: str) -> tuple[str, str, str] | None:
    """The form in which addresses of one page are equal: `form` without `www.` and a slash at the end."""
    parts = form(url)
    return (parts[0].removeprefix("www."), parts[1].rstrip("/"), parts[2]) if parts else None


def is_same(url: str | None, other: str | None) -> bool | None:
    """Whether two addresses name one page, `other` perhaps relative to `url`; null where one of them is none.

    Scheme, `www.`, upper case and a slash at the end make no difference.
    """
    try:
        pages = page(url or ""), page(urljoin((url or "")[:MAX_URL], (other or "")[:MAX_URL]) if other else "")
    except ValueError:
        return None
    return pages[0] == pages[1] if all(pages) else None


@lru_cache(maxsize=1 << 14)
def registered_domain(name: str) -> str | None:
    """The domain that somebody registered to have this host: the last label before its public suffix, and the suffix.

    Null for a public suffix itself and for addresses in digits. A top level that the list does not know is a suffix.
    Suffixes that a company lends (blogspot.com) count as domains.
    """
    labels = name.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or ":" in name:
        return None
    found = get_tld(f"http://{name}", fail_silently=True, as_object=True, search_private=False)
    if found is None:
        return ".".join(labels[-2:])
    domain, suffix = getattr(found, "fld", None), getattr(found, "tld", None)
    return None if domain == suffix else domain
