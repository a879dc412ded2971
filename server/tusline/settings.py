"""Every TUSLINE_* variable: its type, its default and what it means.

Only the composition layer (`app`, `cli`) reads Settings; everything else takes plain arguments.
"""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tusline.errors import ConfigurationError
from tusline.units import Address, Bytes, Gone, Networks, PerSecond, Seconds, Words

IMAGE_TYPES = (
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/avif",
    "image/heic",
)

PREFIX = "TUSLINE_"


class Settings(BaseSettings):
    """All of tusline's settings. Read from the environment, or given by keyword.

    Raises pydantic's ValidationError for a bad value; `load` turns it into a ConfigurationError
    and also refuses unknown TUSLINE_* names.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    data: Path = Field(
        default=Path("tusline-data"),
        description="Folder of the embedded records and the disk store.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(
        default=8000,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("TUSLINE_PORT", "PORT", "port"),
        description="Port to listen on, before PORT, which is read too. 0 takes a free one.",
    )
    public_url: Address = Field(
        default=None,
        description="Address that clients see, e.g. https://example.org. Unset: taken from the "
        "request, and from forwarding headers of a trusted proxy.",
    )
    trusted_proxies: Networks = Field(
        default=("127.0.0.1", "::1"),
        description="Addresses or networks whose Forwarded and X-Forwarded-* headers count; "
        "`*` trusts every peer (right behind a router such as Heroku's).",
    )
    cors_origins: Words = Field(
        default=("*",), description="Origins that a browser page may upload from; `*` allows all."
    )
    cors_headers: Words = Field(
        default=(), description="Request headers that a browser page may send besides the usual."
    )
    allow_anonymous: bool = Field(
        default=False,
        description="Let a server without an `authorize` hook listen beyond loopback: the "
        "unguessable upload id is then the only key.",
    )

    max_size: Bytes = Field(default=10_000_000, gt=0, description="Largest upload in bytes.")
    max_files: int = Field(
        default=20,
        gt=0,
        description="Files of a batch: uploads of one owner with the same `batch` in their "
        "metadata, a random id that the client chooses.",
    )
    types: Words = Field(
        default=IMAGE_TYPES,
        description="Media types accepted, of those in the default, by content; `*` accepts "
        "everything and stores what is no image unoptimized.",
    )
    expires: Seconds = Field(
        default=86400,
        description="Seconds without progress until an unfinished upload expires; 0: never. The "
        "time without a server does not count, up to as many seconds again.",
    )
    expired_status: Gone = Field(
        default=410,
        description="Status of requests for an expired upload; with 404 tus-java-client and "
        "tus-android-client start a new one, at 410 they give up.",
    )
    keep_records: Seconds = Field(
        default=604800,
        description="Seconds that the record of an upload outlives it (deleted, expired, "
        "rejected): then nobody knows of it any more; 0: for ever.",
    )
    keep_originals: Seconds = Field(
        default=0,
        description="Seconds that an original is kept after the optimizer's end; then its variants "
        "are all that is left, and an upload without variants expires. 0: until it is deleted.",
    )
    min_free: Bytes = Field(
        default=256 * 1024 * 1024,
        ge=0,
        description="Bytes of free disk below which uploads are not created.",
    )
    disk_reserve: Bytes = Field(
        default=32 * 1024 * 1024,
        ge=0,
        description="Bytes of disk that uploads leave to the records and the optimizer: below it "
        "no more bytes are taken, and the ones that came are kept.",
    )
    durability: Literal["process", "strict"] = Field(
        default="process",
        description="What acknowledged bytes of an unfinished upload survive: `process` the death "
        "of any process (a power cut takes the upload back to the last sync), `strict` a power "
        "cut as well. Finished uploads survive both.",
    )
    sync_bytes: Bytes = Field(
        default=8 * 1024 * 1024,
        gt=0,
        description="Bytes of an upload that may be unsynced before the disk syncs them.",
    )
    sync_seconds: Seconds = Field(
        default=5,
        gt=0,
        description="Seconds that bytes of a running request may be unsynced.",
    )
    sync_rate: PerSecond = Field(
        default=20, gt=0, description="Syncs a second at most, over all unfinished uploads."
    )
    queue_limit: int = Field(
        default=1000,
        gt=0,
        description="Optimizer jobs waiting, above which uploads are not created.",
    )

    request_deadline: Seconds = Field(
        default=25,
        description="Seconds an upload request may last before it is ended early; 0: no limit.",
    )
    deadline_chunked: bool = Field(
        default=True,
        description="Whether the deadline holds for chunked bodies, too. `false` spares Java and "
        "Android clients, who have five attempts a file, where no router has a limit of its own.",
    )
    checksum_deadline: Seconds = Field(
        default=600,
        description="Seconds an upload request may last whose body has a checksum: it counts as a "
        "whole, so the other deadline does not hold for it; what came late is discarded. 0: no "
        "limit.",
    )
    body_idle: Seconds = Field(
        default=20, gt=0, description="Seconds a request may send nothing before it is ended."
    )
    head_bytes: Bytes = Field(
        default=64 * 1024,
        gt=0,
        description="Bytes of a request's headers, or trailers, after which no more is read.",
    )
    head_seconds: Seconds = Field(
        default=20, gt=0, description="Seconds that a request's headers may take to come."
    )
    download_idle: Seconds = Field(
        default=60,
        gt=0,
        description="Seconds that a client may take nothing of an answer before it is cut off.",
    )
    lease_wait: Seconds = Field(
        default=3,
        description="Seconds a newcomer waits for the running writer before it takes over.",
    )
    lease_ttl: Seconds = Field(
        default=60,
        gt=5,
        description="Seconds after which a lease that nobody renews counts as free.",
    )
    records_wait: Seconds = Field(
        default=15, gt=0, description="Seconds a request waits for the records to answer."
    )
    finish_wait: Seconds = Field(
        default=5, description="Seconds the last request waits for the finishing step."
    )
    linger: Seconds = Field(
        default=2,
        description="Seconds a request that was answered early goes on taking (dropped) bytes.",
    )
    linger_bytes: Bytes = Field(
        default=4 * 1024 * 1024, ge=0, description="Bytes dropped at most while lingering."
    )
    drain_wait: Seconds = Field(
        default=5, description="Seconds that running requests have to end after SIGTERM."
    )
    stop_wait: Seconds = Field(
        default=8,
        ge=2,
        description="Seconds from SIGTERM to the exit: syncs, jobs and finishing steps that are "
        "not done by then are made up for at the next start.",
    )

    commit_bytes: Bytes = Field(
        default=128 * 1024,
        gt=0,
        description="Bytes after which a running request commits what is durable.",
    )
    commit_seconds: Seconds = Field(
        default=0.5,
        gt=0,
        description="Seconds after which a running request commits what is durable.",
    )
    commit_pause: Seconds = Field(
        default=0.05,
        description="Least seconds between two commits of a running request: each syncs the disk.",
    )
    write_bytes: Bytes = Field(
        default=64 * 1024, gt=0, description="Largest single write to a file."
    )
    slow_write: Seconds = Field(
        default=0.01,
        gt=0,
        description="Seconds a write may take before the disk counts as slow and its work "
        "moves from the event loop to a thread for a while.",
    )
    disk_threads: int = Field(default=4, gt=0, description="Threads for slow disk work.")
    sweep_every: Seconds = Field(default=60, gt=0, description="Seconds between two sweeps.")
    sweep_limit: int = Field(
        default=500, gt=0, description="Uploads of a kind looked at in one sweep."
    )
    events_every: Seconds = Field(
        default=0.25, description="Least seconds between two progress events of a stream."
    )
    events_beat: Seconds = Field(
        default=15, gt=0, description="Seconds between two heartbeats of an event stream."
    )
    events_ids: int = Field(
        default=100, gt=0, description="Uploads that one event stream may follow."
    )

    optimizer_concurrency: int = Field(default=2, gt=0, description="Images optimized at a time.")
    optimizer_memory: Bytes = Field(
        default=256 * 1024 * 1024,
        gt=0,
        description="Bytes that the images being optimized may need together; an image that "
        "needs more alone is refused.",
    )
    optimizer_seconds: Seconds = Field(
        default=20,
        gt=0,
        description="Seconds an image may take before its child process is killed.",
    )
    optimizer_attempts: int = Field(
        default=8, gt=0, description="Starts of a job after which it is FAILED for good."
    )
    optimizer_idle: Seconds = Field(
        default=60, gt=0, description="Seconds after which an idle child process is ended."
    )

    log_format: str = Field(
        default="auto",
        pattern="^(auto|json|text)$",
        description="`json`, `text`, or `auto`: text on a terminal.",
    )
    log_level: str = Field(
        default="info",
        pattern="^(debug|info|warning|error)$",
        description="Least level that is logged.",
    )

    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...] | None:
        """Networks of trusted proxies; None when every peer is trusted."""
        if "*" in self.trusted_proxies:
            return None
        return tuple(ip_network(word, strict=False) for word in self.trusted_proxies)


def variable(name: str) -> str:
    """The environment variable of a settings field, which may be named by its alias."""
    return PREFIX + name.removeprefix(PREFIX).upper()


def load(**given: Any) -> Settings:
    """Settings from the environment, keywords first. Raises ConfigurationError."""
    known = {variable(name) for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise ConfigurationError(
            f"unknown setting {', '.join(unknown)}: `tusline settings` lists what there is"
        )
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [
            f"{variable(str(issue['loc'][0])) if issue['loc'] else 'settings'}: {issue['msg']}"
            for issue in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigurationError("; ".join(lines)) from error
