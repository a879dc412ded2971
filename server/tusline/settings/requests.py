"""How long a request, a lease and a stop may take."""

from pydantic import BaseModel, Field

from tusline.units import Bytes, Seconds


class Waiting(BaseModel):
    """Deadlines and waits."""

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
        default=7,
        description="Seconds that running requests have to end after SIGTERM: a store that takes a "
        "second for each step takes six.",
    )
    stop_wait: Seconds = Field(
        default=8,
        ge=2,
        description="Seconds from SIGTERM to the exit: syncs, jobs and finishing steps that are "
        "not done by then are made up for at the next start.",
    )
