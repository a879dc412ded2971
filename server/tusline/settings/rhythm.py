"""How often things are done that nobody asks for."""

from pydantic import BaseModel, Field

from tusline.units import Bytes, Seconds


class Rhythm(BaseModel):
    """Commits, writes, sweeps, events."""

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
