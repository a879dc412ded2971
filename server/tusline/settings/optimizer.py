"""What the optimizer may use."""

from pydantic import BaseModel, Field

from tusline.units import Bytes, Seconds


class Optimizing(BaseModel):
    """Images at a time, memory, time, attempts."""

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
