"""Which types a server offers: those whose decoders are there."""

import pytest

from tusline import Settings, assembly


@pytest.mark.parametrize("decoder", [None, object()])
def test_heic_is_accepted_only_where_it_can_be_decoded(
    decoder: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembly, "find_spec", lambda name: decoder)
    accepted = assembly.accepted_types(Settings())
    assert ("image/heic" in accepted) is (decoder is not None)
    assert "image/jpeg" in accepted
