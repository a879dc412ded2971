"""`tusline show` finds an upload by whatever address of it a person has at hand."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import photos
from support.commands import Run
from support.servers import running_server
from tusline.cli.show import id_in

ID = "0123456789abcdef" * 2


def show(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tusline", "show", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize(
    "address",
    [
        ID,
        f"http://127.0.0.1:8000/files/{ID}",
        f"https://example.org/media/files/{ID}/?part=1#end",
        f"https://example.org/uploads/{ID}/",
        f"/uploads/{ID}/original",
        f"/uploads/{ID}/thumbnail/",
    ],
)
def test_an_id_is_found_in_every_address_of_an_upload(address: str) -> None:
    assert id_in(address) == ID


@pytest.mark.parametrize(("text", "id"), [("short", "short"), ("/a/b", "b"), ("", ""), ("/", "/")])
def test_what_holds_no_id_is_looked_for_as_it_is(text: str, id: str) -> None:
    assert id_in(text) == id


def test_every_address_that_the_upload_command_prints_is_taken(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photos.jpeg(3, size=(160, 120)))
    with running_server(tmp_path) as server:
        addresses = []
        for options in ((), ("--no-wait",)):
            _, printed, _ = Run(tmp_path, photo, "--url", server.files, *options).end()
            addresses += re.findall(r"^  (http\S+)$", printed, re.MULTILINE)
        assert len(addresses) == 4, "an original, two variants, and what is not waited for"
        for address in addresses:
            shown = show(address, "--data", server.data, "--json")
            assert shown.returncode == 0, (address, shown.stderr)
            assert json.loads(shown.stdout)["upload"]["id"] in address


def test_a_folder_that_is_none_is_named_in_full_with_a_way_out(tmp_path: Path) -> None:
    for command in ("show", "sweep"):
        asked = [sys.executable, "-m", "tusline", command, *([ID] if command == "show" else [])]
        refused = subprocess.run(
            [*asked, "--data", "nowhere"], cwd=tmp_path, capture_output=True, text=True, timeout=30
        )
        assert refused.returncode == 1
        assert str(tmp_path / "nowhere") in refused.stderr
        assert "--data" in refused.stderr
        assert "TUSLINE_DATA" in refused.stderr
