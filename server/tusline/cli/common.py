"""What the commands share: settings with clear errors."""

from pathlib import Path
from typing import Any

import click

from tusline.errors import ConfigurationError
from tusline.settings import Settings, load

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Data folder [default: TUSLINE_DATA, or tusline-data].",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


class Misconfigured(click.ClickException):
    exit_code = 2


def settings_with(**given: Any) -> Settings:
    """Settings from the environment and from those options that were given."""
    try:
        return load(**{name: value for name, value in given.items() if value is not None})
    except ConfigurationError as error:
        raise Misconfigured(str(error)) from error
