"""Uploads that expire: what is told of it before, and what is answered after."""

from pathlib import Path

import pytest

from support import tus
from support.servers import running_server


@pytest.mark.parametrize("status", [410, 404])
def test_an_expired_upload_is_answered_with_the_status_that_the_setting_says(
    tmp_path: Path, status: int
) -> None:
    with running_server(
        tmp_path, types="*", expires=0.2, sweep_every=0.1, expired_status=status
    ) as server:
        url = tus.created(server.files, 10)
        assert tus.outcome(url)["phase"] == "expired"
        for answer in (
            tus.head(url),
            tus.patch(url, 0, b"x"),
            tus.delete(url),
            tus.request("GET", url),
        ):
            assert answer.status == status
            assert "upload-offset" not in answer.headers
            assert answer.code in ("expired-upload", "")
