"""A server of this machine that gives files over http, or as s3 does, and misbehaves on demand."""

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclass
class Files:
    """What is served, by path ("/a/b.warc.gz"), and how badly."""

    content: dict[str, bytes] = field(default_factory=dict)
    cut: int | None = None  # bytes after which every answer breaks off
    statuses: list[int] = field(default_factory=list)  # answered first, one a request
    headers: dict[str, str] = field(default_factory=dict)  # sent with those
    ranges: bool = True
    tags: bool = True
    excess: int = 0  # announced beyond what is sent
    later: dict[str, bytes] = field(default_factory=dict)  # content from the third request for a path on
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)  # method, path, range
    signed: list[str | None] = field(default_factory=list)

    def of(self, path: str) -> bytes | None:
        times = sum(1 for _, asked, _ in self.asked if asked == path)
        return self.later[path] if path in self.later and times > 2 else self.content.get(path)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: Files

    def log_message(self, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        files, parts = self.files, urlsplit(self.path)
        path, query = unquote(parts.path), parse_qs(parts.query)
        files.asked.append((self.command, path, self.headers.get("Range")))
        files.signed.append(self.headers.get("Authorization"))
        if files.statuses:
            return self.send(files.statuses.pop(0), b"", files.headers)
        if path in files.redirects:
            return self.send(302, b"", {"Location": files.redirects[path]})
        if "list-type" in query:
            return self.send(200, self.listed(path, query), {"Content-Type": "application/xml"})
        data = files.of(path)
        if data is None:
            return self.send(404, b"", {})
        return self.give(data, body)

    def give(self, data: bytes, body: bool) -> None:
        files, asked = self.files, self.headers.get("Range")
        head = {"ETag": f'"{hashlib.md5(data).hexdigest()}"'} if files.tags else {}
        first, status, whole = 0, 200, len(data)
        if asked and files.ranges:
            start, _, last = asked.removeprefix("bytes=").partition("-")
            first = int(start)
            if first >= len(data):
                return self.send(416, b"", head)
            data, status = data[first : int(last) + 1 if last else None], 206
            head["Content-Range"] = f"bytes {first}-{first + len(data) - 1}/{whole}"
        return self.send(status, data, head, body=body)

    def send(self, status: int, data: bytes, head: dict[str, str], *, body: bool = True) -> None:
        self.send_response(status)
        for name, value in head.items():
            self.send_header(name, value)
        cut = self.files.cut if len(data) > 1 else None
        self.send_header("Content-Length", str(len(data) + (self.files.excess if len(data) > 1 else 0)))
        self.end_headers()
        if body:
            self.wfile.write(data[:cut])
        if body and (cut is not None or self.files.excess):
            self.wfile.flush()
            self.close_connection = True

    def listed(self, path: str, query: dict[str, list[str]]) -> bytes:
        """ListObjectsV2 of the bucket that a path begins with, two keys a page."""
        bucket = "/" + path.strip("/").split("/")[0] + "/"
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        keys = sorted(p.removeprefix(bucket) for p in self.files.content if p.startswith(bucket + prefix))
        page = [key for key in keys if key > after][:2]
        more = bool(page) and page[-1] != keys[-1]
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.files.content[bucket + key])}</Size>"
            "<LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        head = f"<KeyCount>{len(page)}</KeyCount><IsTruncated>{str(more).lower()}</IsTruncated>{token}"
        return f'<?xml version="1.0"?><ListBucketResult>{head}{items}</ListBucketResult>'.encode()


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no event."""


class Server:
    """Serves `files` at `url` (http) until it is closed."""

    def __init__(self) -> None:
        self.files = Files()
        handler = type("Own", (Handler,), {"files": self.files})
        self.server = Quiet(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *exc: Any) -> None:
        self.server.shutdown()
        self.server.server_close()
