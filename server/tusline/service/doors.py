"""The adapters that a process uses, in one value."""

from dataclasses import dataclass

from tusline.interfaces import BlobStore, Clock, JobEngine, Records, Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    records: Records
    store: BlobStore
    signals: Signals
    jobs: JobEngine
    clock: Clock
