"""How a record's header begins in the two archive formats, WARC and ARC, as the reader sees it.

A form knows header lines and nothing of streams, codecs or records. The scan does not use it: it has its own eyes.

ARC 1.0 and 2.0 (Burner and Kahle 1996): a header is one line, fields parted by single spaces; version 2 has five more.

    URL IP-address Archive-date Content-type Archive-length
    URL IP-address Archive-date Content-type Result-code Checksum Location Offset Filename Archive-length

A URL may hold spaces, since some writers do not escape them. The first record describes the file (`filedesc:`).
"""

import re
from dataclasses import dataclass

ARC_URL_MAX, ARC_TYPE_MAX, ARC_FIELD_MAX = 7000, 100, 200  # bytes of a URL after its scheme, a type, a v2 field


@dataclass(frozen=True)
class Form:
    """A format by its header lines. `ahead`: bytes from the start of a line that must be seen to know it for one."""

    name: str
    ahead: int
    line: re.Pattern[bytes]  # at the start of a header line
    mark: bytes  # what stands, behind a line end, before every header line; a search for it is cheap

    def starts(self, data: bytes | bytearray, at: int = 0) -> bool:
        """Whether a header line stands at `at`, wherever that is in its line."""
        return self.line.match(data, at) is not None

    def after(self, data: bytes | bytearray, start: int, stop: int) -> int:
        """The first line end in [start, stop) that a header line follows, or -1."""
        found = data.find(b"\n" + self.mark, start, stop + len(self.mark))
        while 0 <= found < stop and not self.starts(data, found + 1):
            found = data.find(b"\n" + self.mark, found + 1, stop + len(self.mark))
        return found if 0 <= found < stop else -1


WARC = Form("WARC", 9, re.compile(rb"WARC/(?:1\.[01]|0\.1[78])"), b"WARC/")
ARC = Form(
    "ARC",
    8320,  # all bounds together
    re.compile(
        rb"(?P<url>[A-Za-z][A-Za-z0-9+.-]{0,19}:[^\n]{0,%d}?) [0-9A-Fa-f.:]{2,45} (?P<date>\d{14}) "
        rb"(?P<type>[^ \n]{0,%d})(?:(?: [^ \n]{0,%d}){5})? (?P<length>\d{1,18})\r?\n"
        % (ARC_URL_MAX, ARC_TYPE_MAX, ARC_FIELD_MAX)
    ),
    b"",
)


def form_at(data: bytes | bytearray) -> Form | None:
    """The form of which a record begins with `data`; null where none does."""
    return next((form for form in (WARC, ARC) if form.starts(data)), None)
