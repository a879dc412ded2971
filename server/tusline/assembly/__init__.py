"""Composition, below HTTP: settings to adapters, adapters to the service and the optimizer."""

from tusline.assembly import embedded
from tusline.assembly.parts import Parts
from tusline.settings import Settings

__all__ = ["Parts", "assembled"]


def assembled(settings: Settings) -> Parts:
    """The parts that the settings ask for; nothing is opened yet. Raises ConfigurationError."""
    return embedded.assemble(settings)
