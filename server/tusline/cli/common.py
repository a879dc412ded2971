"""What the commands share: settings with clear errors."""

from pathlib import Path
from typing import Any

import click

from tusline.errors import ConfigurationError
from tusline.settings import Settings, load, variable

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Data folder [default: TUSLINE_DATA, or tusline-data].",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


def must_be_there(path: Path, data: Path) -> None:
    """Raises ClickException where a data folder has no such file, or nobody lets us see it."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise click.ClickException(
            f"{data.absolute()} is no data folder of tusline: name another with --data, or in "
            f"{variable('data')}"
        ) from None
    except OSError as error:
        raise click.ClickException(f"{path.absolute()}: {error.strerror}") from error


class Misconfigured(click.ClickException):
    exit_code = 2


def settings_with(**given: Any) -> Settings:
    """Settings from the environment and from those options that were given."""
    try:
        return load(**{name: value for name, value in given.items() if value is not None})
    except ConfigurationError as error:
        raise Misconfigured(str(error)) from error
