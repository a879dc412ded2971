"""What identifies a local file."""

import hashlib
import os
from pathlib import Path

from tusline.uploader.source import FINGERPRINT_BYTES, examine


def test_a_file_looked_at_twice_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x" * 100)
    assert examine(path) == examine(path)


def test_a_changed_file_is_another_upload(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x" * 100)
    before = examine(path)
    path.write_bytes(b"y" * 100)
    os.utime(path, ns=(0, 0))
    changed = examine(path)
    os.utime(path, ns=(0, 1))
    touched = examine(path)
    path.rename(tmp_path / "b.jpg")
    moved = examine(tmp_path / "b.jpg")
    marks = {source.fingerprint for source in (before, changed, touched, moved)}
    assert len(marks) == 4


def test_a_longer_file_with_the_same_beginning_is_another_upload(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x" * FINGERPRINT_BYTES)
    os.utime(path, ns=(0, 0))
    short = examine(path)
    path.write_bytes(b"x" * (FINGERPRINT_BYTES + 1))
    os.utime(path, ns=(0, 0))
    assert examine(path).fingerprint != short.fingerprint


def test_the_metadata_names_the_file_and_its_type(tmp_path: Path) -> None:
    for name, kind in (("a.jpg", "image/jpeg"), ("b.HEIC", "image/heic"), ("c.avif", "image/avif")):
        (tmp_path / name).touch()
        assert examine(tmp_path / name).metadata == {"filename": name, "filetype": kind}
    (tmp_path / "d.unheard-of").touch()
    assert examine(tmp_path / "d.unheard-of").metadata == {"filename": "d.unheard-of"}


def test_a_name_that_is_no_text_can_be_sent_and_shown(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\x1b[2J.jpg"))
    path.touch()
    source = examine(path)
    assert source.metadata["filename"].encode() == "caf\ufffd\x1b[2J.jpg".encode()
    assert source.label == "caf\ufffd [2J.jpg"


def test_the_hash_is_that_of_the_whole_file(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "a").write_bytes(data)
    assert examine(tmp_path / "a").sha256() == hashlib.sha256(data).hexdigest()
