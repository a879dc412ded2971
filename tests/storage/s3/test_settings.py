"""The settings of the bucket."""

import pytest

from tusline.errors import ConfigurationError
from tusline.settings import load

BAD = {
    "part_size": "4MiB",
    "s3_endpoint": "storage.example.org",
    "s3_prefix": "no-slash-at-its-end",
    "store": "tape",
    "tail": "disk",
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"TUSLINE_{name.upper()}", BAD[name])
    with pytest.raises(ConfigurationError, match=f"TUSLINE_{name.upper()}"):
        load()


def test_the_usual_variables_of_aws_are_read_behind_our_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://s3.example.org/")
    settings = load()
    assert (settings.s3_region, settings.s3_endpoint) == ("eu-central-1", "https://s3.example.org")
    monkeypatch.setenv("TUSLINE_S3_REGION", "auto")
    monkeypatch.setenv("TUSLINE_S3_ENDPOINT", "https://other.example.org")
    settings = load()
    assert (settings.s3_region, settings.s3_endpoint) == ("auto", "https://other.example.org")


def test_a_prefix_is_a_path_of_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUSLINE_S3_PREFIX", "photos/of-2026/")
    assert load().s3_prefix == "photos/of-2026/"
