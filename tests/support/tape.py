"""What passed on a line, and what can be read in it: requests, answers, bytes that went twice."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field

REQUEST = re.compile(rb"(POST|HEAD|PATCH) (/\S*) HTTP/1\.1\r\n(.*?)\r\n\r\n", re.DOTALL)
ANSWER = re.compile(rb"HTTP/1\.1 (\d{3})[^\r]*\r\n(.*?)\r\n\r\n", re.DOTALL)
OFFSET = re.compile(rb"(?im)^upload-offset: *(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, `at` how many bytes up the line it began; `body`: bytes of it that went up."""

    method: str
    at: int
    offset: int | None
    body: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer, and how many bytes had gone up the line when it came."""

    status: int
    at: int
    offset: int | None


@dataclass(slots=True)
class Tape:
    """What went up and down a line, of all its connections in turn. For each piece that came down
    `turns` has how much had gone up, and come down, before it."""

    up: bytearray = field(default_factory=bytearray)
    down: bytearray = field(default_factory=bytearray)
    turns: list[tuple[int, int]] = field(default_factory=list)

    def came(self, data: bytes) -> None:
        """A piece comes down."""
        self.turns.append((len(self.up), len(self.down)))
        self.down += data

    # --- of one client that sends one request after the other ------------------------------------

    def asked(self) -> list[Asked]:
        found = list(REQUEST.finditer(bytes(self.up)))
        ends = [*(match.start() for match in found[1:]), len(self.up)]
        return [
            Asked(
                method=match[1].decode(),
                at=match.start(),
                offset=_offset(match[3]),
                body=end - match.end(),
            )
            for match, end in zip(found, ends, strict=True)
        ]

    def answered(self) -> list[Answered]:
        begun = [down for _, down in self.turns]
        return [
            Answered(
                status=int(match[1]),
                at=self.turns[bisect_right(begun, match.start()) - 1][0],
                offset=_offset(match[2]),
            )
            for match in ANSWER.finditer(bytes(self.down))
        ]

    def told(self) -> list[int]:
        """The offsets that the client was told, in order."""
        return [one.offset for one in self.answered() if one.offset is not None]

    def starts(self) -> list[int]:
        """Where its PATCHes began, in order."""
        return [one.offset or 0 for one in self.asked() if one.method == "PATCH"]

    def sent(self) -> int:
        """Bytes of the file that went up, some perhaps twice."""
        return sum(one.body for one in self.asked() if one.method == "PATCH")


def _offset(headers: bytes) -> int | None:
    found = OFFSET.search(headers)
    return int(found[1]) if found else None
