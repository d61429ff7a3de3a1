"""A window that slides along the decompressed stream of an archive, and the damage passed on the way.

It knows where header lines are (by the form of the archive) and where bytes are stored; it does not know what a header
says.
The cursor (position 0 of `held`) stands at the start of a run, at a header line or at the end of a run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from stages.extract.forms import Form
from stages.extract.members import BLANKS_MAX, Data, Event, Gap, events, layout_of

_SKIP = 1 << 16


@dataclass
class OpenDamage:
    """A damaged region whose end is not known yet."""

    offset: int
    inner: int
    n_headers: int
    why: str


class Window:
    """The bytes ahead of the cursor, at most what was asked for and one piece more."""

    def __init__(self, stream: BinaryIO) -> None:
        self.held = bytearray()
        self.sound = True  # whether the end of the run, once reached, is one of its last member
        layout = layout_of(stream)
        self.form: Form = layout.form
        self._size = layout.size
        self._events: Iterator[Event] = events(stream, layout)
        self._next: Event | None = next(self._events, None)
        self._passed = 0  # decompressed bytes of the run before the cursor
        self._members: list[tuple[int, int, bool]] = []  # position in the run, stored offset, plain
        self._end = 0  # as stored, of what was passed between runs
        self._damage: OpenDamage | None = None

    def open_run(self) -> bool:
        """Step over the gaps to the next run; false at the end of the stream."""
        while isinstance(self._next, Gap):
            self.add_damage((self._next.offset, 0), 0, self._next.why)
            self._end = self._next.end
            self._next = next(self._events, None)
        if self._next is None:
            return False
        self.held, self.sound, self._passed, self._members = bytearray(), True, 0, []
        self._pull(self._next)
        return True

    def fill(self, count: int) -> int:
        """Hold `count` bytes if the run has so many; return how many are held, at most `count`."""
        while len(self.held) < count and isinstance(self._next, Data) and not self._next.opens:
            self._pull(self._next)
        if len(self.held) < count:
            self.sound = not (isinstance(self._next, Gap) and self._next.inside)
        return min(count, len(self.held))

    def _pull(self, data: Data) -> None:
        if not self._members or (not data.plain and self._members[-1][1] != data.offset):
            self._members.append((self._passed + len(self.held), data.offset, data.plain))
        self.held += data.data
        self._next = next(self._events, None)

    def at_end(self) -> bool:
        """Whether the run is used up."""
        return self.fill(1) == 0

    def is_header(self, at: int) -> bool:
        """Whether a header line begins at `at`: at the start of the run or after a line end."""
        self.fill(at + self.form.ahead)
        begins = self.held[at - 1] == 0x0A if at else True
        return begins and self.form.starts(self.held, at)

    def has_room(self, count: int) -> bool:
        """Whether the run may hold `count` bytes more; certain only where nothing is compressed."""
        return not self._members[0][2] or count <= self._size - self.stored()[0]

    def drop(self, count: int) -> None:
        """Move the cursor over `count` held bytes."""
        del self.held[:count]
        self._passed += count
        while len(self._members) > 1 and self._members[1][0] <= self._passed:
            del self._members[0]

    def stored(self) -> tuple[int, int]:
        """Where the cursor is: the stored offset of its member (plain: of the byte), and the position inside it."""
        start, offset, plain = self._members[0]
        return (offset + self._passed - start, 0) if plain else (offset, self._passed - start)

    def end(self) -> int:
        """The stored offset of the cursor, or of the end of what was passed since the last run."""
        return max(self._end, self.stored()[0]) if self._members else self._end

    def next_header(self, start: int, stop: int) -> int:
        """The first header line that begins in [start, stop), start > 0, or -1. Holds what it needs to see."""
        stop = min(stop, self.fill(stop + self.form.ahead))
        found = self.form.after(self.held, start - 1, stop - 1)
        return found + 1 if found >= 0 else -1

    def count_headers(self, start: int, stop: int) -> int:
        """How many header lines begin in [start, stop), start > 0."""
        count, at = 0, self.next_header(start, stop)
        while at >= 0:
            count, at = count + 1, self.next_header(at + 1, stop)
        return count

    def after_blanks(self, at: int) -> int | None:
        """Where the next record can begin if one ends at `at`: a header line or the sound end of the run. Or None."""
        limit = self.fill(at + BLANKS_MAX + 1)
        if limit < at:
            return None
        stop = at
        while stop < limit and self.held[stop] in b"\r\n":
            stop += 1
        ends = stop == limit and limit < at + BLANKS_MAX + 1 and self.sound
        return stop if ends or (stop < limit and self.is_header(stop)) else None

    def skip(self, count: int) -> tuple[int, int]:
        """Move the cursor up to `count` bytes on in small steps, leaving one byte of the run at least.

        Return (bytes passed, header lines that begin after the old cursor and not after the new one).
        """
        passed, headers = 0, 0
        while passed < count and (step := self.fill(min(_SKIP, count - passed) + 1) - 1) > 0:
            headers += self.count_headers(1, step + 1)
            self.drop(step)
            passed += step
        return passed, headers

    def damaged(self, start: tuple[int, int], n_headers: int, why: str) -> None:
        """Count a damaged stretch from `start` to the next header line after the cursor, and move there."""
        self.add_damage(start, n_headers, why)
        self.to_next_header()

    def to_next_header(self) -> None:
        """Move the cursor to the next header line after it, or to the end of the run."""
        while not self.at_end():
            found = self.next_header(1, _SKIP)
            ahead = self.fill(_SKIP)
            if found > 0 or ahead < _SKIP:
                self.drop(found if found > 0 else ahead)
                return
            self.drop(ahead - 1)  # its last byte may be the line end before a header

    def add_damage(self, start: tuple[int, int], n_headers: int, why: str) -> None:
        """Begin a damaged region at `start`, or widen the open one."""
        if self._damage is None:
            self._damage = OpenDamage(*start, 0, why)
        self._damage.n_headers += n_headers

    def take_damage(self) -> OpenDamage | None:
        """The damaged region that ends at the cursor, if one does."""
        damage, self._damage = self._damage, None
        return damage
