"""Uploads as the fields of a hash, and back: text, with times in µs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tusline.upload import (
    SCHEMA,
    Delta,
    Event,
    Image,
    Outcome,
    Phase,
    Reason,
    Upload,
    UploadId,
    Variant,
)

Part = str | bytes | int


def micros(seconds: float) -> int:
    return round(seconds * 1_000_000)


def seconds(micros: bytes) -> float:
    return int(micros) / 1_000_000


# --- into Redis ----------------------------------------------------------------------------------


def of_upload(upload: Upload) -> list[Part]:
    """Fields and values; what stands for nothing is left out (see `library.OPTIONAL`). The journal
    is a list of its own."""
    fields: dict[str, Part | None] = {
        "schema": SCHEMA,
        "owner": upload.owner,
        "phase": upload.phase.value,
        "length": upload.length,
        "offset": upload.offset,
        "synced": upload.synced,
        "metadata": upload.metadata,
        "head": upload.head,
        "created": micros(upload.created),
        "changed": micros(upload.changed),
        "expires": None if upload.expires is None else micros(upload.expires),
        "version": upload.version,
        "token": upload.token,
        "reason": upload.reason.code if upload.reason else None,
        "message": upload.reason.message if upload.reason else None,
        "type": upload.content_type,
        "attempts": upload.attempts,
        "job": upload.job_token,
        "batch": upload.batch,
        "original": "gone" if upload.original_gone else None,
        "deferred": 1 if upload.deferred else None,
        "concat": upload.concat,
        "members": " ".join(upload.members) or None,
    }
    return [*_pairs(fields), *_of_result(upload.variants, upload.sha256, upload.image)]


def of_outcome(outcome: Outcome) -> list[Part]:
    """The fields of what a job has made."""
    return _of_result(outcome.variants, outcome.sha256, outcome.image)


def of_reason(reason: Reason | None) -> tuple[str, str]:
    """Code and message, or twice nothing."""
    return (reason.code, reason.message) if reason else ("", "")


def of_delta(delta: Delta, note: str = "") -> list[Part]:
    """As `lease.lua` reads it."""
    return [
        note,
        int(bool(delta)),
        delta.number,
        delta.added,
        delta.head,
        "" if delta.length is None else delta.length,
        int(delta.synced),
        len(delta.journal),
        *delta.journal,
        *delta.dropped,
    ]


def _of_result(variants: Sequence[Variant], sha256: str | None, image: Image | None) -> list[Part]:
    fields: dict[str, Part | None] = {
        "variants": json.dumps([asdict(one) for one in variants]) if variants else None,
        "sha256": sha256,
        "width": image.width if image else None,
        "height": image.height if image else None,
    }
    return _pairs(fields)


def _pairs(fields: Mapping[str, Part | None]) -> list[Part]:
    return [part for name, value in fields.items() if value is not None for part in (name, value)]


# --- out of Redis --------------------------------------------------------------------------------


def to_upload(id: UploadId, reply: Sequence[Any]) -> Upload:
    """The upload in the answer of a script: time, fields, journal and finals."""
    _, now, _, journal, finals, *_ = reply
    fields = _fields(reply)
    get = fields.get
    return Upload(
        id=id,
        owner=fields[b"owner"].decode(),
        phase=Phase(fields[b"phase"].decode()),
        length=_int(get(b"length")),
        offset=int(fields[b"offset"]),
        synced=int(fields[b"synced"]),
        metadata=_text(get(b"metadata")),
        head=fields[b"head"],
        journal=tuple(entry.decode() for entry in journal),
        created=seconds(fields[b"created"]),
        changed=seconds(fields[b"changed"]),
        expires=seconds(fields[b"expires"]) if b"expires" in fields else None,
        version=int(fields[b"version"]),
        token=int(fields[b"token"]),
        held=int(get(b"until", 0)) > int(now),
        reason=_reason(fields),
        content_type=_text(get(b"type")),
        sha256=_text(get(b"sha256")),
        image=_image(fields),
        variants=_variants(get(b"variants")),
        attempts=int(fields[b"attempts"]),
        job_token=int(fields[b"job"]),
        batch=_text(get(b"batch")),
        original_gone=b"original" in fields,
        deferred=b"deferred" in fields,
        concat=_text(get(b"concat")),
        members=tuple(UploadId(member) for member in get(b"members", b"").decode().split()),
        finals=tuple(UploadId(final.decode()) for final in finals),
    )


def epoch(reply: Sequence[Any]) -> str:
    """The life of the server in which the record of an answer was written."""
    return _fields(reply)[b"epoch"].decode()


def claim(reply: Sequence[Any]) -> str | None:
    """The name of the idempotency key under which the upload was made."""
    return _text(_fields(reply).get(b"claim"))


def to_event(line: bytes) -> Event:
    at, name, detail = line.split(b" ", 2)
    return Event(at=seconds(at), name=name.decode(), detail=detail.decode())


def _fields(reply: Sequence[Any]) -> dict[bytes, bytes]:
    flat: list[bytes] = reply[2]
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _reason(fields: Mapping[bytes, bytes]) -> Reason | None:
    if b"reason" not in fields:
        return None
    return Reason(code=fields[b"reason"].decode(), message=fields[b"message"].decode())


def _image(fields: Mapping[bytes, bytes]) -> Image | None:
    if b"width" not in fields:
        return None
    return Image(width=int(fields[b"width"]), height=int(fields[b"height"]))


def _variants(text: bytes | None) -> tuple[Variant, ...]:
    return tuple(Variant(**variant) for variant in json.loads(text)) if text else ()


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _int(value: bytes | None) -> int | None:
    return None if value is None else int(value)
