"""The host itself: what may be uploaded here, files, processes, the disk."""

import resource
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec

from tusline.assembly.types import accepted_types
from tusline.capacity import web_processes
from tusline.doctor.findings import Finding, Part
from tusline.exposure import loopback
from tusline.settings import Settings
from tusline.units import mebibytes

FEW_FILES = 4096
"""Open files that a web process should be allowed: each upload may take two."""


def host(settings: Settings) -> Iterator[Finding]:
    yield from _types(settings)
    yield from _strangers(settings)
    yield from _files()
    yield from _processes(settings)
    if settings.store == "disk":
        yield from _disk(settings)


def _types(settings: Settings) -> Iterator[Finding]:
    part = Part("types")
    yield part.ok(", ".join(accepted_types(settings)))
    if "image/heic" in settings.types and find_spec("pi_heif") is None:
        yield part.warning(
            "HEIC photos are not accepted: their decoder is not installed",
            "install tusline[heic], on web and worker hosts alike",
        )


def _strangers(settings: Settings) -> Iterator[Finding]:
    part = Part("access")
    if settings.allow_anonymous:
        yield part.ok("anybody may upload; the unguessable id is the only key to an upload")
    elif not loopback(settings.host):
        yield part.warning(
            f"tusline's own server refuses to listen on {settings.host}",
            "set TUSLINE_ALLOW_ANONYMOUS=true, or embed tusline with an `authorize` hook",
        )


def _files() -> Iterator[Finding]:
    part, (_, most) = Part("open files"), resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < FEW_FILES:
        yield part.warning(
            f"a process may have {most}: some {most // 2} uploads at a time",
            "raise the hard limit (LimitNOFILE= in systemd, --ulimit nofile= in Docker)",
        )
    else:
        yield part.ok("unlimited" if most == resource.RLIM_INFINITY else f"{most} a process")


def _processes(settings: Settings) -> Iterator[Finding]:
    part, room = Part("web processes"), web_processes()
    wanted = settings.web_concurrency
    if settings.redis_url is None:
        yield part.ok("one, which does the jobs, too")
    elif wanted > room:
        yield part.warning(
            f"WEB_CONCURRENCY={wanted}, where cores and memory are for {room}",
            f"set WEB_CONCURRENCY={room}, or leave it away",
        )
    else:
        yield part.ok(f"{wanted or room} under gunicorn")


def _disk(settings: Settings) -> Iterator[Finding]:
    part, folder = Part("data folder"), settings.data.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        yield part.fault(
            f"{folder} cannot be written: {error.strerror}",
            "give another with TUSLINE_DATA, or the process the right to write there",
        )
        return
    if free < settings.min_free:
        yield part.fault(
            f"{folder} has {mebibytes(free)} free, less than TUSLINE_MIN_FREE",
            "make room: no upload is created before",
        )
    else:
        yield part.ok(f"{folder}, {mebibytes(free)} free")
