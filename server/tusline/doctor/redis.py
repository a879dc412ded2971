"""Redis: reachable, fit to keep records, and near."""

import asyncio
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError

from tusline.assembly.production import queue_address
from tusline.doctor.findings import Finding, Part
from tusline.exposure import loopback
from tusline.redis.address import Address, parse
from tusline.settings import Settings
from tusline.units import mebibytes

SECONDS = 5.0
"""How long to wait for an answer."""

OLDEST = (6, 2)
PINGS = 10
SLOW = 0.01
"""Seconds of a round trip that make each upload feel it: a PATCH takes two."""

APART = 2.0
"""Seconds that two clocks may differ: a worker counts as alive for ten after its last word."""

FULL = 0.8

Info = dict[str, Any]


async def redis(settings: Settings) -> list[Finding]:
    """Raises ConfigurationError for an address that is none."""
    part, verify = Part("redis"), settings.redis_verify
    if settings.redis_url is None:
        return [part.ok("not used: records and jobs are in one process")]
    url = settings.redis_url.get_secret_value()
    address = parse(url, verify=verify)
    client: Redis = Redis.from_url(
        queue_address(url, verify=verify),
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
    )
    try:
        async with client:
            info: Info = await client.info()
            took, apart = await _measured(client)
    except (RedisError, OSError, TimeoutError) as error:
        return [part.fault(f"{address} does not answer: {error}", _way_in(error))]
    return [
        part.ok(f"{address}, {_version(info)}, {'TLS' if address.tls else 'no TLS'}"),
        *_open(part, address),
        *_fit(part, info),
        *_lasting(part, info, settings),
        *_near(part, took, apart),
    ]


def _way_in(error: Exception) -> str:
    if isinstance(error, AuthenticationError):
        return "mend user and password in REDIS_URL"
    if "CERTIFICATE" in str(error):
        return "where its certificate is self-signed, set TUSLINE_REDIS_VERIFY=false"
    return "mend REDIS_URL, or start the server, or let this host through to it"


async def _measured(client: Redis) -> tuple[float, float]:
    """Seconds of a round trip, and between the two clocks."""
    times, differences = [], []
    for _ in range(PINGS):
        began, now = time.perf_counter(), time.time()
        seconds, micros = await client.time()
        took = time.perf_counter() - began
        times.append(took)
        differences.append(abs(seconds + micros / 1e6 - (now + took / 2)))
        await asyncio.sleep(0)
    return median(times), median(differences)


def _version(info: Info) -> str:
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info.get('redis_version', '?')}"


def _open(part: Part, address: Address) -> Iterator[Finding]:
    if address.tls is None and address.path is None and not loopback(address.host):
        yield part.warning(
            "what is said to it, passwords too, can be read on the way",
            "use rediss://, unless the network is your own",
        )


def _fit(part: Part, info: Info) -> Iterator[Finding]:
    version = tuple(int(word) for word in str(info.get("redis_version", "0")).split(".")[:2])
    if version < OLDEST:
        yield part.fault(f"{_version(info)} is too old", "use Redis 6.2, Valkey 7.2 or later")
    if info.get("role") != "master" and not info.get("cluster_enabled"):
        yield part.fault("it is a replica, which takes no writes", "name the primary in REDIS_URL")
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield part.fault(
            f"its maxmemory-policy is {policy}: it may throw records away when memory runs out",
            "set maxmemory-policy noeviction",
        )
    most, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    if most and used > FULL * most:
        yield part.warning(
            f"{mebibytes(used)} of {mebibytes(most)} are in use; once full, no upload goes on",
            "give it more memory",
        )
    clients, allowed = int(info.get("connected_clients", 0)), int(info.get("maxclients", 0))
    if allowed and clients > FULL * allowed:
        yield part.warning(
            f"{clients} of {allowed} connections are in use; a web process takes up to 4, a worker "
            "5, and 4 for each image at a time",
            "raise maxclients, or run fewer processes",
        )


def _lasting(part: Part, info: Info, settings: Settings) -> Iterator[Finding]:
    if info.get("aof_last_write_status") == "err" or info.get("rdb_last_bgsave_status") == "err":
        yield part.fault("it failed to write to its disk", "see its log, and make room")
    if not int(info.get("aof_enabled", 0)):
        lost = (
            "unfinished uploads are found in the bucket again, more slowly"
            if settings.store == "s3"
            else "and the uploads with them, since the disk knows only bytes"
        )
        yield part.warning(
            f"it has no append-only file: a restart loses records, {lost}",
            "set appendonly yes (appendfsync everysec), or take a plan with persistence",
        )


def _near(part: Part, took: float, apart: float) -> Iterator[Finding]:
    if took > SLOW:
        yield part.warning(
            f"a round trip takes {1000 * took:.0f} ms, and each PATCH two of them",
            "bring it into the region of the web processes",
        )
    else:
        yield part.ok(f"a round trip takes {1000 * took:.1f} ms")
    if apart > APART:
        yield part.warning(
            f"its clock and this host's are {apart:.0f} s apart",
            "let both be set by NTP",
        )
