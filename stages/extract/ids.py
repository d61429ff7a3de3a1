"""Identities: how a record, and a region that holds none, is named. Knows no file and no parser.

A doc_id is 32 hexadecimal digits of a sha256, never a position of its own making: the same capture keeps its name when
its file is renamed, repacked or moved to another shard.
"""

import hashlib
from collections.abc import Mapping

ROW_TYPES = frozenset({"response", "revisit", "resource"})
BLOCK_HEAD = 4096
RECORD_ID, TARGET_URI, DATE = b"warc-record-id", b"warc-target-uri", b"warc-date"
_DIGESTS = (b"warc-payload-digest", b"warc-block-digest")


def record_id(headers: Mapping[bytes, bytes], length: int, block_head: bytes) -> str:
    """doc_id of a record from its headers (lower-case names), its Content-Length and the head of its block.

    Hashes record id and target URI; where there is no record id: target URI, date and the payload's or block's stated
    digest, or in its absence the block's length and first BLOCK_HEAD bytes.
    """
    if headers.get(RECORD_ID):
        return _digest(b"record", headers[RECORD_ID], headers.get(TARGET_URI, b""))
    stated = next((headers[name] for name in _DIGESTS if headers.get(name)), None)
    content = stated if stated is not None else b"%d:%s" % (length, block_head[:BLOCK_HEAD])
    return _digest(b"capture", headers.get(TARGET_URI, b""), headers.get(DATE, b""), content)


def iso_date(digits: bytes) -> bytes:
    """An ARC's date of 14 digits as a WARC states it."""
    year, *rest = digits[:4], *(digits[i : i + 2] for i in range(4, 14, 2))
    return b"%s-%s-%sT%s:%s:%sZ" % (year, *rest)


def damage_id(file_digest: str, offset: int, inner: int) -> str:
    """doc_id of a damaged region: its file, its offset as stored, and its offset inside the member begun there."""
    return _digest(b"damage", file_digest.encode(), b"%d" % offset, b"%d" % inner)


def _digest(*parts: bytes) -> str:
    """Length-prefixed, so that no two lists of parts hash alike."""
    joined = b"".join(b"%d:%s" % (len(part), part) for part in parts)
    return hashlib.sha256(joined).hexdigest()[:32]
