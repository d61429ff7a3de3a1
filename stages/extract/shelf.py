"""Pages between their look and their text: what was made of one for the look is kept for the text that may follow.

Holds few pages and few bytes, the latest ones. A page that is not there is decoded again in the encoding that the look
found, with the same result; a page is found under its id only if its bytes are the same. Knows no engine.
"""

from stages.extract.html import Reading

MAX_PAGES = 64
MAX_BYTES = 16 << 20  # of pages; what is made of a page takes about ten times as much


class Shelf:
    """At most MAX_PAGES readings of at most MAX_BYTES together."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[bytes, Reading]] = {}
        self._n_bytes = 0

    def put(self, doc_id: str, body: bytes, page: Reading) -> None:
        """Keep a reading; the oldest ones go where there are too many."""
        self.take(doc_id, b"")
        self._held[doc_id] = (body, page)
        self._n_bytes += len(body)
        while len(self._held) > MAX_PAGES or self._n_bytes > MAX_BYTES:
            self.take(next(iter(self._held)), b"")

    def take(self, doc_id: str, body: bytes) -> Reading | None:
        """Hand the reading of a page out, if it is here and of these bytes; it is here no longer."""
        held = self._held.pop(doc_id, None)
        if held is None:
            return None
        self._n_bytes -= len(held[0])
        return held[1] if held[0] == body else None
