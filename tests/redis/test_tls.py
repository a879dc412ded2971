"""Servers behind TLS."""

from pathlib import Path

import pytest

from support.loops import OWN, UVLOOP, on
from support.redis_clients import count
from support.redis_servers import RedisServer
from support.servers import HOST
from support.tls_door import TlsDoor
from tusline.errors import RecordsUnavailable
from tusline.redis.address import Address, parse
from tusline.redis.client import Redis

anyio_backend = on(OWN, UVLOOP)


async def counted(address: Address, *, wait: float = 10) -> int:
    client = Redis(address, wait=wait)
    await client.open()
    try:
        return await count(client)
    finally:
        await client.close()


async def test_a_certificate_that_nobody_signed_is_refused(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    with TlsDoor(redis_server.port, tmp_path) as door:
        with pytest.raises(RecordsUnavailable):
            await counted(parse(f"rediss://{HOST}:{door.port}"), wait=0.5)


async def test_any_certificate_will_do_where_it_is_not_verified(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    with TlsDoor(redis_server.port, tmp_path) as door:
        assert await counted(parse(f"rediss://{HOST}:{door.port}", verify=False)) == 1


async def test_a_certificate_that_the_url_names_is_trusted(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    with TlsDoor(redis_server.port, tmp_path) as door:
        url = f"rediss://{HOST}:{door.port}?ssl_ca_certs={door.certificate}"
        assert await counted(parse(url)) == 1


async def test_a_server_that_speaks_no_tls_is_not_joined(redis_server: RedisServer) -> None:
    with pytest.raises(RecordsUnavailable):
        await counted(parse(f"rediss://{HOST}:{redis_server.port}", verify=False), wait=0.5)
