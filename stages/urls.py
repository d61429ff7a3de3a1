"""What a URL says about where a page comes from. Knows no page, no network and no list of hosts."""

from urllib.parse import urlsplit

MAX_HOST = 255


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
