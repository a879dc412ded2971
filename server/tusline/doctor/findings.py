"""What a doctor finds."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """It works, but not as well or as safely as it could."""
    FAULT = "fault"
    """It does not work, or uploads may be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`part` of the deployment, what is with it, and what to do about that."""

    level: Level
    part: str
    says: str
    way_out: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Short ways to say something of one part."""

    name: str

    def ok(self, says: str) -> Finding:
        return Finding(level=Level.OK, part=self.name, says=says)

    def warning(self, says: str, way_out: str) -> Finding:
        return Finding(level=Level.WARNING, part=self.name, says=says, way_out=way_out)

    def fault(self, says: str, way_out: str) -> Finding:
        return Finding(level=Level.FAULT, part=self.name, says=says, way_out=way_out)
