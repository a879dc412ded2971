"""The types of file that a process accepts: those of the settings that it can read."""

from importlib.util import find_spec

from tusline.errors import ConfigurationError
from tusline.rules import ANY_TYPE
from tusline.settings import Settings, variable
from tusline.sniff import ALIASES, KINDS


def accepted_types(settings: Settings) -> tuple[str, ...]:
    """The types to accept, by their usual names: HEIC only where its decoder is installed. Raises
    ConfigurationError for types that no file could ever be found to be, and for none at all."""
    named = [ALIASES.get(name.lower(), name.lower()) for name in settings.types]
    unknown = [name for name in named if name not in KINDS | {ANY_TYPE}]
    if unknown or not named:
        raise ConfigurationError(
            f"{variable('types')}: {', '.join(unknown) or 'an empty list'} would accept no file, "
            f"for types are told by content. Known are {', '.join(sorted(KINDS))}, "
            f"and {ANY_TYPE} for every file"
        )
    if find_spec("pi_heif") is None:
        named = [kind for kind in named if kind != "image/heic"]
    if not named:
        raise ConfigurationError(
            f"{variable('types')}: image/heic needs its decoder, the extra heic of tusline"
        )
    return tuple(dict.fromkeys(named))
