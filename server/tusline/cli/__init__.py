"""The command `tusline`."""

from importlib import import_module

import click

COMMANDS = {
    "serve": "tusline.cli.serve",
    "worker": "tusline.cli.worker",
    "upload": "tusline.cli.upload",
    "show": "tusline.cli.show",
    "doctor": "tusline.cli.doctor",
    "sweep": "tusline.cli.sweep",
    "rebuild": "tusline.cli.rebuild",
    "settings": "tusline.cli.settings",
}
"""Loaded when used: `tusline upload` needs no server, and `tusline serve` no progress bars."""


class Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        home = COMMANDS.get(cmd_name)
        if home is None:
            return None
        command: click.Command = getattr(import_module(home), cmd_name)
        return command


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tusline")
def main() -> None:
    """Resumable uploads that survive bad networks and dying servers.

    Settings come from TUSLINE_* variables (`tusline settings` lists them). Exit codes: 0 done,
    1 failed, 2 wrong use or settings, 130 interrupted.
    """
