"""What REDIS_URL may say."""

import ssl

import pytest

from tusline.errors import ConfigurationError
from tusline.redis.address import parse


def test_a_url_names_host_port_user_password_and_database() -> None:
    address = parse("redis://tus:se%40cret@example.org:7000/4")
    assert (address.host, address.port, address.db) == ("example.org", 7000, 4)
    assert (address.username, address.password, address.tls) == ("tus", "se@cret", None)


def test_what_a_url_leaves_out_is_the_usual() -> None:
    address = parse("redis://")
    assert (address.host, address.port, address.db) == ("localhost", 6379, 0)
    assert (address.username, address.password) == (None, None)


def test_a_unix_socket_is_named_by_its_path() -> None:
    assert parse("unix:///run/redis.sock?db=2").path == "/run/redis.sock"
    assert parse("unix:///run/redis.sock?db=2").db == 2


def test_a_certificate_is_verified_unless_told_otherwise() -> None:
    for url, verify, mode in [
        ("rediss://h", True, ssl.CERT_REQUIRED),
        ("rediss://h", False, ssl.CERT_NONE),
        ("rediss://h?ssl_cert_reqs=none", True, ssl.CERT_NONE),
    ]:
        tls = parse(url, verify=verify).tls
        assert tls is not None
        assert (tls.verify_mode, tls.check_hostname) == (mode, mode is ssl.CERT_REQUIRED)


@pytest.mark.parametrize(
    "url",
    [
        "http://:secret@h",
        "redis://:secret@h:port",
        "redis://:secret@h?timeout=3",
        "rediss://:secret@h?ssl_ca_certs=/nowhere/ca.pem",
        "unix://",
    ],
)
def test_a_url_that_makes_no_sense_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        parse(url)
    assert "secret" not in str(refusal.value)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(parse("redis://:secret@h")) + str(parse("redis://:secret@h"))
