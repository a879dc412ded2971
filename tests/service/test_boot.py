"""Which boot of the machine it is, also where the machine does not tell."""

from pathlib import Path

import pytest

from tusline.storage.disk import boot


@pytest.mark.parametrize("told", [None, "", "\n"])
@pytest.mark.parametrize("program", ["true", "no-such-program"])
def test_an_answer_without_an_id_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str | None, program: str
) -> None:
    """An empty id would be that of every boot, and nothing would ever be taken back."""
    monkeypatch.setattr(boot, "LINUX", tmp_path / "boot_id")
    monkeypatch.setattr(boot, "DARWIN", (program,))
    if told is not None:
        (tmp_path / "boot_id").write_text(told)
    assert boot.boot_id()
    assert boot.boot_id() != boot.boot_id()


def test_the_next_source_is_asked_where_the_first_has_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot, "LINUX", tmp_path / "boot_id")
    monkeypatch.setattr(boot, "DARWIN", ("echo", "another-id"))
    (tmp_path / "boot_id").write_text("\n")
    assert boot.boot_id() == "another-id"
    (tmp_path / "boot_id").write_text("an-id\n")
    assert boot.boot_id() == "an-id"
