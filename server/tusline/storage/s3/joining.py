"""Final uploads: their members' bytes copied within the store where it can, and over here where a
part would be made of several pieces."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from tusline.errors import BytesLost, MemberLost, StoreUnavailable, TuslineError
from tusline.interfaces import Ledger
from tusline.storage.s3 import names
from tusline.storage.s3.building import Builder, Means
from tusline.storage.s3.faults import NotThere
from tusline.storage.s3.journal import Journal, Opened, Part, Segment
from tusline.storage.s3.sealing import Sealer
from tusline.storage.s3.sizes import LEAST
from tusline.upload import NOTHING, Delta, Upload, UploadId


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes [start, stop) of a member's object, or of one of its segments; `whole` is the size of
    that."""

    member: UploadId
    source: str | Segment
    start: int
    stop: int
    whole: int

    @property
    def size(self) -> int:
        return self.stop - self.start


class Copier:
    """Joins members, which are complete, and only read: their parts become an object of their own
    for that, which changes no byte of theirs."""

    def __init__(self, means: Means, sealer: Sealer) -> None:
        self._means = means
        self._sealer = sealer

    async def concat(
        self, upload: Upload, members: Sequence[Upload], token: int, ledger: Ledger
    ) -> None:
        """As `BlobStore.concat`. What an attempt that broke off has stored is not used."""
        builder = Builder(replace(upload, journal=()), token, ledger, self._means)
        builder.saw(b"".join(member.head for member in members), 0)
        try:
            pieces = [piece for member in members for piece in await self._pieces(member)]
            delta = await self._joined(builder, pieces, sum(piece.size for piece in pieces))
        except BaseException as error:
            await self._give_up(builder)
            if isinstance(error, MemberLost):
                await ledger.record(NOTHING)  # who has taken over may be done, and members gone
            raise
        ledger.add(replace(delta, dropped=delta.dropped + upload.journal))

    async def _joined(self, builder: Builder, pieces: Sequence[Piece], total: int) -> Delta:
        size = builder.part_size
        if total <= size:
            original = await builder.original([await self._read(piece) for piece in pieces])
            return Delta(added=total, journal=(original.entry(),), synced=True)
        parts = [
            await self._part(builder, cut(pieces, start, min(total, start + size)), start)
            for start in range(0, total, size)
        ]
        opened = [Opened(number=part.number, token=builder.token).entry() for part in parts]
        return Delta(
            added=total,
            journal=tuple(part.entry() for part in parts),
            dropped=tuple(opened),
            synced=True,
        )

    async def _part(self, builder: Builder, pieces: Sequence[Piece], offset: int) -> Part:
        """One part; the lease is looked at before (its number is journalled)."""
        place, (first, *more) = await builder.open(builder.number()), pieces
        least = min(self._means.least, LEAST)
        if more or isinstance(first.source, Segment) or first.whole <= least:
            return await builder.part(place, [await self._read(piece) for piece in pieces], offset)
        try:
            return await builder.copied(place, first.source, first.start, first.stop, offset)
        except NotThere as error:
            if await self._means.bucket.head(first.source) is None:
                raise MemberLost(first.member) from error
            raise StoreUnavailable("the join was given up in the store") from error

    async def _read(self, piece: Piece) -> bytes:
        try:
            if isinstance(piece.source, Segment):
                data = await self._means.segments.get(piece.member, piece.source)
                return data[piece.start : piece.stop]
            return await self._means.bucket.get(piece.source, piece.start, piece.stop)
        except (NotThere, BytesLost) as error:
            raise MemberLost(piece.member) from error

    async def _pieces(self, member: Upload) -> list[Piece]:
        journal = Journal.of(member)
        found: list[Piece] = []
        original = journal.original
        if original is None and journal.multipart is not None and journal.parts:
            try:
                original = await self._sealer.complete(member.id, journal.multipart, journal.parts)
            except BytesLost as error:
                raise MemberLost(member.id) from error
        if original is not None:
            size = original.size
            found.append(
                Piece(member=member.id, source=original.key, start=0, stop=size, whole=size)
            )
        at = original.size if original is not None else 0
        for segment in journal.segments:
            if segment.name.end > at:
                start, size = at - segment.name.offset, segment.name.size
                found.append(
                    Piece(member=member.id, source=segment, start=start, stop=size, whole=size)
                )
                at = segment.name.end
        if at != member.offset:
            raise MemberLost(member.id)
        return found

    async def _give_up(self, builder: Builder) -> None:
        """The parts of an attempt that broke off are of no use to the next."""
        if builder.multipart is not None:
            with suppress(TuslineError):
                key = names.large_original(builder.upload.id)
                await self._means.bucket.abort_multipart(key, builder.multipart.id)


def cut(pieces: Sequence[Piece], start: int, stop: int) -> list[Piece]:
    """Bytes [start, stop) of all pieces together."""
    found, at = [], 0
    for piece in pieces:
        begin, end = max(start, at), min(stop, at + piece.size)
        if begin < end:
            shift = piece.start - at
            found.append(replace(piece, start=begin + shift, stop=end + shift))
        at += piece.size
    return found
