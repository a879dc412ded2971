"""What a server tells of itself by INFO: which life of which data it is, and its part in it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`epoch` changes whenever data may have been lost without a word: another process, or
    another line of replication. A record that was written under another epoch is suspect."""

    epoch: str
    master: bool
    loading: bool
    cluster: bool
    version: str


def parse(info: bytes) -> Facts:
    """Facts from the answer of INFO. Raises ValueError where it says no run id."""
    told = dict(
        line.split(":", 1)
        for line in info.decode(errors="replace").splitlines()
        if ":" in line and not line.startswith("#")
    )
    if not told.get("run_id"):
        raise ValueError("the server's INFO tells no run_id")
    return Facts(
        epoch=f"{told['run_id']}.{told.get('master_replid', '')}",
        master=told.get("role") == "master",
        loading=told.get("loading", "0") != "0",
        cluster=told.get("cluster_enabled", "0") != "0",
        version=told.get("redis_version", ""),
    )
