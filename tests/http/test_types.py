"""Which types a server offers: those that it can tell, and whose decoders are there."""

import pytest

from tusline import Settings, Tusline
from tusline.assembly import types
from tusline.errors import ConfigurationError


@pytest.mark.parametrize("decoder", [None, object()])
def test_heic_is_accepted_only_where_it_can_be_decoded(
    decoder: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(types, "find_spec", lambda name: decoder)
    accepted = types.accepted_types(Settings())
    assert ("image/heic" in accepted) is (decoder is not None)
    assert "image/jpeg" in accepted


def test_types_are_known_by_other_names_and_in_any_case() -> None:
    settings = Settings(types=("image/jpg", "Image/PNG", "image/jpeg"))
    assert types.accepted_types(settings) == ("image/jpeg", "image/png")


def test_everything_may_be_accepted() -> None:
    assert types.accepted_types(Settings(types=("*",))) == ("*",)


@pytest.mark.parametrize(
    "types", [("jpeg",), ("image/*",), ("image/png", "application/pdf"), ()], ids=str
)
def test_a_type_that_no_file_could_be_found_to_be_is_refused_with_the_known_ones(
    types: tuple[str, ...],
) -> None:
    with pytest.raises(ConfigurationError, match="image/jpeg, image/png, image/webp, and \\*"):
        Tusline(Settings(types=types))


def test_heic_alone_is_refused_where_it_cannot_be_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="decoder"):
        types.accepted_types(Settings(types=("image/heif",)))
