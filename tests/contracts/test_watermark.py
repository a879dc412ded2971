"""The synced watermark in the records, and what another boot of the machine does with it (I11)."""

import sqlite3
from importlib.resources import files
from pathlib import Path

import pytest

from support.clock import HandClock
from support.uploads import EXPIRES, LEASE_TTL, created, fresh
from tusline.errors import ConfigurationError
from tusline.interfaces import Records
from tusline.records.sqlite.records import SqliteRecords
from tusline.upload import Delta, UploadId


def sqlite_at(path: Path, clock: HandClock, boot: str) -> SqliteRecords:
    records = SqliteRecords(path, clock, lease_ttl=LEASE_TTL, expires=EXPIRES, wait=15, boot=boot)
    records.open()
    return records


async def test_the_watermark_rises_to_what_was_synced_and_never_falls(records: Records) -> None:
    upload, token = await created(records)
    await records.commit(upload.id, token, Delta(number=1, added=6))
    for said, stands in ((4, 4), (2, 4), (6, 6)):
        await records.synced(upload.id, said)
        assert (await records.get(upload.id)).synced == stands


async def test_the_watermark_never_passes_the_offset(records: Records) -> None:
    upload, token = await created(records)
    await records.commit(upload.id, token, Delta(number=1, added=3))
    await records.synced(upload.id, 9)
    assert (await records.get(upload.id)).synced == 3


async def test_a_commit_of_synced_bytes_takes_the_watermark_with_it(records: Records) -> None:
    upload, token = await created(records)
    await records.commit(upload.id, token, Delta(number=1, added=3, synced=True))
    await records.commit(upload.id, token, Delta(number=2, added=3))
    assert (await records.get(upload.id)).synced == 3
    await records.commit(upload.id, token, Delta(number=3, synced=True))
    assert (await records.get(upload.id)).synced == 6


async def test_unsynced_uploads_without_a_writer_are_due(records: Records) -> None:
    upload, token = await created(records)
    await records.commit(upload.id, token, Delta(number=1, added=3))
    assert not (await records.due(10)).unsynced
    await records.end(upload.id, token, Delta(), "")
    assert [due.id for due in (await records.due(10)).unsynced] == [upload.id]
    await records.synced(upload.id, 3)
    assert not (await records.due(10)).unsynced


async def test_after_another_boot_an_upload_goes_back_to_its_watermark(
    tmp_path: Path, clock: HandClock
) -> None:
    records = sqlite_at(tmp_path / "r.db", clock, "one")
    upload, token = await created(records)
    await records.commit(upload.id, token, Delta(number=1, added=3, head=b"123", synced=True))
    await records.commit(upload.id, token, Delta(number=2, added=4, head=b"4567"))
    records.close()

    again = sqlite_at(tmp_path / "r.db", clock, "one")
    assert (await again.get(upload.id)).offset == 7
    again.close()

    later = sqlite_at(tmp_path / "r.db", clock, "two")
    taken_back = await later.get(upload.id)
    assert (taken_back.offset, taken_back.head) == (3, b"123")
    assert "rewound" in [event.name for event in await later.timeline(upload.id)]
    later.close()


async def test_a_folder_of_the_first_version_opens_with_its_uploads(
    tmp_path: Path, clock: HandClock
) -> None:
    with sqlite3.connect(tmp_path / "r.db") as old:
        old.executescript(files("tusline.records.sqlite").joinpath("steps/001.sql").read_text())
        old.execute(
            "INSERT INTO uploads (id, schema, owner, phase, length, offset, head, created,"
            " changed, version) VALUES ('upload-0000000000', 1, '', 'receiving', 10, 4, x'31',"
            " 1, 1, 1)"
        )
    old.close()
    records = sqlite_at(tmp_path / "r.db", clock, "one")
    upload = await records.get(UploadId("upload-0000000000"))
    assert (upload.offset, upload.synced) == (4, 0)
    assert [due.id for due in (await records.due(10)).unsynced] == [upload.id]
    await records.synced(upload.id, 3)
    await records.create(fresh("upload-0000000001"), lease=False)
    records.close()

    later = sqlite_at(tmp_path / "r.db", clock, "two")
    assert (await later.get(upload.id)).offset == 3
    later.close()


def test_the_steps_are_numbered_one_by_one() -> None:
    names = sorted(
        step.name for step in files("tusline.records.sqlite").joinpath("steps").iterdir()
    )
    assert [int(name[:3]) for name in names] == list(range(1, len(names) + 1))


def test_a_folder_of_a_newer_version_is_left_alone(tmp_path: Path, clock: HandClock) -> None:
    with sqlite3.connect(tmp_path / "r.db") as newer:
        newer.execute("PRAGMA user_version = 999")
    newer.close()
    with pytest.raises(ConfigurationError, match="newer version"):
        sqlite_at(tmp_path / "r.db", clock, "one")
