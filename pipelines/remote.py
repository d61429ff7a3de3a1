"""What lies on other machines: asked after, read from an offset on, and for s3, listed. http, https and s3.

One attempt each: a transfer that breaks is Broken, and whoever reads decides about the next try (see fetched). Knows
neither params keys nor files of this machine. The only door to urllib3 and to Arrow's s3 filesystem, which finds its
credentials as the tools of AWS do: environment, configuration files, the machine's role.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pipelines.errors import BadInput
from stages.params import Fetch

if TYPE_CHECKING:
    import urllib3

SCHEMES = ("http", "https", "s3")
PIECE = 1 << 18
RETRY_AFTER_MAX = 60.0  # seconds that a server may ask us to wait
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_NEVER = ("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "NO_SUCH_BUCKET", "HTTP status 30")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Broken(Exception):
    """A transfer that failed and may succeed when tried again, after `wait` seconds at least."""

    def __init__(self, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.wait = wait


class Changed(Exception):
    """What the server holds is not what it held when it was asked."""


@dataclass(frozen=True)
class Found:
    """A file as its server describes it. `tag`: ETag, or else the time of its last change; null: there is none."""

    size: int | None
    tag: str | None


def is_remote(name: str) -> bool:
    """Whether a path, glob or URI of params.yaml names something on another machine."""
    return urlsplit(name).scheme in SCHEMES


def basename(url: str) -> str:
    """The name of the file that a URL ends with."""
    path = url if url.startswith("s3:") else unquote(urlsplit(url).path)
    return path.rstrip("/").rpartition("/")[2]


def probe(url: str, how: Fetch) -> Found:
    """Size and tag. Raises BadInput where the server will not give the file, Broken where it cannot be asked."""
    if url.startswith("s3:"):
        return _s3_found(url, how)
    with _answer(url, {"Range": "bytes=0-0"}, how) as answer:  # not HEAD: signed addresses often allow GET alone
        if answer.status == 206:
            size = answer.headers.get("Content-Range", "").rpartition("/")[2]
        else:
            size = answer.headers.get("Content-Length", "")
        return Found(int(size) if size.isdigit() else None, _tag(answer))


def pieces(url: str, start: int, found: Found, how: Fetch) -> Iterator[tuple[int, bytes]]:
    """(offset, bytes) from `start` on, or from 0 where the server cannot begin elsewhere, up to the end.

    Raises Broken where the transfer ends early, Changed where the server's file is not the one that was found.
    """
    if url.startswith("s3:"):
        yield from _s3_pieces(url, start, found, how)
        return
    with _answer(url, {"Range": f"bytes={start}-"} if start else {}, how) as answer:
        if answer.status == 416 or _tag(answer) != found.tag:
            raise Changed(url)
        at = start if answer.status == 206 else 0
        if answer.status == 206 and _range(answer) != (start, found.size):
            raise Changed(url)
        try:
            for piece in answer.stream(PIECE, decode_content=False):
                yield at, piece
                at += len(piece)
        except _errors() as error:
            raise Broken(_kind(error)) from error


def _range(answer: Any) -> tuple[int, int] | None:
    """First byte and size of the whole, as a partial answer states them."""
    stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
    return (int(stated[1]), int(stated[2])) if stated else None


def _tag(answer: Any) -> str | None:
    found = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
    return str(found) if found else None


class _answer:  # noqa: N801 - reads as a statement: with _answer(url, ...) as answer
    """An open response whose status allows to read it; its connection is dropped at the end."""

    def __init__(self, url: str, headers: dict[str, str], how: Fetch) -> None:
        sent = {"Accept-Encoding": "identity", "User-Agent": "sluicegate"} | headers
        try:
            self.answer = _pool(url, how).request("GET", url, headers=sent, preload_content=False, redirect=True)
        except _errors() as error:
            raise Broken(_kind(error)) from error

    def __enter__(self) -> urllib3.BaseHTTPResponse:
        status = self.answer.status
        if status in (200, 206, 416):
            return self.answer
        wait = self.answer.headers.get("Retry-After", "")
        self.answer.close()
        if status in _AGAIN:
            raise Broken(f"the server answers {status}", min(float(wait) if wait.isdigit() else 0.0, RETRY_AFTER_MAX))
        raise BadInput(f"the server answers {status}")

    def __exit__(self, *exc: Any) -> None:
        self.answer.close()


def _errors() -> tuple[type[Exception], ...]:
    import urllib3

    return (urllib3.exceptions.HTTPError, OSError)


def _kind(error: BaseException) -> str:
    """What failed, without addresses: these may carry credentials."""
    inner = getattr(error, "reason", None)
    return type(inner if isinstance(inner, Exception) else error).__name__


def _pool(url: str, how: Fetch) -> urllib3.PoolManager:
    from urllib.request import getproxies, proxy_bypass  # brings ssl, which a run without remote files can do without

    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = None if host in _LOOPBACK or proxy_bypass(host) else getproxies().get(parts.scheme)
    return _pools(proxy, how.timeout_seconds)


@cache
def _pools(proxy: str | None, timeout: float) -> urllib3.PoolManager:
    import urllib3

    options: dict[str, Any] = {
        "timeout": urllib3.Timeout(connect=timeout, read=timeout),
        "maxsize": 64,  # connections kept: as many as files at once
        "retries": urllib3.Retry(
            total=None, connect=0, read=0, status=0, other=0, redirect=5, respect_retry_after_header=False
        ),
    }
    return urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)


def listing(pattern: str, how: Fetch) -> list[str]:
    """Addresses that an s3 pattern names, sorted; a pattern without wildcards names itself. As in a shell, * stays
    within a folder and ** does not.
    """
    if not pattern.startswith("s3:") or not re.search(r"[*?\[]", pattern):
        return [pattern]
    from pyarrow import fs

    folder = re.split(r"[*?\[]", pattern.removeprefix("s3://"))[0].rpartition("/")[0]
    try:
        every = _s3(how).get_file_info(fs.FileSelector(folder, recursive=True, allow_not_found=True))
    except OSError as error:
        raise _s3_error(error) from error
    fits = re.compile(_translated(pattern))
    found = (f"s3://{info.path}" for info in every if info.type == fs.FileType.File)
    return sorted(url for url in found if fits.fullmatch(url))


def _translated(pattern: str) -> str:
    """A shell pattern as a regular expression."""
    out = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]*\])", pattern):
        fixed = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part)
        out += fixed or (fnmatch.translate(part)[4:-3] if part.startswith("[") else re.escape(part))
    return out


@cache
def _s3_of(anonymous: bool, region: str | None, endpoint: str | None, timeout: float) -> Any:
    from pyarrow import fs

    parts = urlsplit(endpoint) if endpoint and "://" in endpoint else None
    options: dict[str, Any] = {"connect_timeout": timeout, "request_timeout": timeout}
    if endpoint:
        options |= {"endpoint_override": parts.netloc if parts else endpoint}
        options |= {"scheme": parts.scheme if parts else "https"}
    if region:
        options["region"] = region
    return fs.S3FileSystem(anonymous=anonymous, retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1), **options)


def _s3(how: Fetch) -> Any:
    return _s3_of(how.s3_anonymous, how.s3_region, how.s3_endpoint, how.timeout_seconds)


def _s3_error(error: OSError) -> Exception:
    """Broken, or BadInput where another try would end the same."""
    said = str(error)
    aws = re.search(r"AWS Error (\w+)", said)
    if isinstance(error, FileNotFoundError):
        return BadInput("there is no such object")
    if any(sign in said for sign in _NEVER):
        return BadInput(f"s3 answers {aws[1] if aws else 'with an error'}; see run.fetch.s3_region and s3_anonymous")
    return Broken(f"s3 answers {aws[1]}" if aws else type(error).__name__)


def _s3_open(url: str, how: Fetch) -> tuple[Any, Found]:
    try:
        file = _s3(how).open_input_file(url.removeprefix("s3://"))
        tags = file.metadata()
        tag = tags.get("ETag") or tags.get("Last-Modified")
        return file, Found(file.size(), tag.decode() if isinstance(tag, bytes) else tag)
    except OSError as error:
        raise _s3_error(error) from error


def _s3_found(url: str, how: Fetch) -> Found:
    file, found = _s3_open(url, how)
    file.close()
    return found


def _s3_pieces(url: str, start: int, found: Found, how: Fetch) -> Iterator[tuple[int, bytes]]:
    """By ranges of some megabytes, each a request; the tag is held against what was found before and after."""
    file, now = _s3_open(url, how)
    with file:
        if now != found:
            raise Changed(url)
        at = start
        while at < (found.size or 0):
            try:
                piece = file.read_at(32 * PIECE, at)
            except OSError as error:
                raise _s3_error(error) from error
            if not piece:
                raise Broken("the object ends early")
            yield at, piece
            at += len(piece)
    if _s3_found(url, how) != found:
        raise Changed(url)
