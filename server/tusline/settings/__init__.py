"""Every TUSLINE_* variable: its type, its default and what it means.

Only the composition layer (`app`, `cli`) reads Settings; everything else takes plain arguments.
"""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tusline.errors import ConfigurationError
from tusline.settings.limits import IMAGE_TYPES, Limiting
from tusline.settings.optimizer import Optimizing
from tusline.settings.processes import Processes
from tusline.settings.redis import Sharing
from tusline.settings.requests import Waiting
from tusline.settings.rhythm import Rhythm
from tusline.settings.s3 import Storing
from tusline.settings.serving import Serving

__all__ = ["IMAGE_TYPES", "PREFIX", "Settings", "load", "variable"]

PREFIX = "TUSLINE_"


class Settings(
    Storing, Sharing, Processes, Optimizing, Rhythm, Waiting, Limiting, Serving, BaseSettings
):
    """All of tusline's settings. Read from the environment, or given by keyword.

    Raises pydantic's ValidationError for a bad value; `load` turns it into a ConfigurationError
    and also refuses unknown TUSLINE_* names.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...] | None:
        """Networks of trusted proxies; None when every peer is trusted."""
        if "*" in self.trusted_proxies:
            return None
        return tuple(ip_network(word, strict=False) for word in self.trusted_proxies)


def variable(name: str) -> str:
    """The environment variable of a settings field, which may be named by its alias."""
    return PREFIX + name.removeprefix(PREFIX).upper()


def load(**given: Any) -> Settings:
    """Settings from the environment, keywords first. Raises ConfigurationError."""
    known = {variable(name) for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise ConfigurationError(
            f"unknown setting {', '.join(unknown)}: `tusline settings` lists what there is"
        )
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [
            f"{variable(str(issue['loc'][0])) if issue['loc'] else 'settings'}: {issue['msg']}"
            for issue in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigurationError("; ".join(lines)) from error
