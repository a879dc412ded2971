"""Which Redis server several processes share."""

from pydantic import AliasChoices, BaseModel, Field

from tusline.units import Seconds, Secret


class Sharing(BaseModel):
    """Address, certificate, patience, names."""

    redis_url: Secret = Field(
        default=None,
        validation_alias=AliasChoices("TUSLINE_REDIS_URL", "REDIS_URL", "redis_url"),
        description="Redis or Valkey server, or any of a cluster's: redis://, rediss:// or "
        "unix://; before REDIS_URL, which is read too. Set: records, signals and jobs are in "
        "Redis. Unset: in this process.",
    )
    redis_verify: bool = Field(
        default=True,
        description="Whether a rediss:// server must have a certificate that this machine trusts; "
        "`false` for self-signed ones such as Heroku's.",
    )
    redis_prefix: str = Field(
        default="tusline",
        pattern=r"^[A-Za-z0-9_.:-]+$",
        description="How all keys and channels in Redis begin: another one for each deployment "
        "that shares a server.",
    )
    redis_stall: Seconds = Field(
        default=5,
        gt=0,
        description="Seconds that the Redis server may be silent before a connection is given up.",
    )
    redis_waiters: int = Field(
        default=10_000, ge=100, description="Calls to Redis that a process may have waiting."
    )
