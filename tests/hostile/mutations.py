"""Requests spoiled at random, the same for the same seed."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from . import poison
from .messages import KNOWN, Message

PIECES = 6
"""Most pieces that a request is cut into on its way."""


class End(Enum):
    """What the client does after it has sent its bytes."""

    READ = "read what comes"
    STOP = "say nothing more, and wait"
    LEAVE = "close at once"
    RESET = "reset the connection at once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One hostile connection: the pieces it sends, and how it goes on."""

    name: str
    pieces: tuple[bytes, ...]
    end: End

    @property
    def sent(self) -> bytes:
        return b"".join(self.pieces)


def case(seed: int, number: int) -> Case:
    """The case of this number; it depends on nothing else."""
    dice = random.Random(f"{seed}:{number}")
    message = dice.choice(KNOWN)
    names = [f"{message.method.decode()} {message.target.decode()[:24]}"]
    for change in dice.choices(CHANGES, k=dice.choice((1, 1, 1, 2, 3))):
        names.append(change.__name__)
        message = change(message, dice)
    data = bytes(message)
    if dice.random() < 0.35:
        spoil = dice.choice(SPOILERS)
        names.append(spoil.__name__)
        data = spoil(data, dice)
    end = dice.choices(list(End), (85, 6, 5, 4))[0]
    return Case(name=" + ".join([*names, end.name]), pieces=_cut(data, dice), end=end)


def _cut(data: bytes, dice: random.Random) -> tuple[bytes, ...]:
    if dice.random() < 0.7:
        return (data,)
    places = sorted(dice.randrange(len(data) + 1) for _ in range(dice.randrange(PIECES)))
    return tuple(
        data[start:stop] for start, stop in zip([0, *places], [*places, len(data)], strict=True)
    )


# --- changes of a part ---------------------------------------------------------------------------


def other_value(message: Message, dice: random.Random) -> Message:
    """A header that is there gets a value that it should not have."""
    if not message.fields:
        return message
    at = dice.randrange(len(message.fields))
    name, _ = message.fields[at]
    field = (name, dice.choice(poison.BY_NAME.get(name, poison.OTHERS)))
    return replace(message, fields=(*message.fields[:at], field, *message.fields[at + 1 :]))


def other_tus_value(message: Message, dice: random.Random) -> Message:
    """The same where the protocol is ours: what HTTP lets through has to be judged by us."""
    name = dice.choice((b"Upload-Length", b"Upload-Offset", b"Upload-Metadata", b"Upload-Concat"))
    kept = tuple(field for field in message.fields if field[0] != name)
    return replace(message, fields=kept).plus((name, dice.choice(poison.BY_NAME[name])))


def more_headers(message: Message, dice: random.Random) -> Message:
    names = dice.choices(list(poison.BY_NAME), k=dice.randint(1, 4))
    fields = [(name, dice.choice(poison.BY_NAME[name])) for name in names]
    return replace(
        message,
        fields=tuple(dice.sample([*message.fields, *fields], k=len(message.fields) + len(fields))),
    )


def lost_header(message: Message, dice: random.Random) -> Message:
    fields = list(message.fields)
    if fields:
        del fields[dice.randrange(len(fields))]
    return replace(message, fields=tuple(fields))


def doubled_header(message: Message, dice: random.Random) -> Message:
    if not message.fields:
        return message
    name, value = dice.choice(message.fields)
    values = (value, *poison.BY_NAME.get(name, poison.OTHERS))
    return message.plus((dice.choice((name, name.upper(), name.lower())), dice.choice(values)))


def two_framings(message: Message, dice: random.Random) -> Message:
    """Content-Length and Transfer-Encoding, each perhaps twice, and a body that fits one."""
    names = dice.choices((b"Content-Length", b"Transfer-Encoding"), k=dice.randint(2, 3))
    fields = [(name, dice.choice(poison.BY_NAME[name])) for name in names]
    return replace(message.plus(*fields), tail=dice.choice((b"0\r\n\r\n", b"hello", b"")))


def broken_chunks(message: Message, dice: random.Random) -> Message:
    kept = tuple(f for f in message.fields if f[0] not in (b"Content-Length", b"Transfer-Encoding"))
    chunked = replace(message, fields=kept).plus((b"Transfer-Encoding", b"chunked"))
    return replace(chunked, tail=dice.choice(poison.CHUNKS))


def bad_trailers(message: Message, dice: random.Random) -> Message:
    """A chunked body with the checksum that it announces, or something else, behind it."""
    kept = tuple(f for f in message.fields if f[0] not in (b"Content-Length", b"Transfer-Encoding"))
    plain = replace(message, fields=kept)
    chunked = plain.plus((b"Transfer-Encoding", b"chunked"), (b"Trailer", b"Upload-Checksum"))
    return replace(chunked, tail=b"5\r\nhello\r\n0\r\n" + dice.choice(poison.TRAILERS) + b"\r\n")


def bad_line(message: Message, dice: random.Random) -> Message:
    """A header line that is none, in the place of a value."""
    return message.plus((b"X-Last", b"x\r\n" + dice.choice(poison.LINES)))


def other_target(message: Message, dice: random.Random) -> Message:
    return replace(message, target=dice.choice(poison.TARGETS))


def other_method(message: Message, dice: random.Random) -> Message:
    return replace(message, method=dice.choice(poison.METHODS))


def other_version(message: Message, dice: random.Random) -> Message:
    return replace(message, version=dice.choice(poison.VERSIONS))


def expecting(message: Message, dice: random.Random) -> Message:
    return message.plus((b"Expect", dice.choice(poison.EXPECTS)))


def other_body(message: Message, dice: random.Random) -> Message:
    size = dice.choice((0, 1, 4, 6, 70_000, 300_000))
    return replace(message, tail=dice.randbytes(size))


CHANGES: tuple[Callable[[Message, random.Random], Message], ...] = (
    *(other_value, other_value, other_tus_value, other_tus_value, other_tus_value, more_headers),
    lost_header,
    *(doubled_header, two_framings, broken_chunks, bad_trailers, bad_line, other_target),
    *(other_method, other_version, expecting, other_body),
)


# --- changes of the bytes ------------------------------------------------------------------------


def flipped(data: bytes, dice: random.Random) -> bytes:
    spoiled = bytearray(data)
    for _ in range(dice.randint(1, 5)):
        spoiled[dice.randrange(len(spoiled))] ^= 1 << dice.randrange(8)
    return bytes(spoiled)


def cut_short(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def with_noise(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + dice.choice((*poison.NOISE, dice.randbytes(20))) + data[at:]


def with_noise_before(data: bytes, dice: random.Random) -> bytes:
    return dice.choice(poison.NOISE) + data


def with_noise_after(data: bytes, dice: random.Random) -> bytes:
    return data + dice.choice(poison.NOISE)


def with_a_slice_twice(data: bytes, dice: random.Random) -> bytes:
    start, stop = sorted(dice.randrange(len(data) + 1) for _ in range(2))
    return data[:stop] + data[start:stop] + data[stop:]


def without_a_slice(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data))
    return data[:start] + data[start + dice.randint(1, 30) :]


def in_a_heap(data: bytes, dice: random.Random) -> bytes:
    """Pipelined with others, good ones and the same again."""
    others = [bytes(dice.choice(KNOWN)) for _ in range(dice.randint(0, 3))]
    heap = [data] * dice.choice((1, 2, 30)) + others
    return b"".join(dice.sample(heap, k=len(heap)))


def bare_line_ends(data: bytes, dice: random.Random) -> bytes:
    return data.replace(b"\r\n", dice.choice((b"\n", b"\r", b"\n\r")))


SPOILERS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(flipped, flipped, flipped, cut_short, cut_short, with_noise, with_noise_before),
    *(with_noise_after, with_a_slice_twice, without_a_slice, in_a_heap, in_a_heap, bare_line_ends),
)
