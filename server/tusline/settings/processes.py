"""The processes of a deployment: how many, and how a worker stops."""

from pydantic import AliasChoices, BaseModel, Field

from tusline.units import Seconds


class Processes(BaseModel):
    """Several processes need Redis."""

    web_concurrency: int = Field(
        default=0,
        ge=0,
        validation_alias=AliasChoices(
            "TUSLINE_WEB_CONCURRENCY", "WEB_CONCURRENCY", "web_concurrency"
        ),
        description="Web processes under gunicorn, before WEB_CONCURRENCY, which is read too; 0: "
        "as many as cores and memory allow. `tusline serve` is always one.",
    )
    worker_drain: Seconds = Field(
        default=20,
        le=30,
        description="Seconds that running jobs of `tusline worker` have to end after SIGTERM; "
        "what is not done then goes to another worker.",
    )
