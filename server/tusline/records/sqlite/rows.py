"""Rows of the embedded records to values and back."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from tusline.upload import Image, Phase, Reason, Upload, UploadId, Variant


def to_upload(
    row: sqlite3.Row, journal: Sequence[str], finals: Sequence[UploadId], *, now: float
) -> Upload:
    """`now` decides whether the lease still runs."""
    reason = row["reason_code"]
    return Upload(
        id=UploadId(row["id"]),
        owner=row["owner"],
        phase=Phase(row["phase"]),
        length=row["length"],
        offset=row["offset"],
        synced=row["synced"],
        metadata=row["metadata"],
        head=row["head"],
        journal=tuple(journal),
        created=row["created"],
        changed=row["changed"],
        expires=row["expires"],
        version=row["version"],
        token=row["token"],
        held=row["lease_until"] > now,
        reason=Reason(code=reason, message=row["reason_message"]) if reason else None,
        content_type=row["content_type"],
        sha256=row["sha256"],
        image=Image(width=row["width"], height=row["height"]) if row["width"] else None,
        variants=variants_from_text(row["variants"]),
        attempts=row["attempts"],
        job_token=row["job_token"],
        batch=row["batch"],
        original_gone=row["original"] != "kept",
        deferred=bool(row["deferred"]),
        concat=row["concat"],
        members=tuple(map(UploadId, row["members"].split())),
        finals=tuple(finals),
    )


def variants_to_text(variants: Sequence[Variant]) -> str:
    return json.dumps([asdict(variant) for variant in variants])


def variants_from_text(text: str) -> tuple[Variant, ...]:
    return tuple(Variant(**fields) for fields in json.loads(text))
