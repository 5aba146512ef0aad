"""``slipway``: the command line. Each command lives in a module of its own, imported only when it is called."""

from __future__ import annotations

import importlib
import sys

import click

COMMANDS = {
    "sandbox": "The local world: a real Kubernetes node, gateway, metrics and registry.",
}
"""Command to one line of help. The command ``a-b`` is the object ``a_b`` of the module ``cli.a_b``."""


class LazyGroup(click.Group):
    """Lists its commands out of a table, so that neither ``--help`` nor a command pays for the others' imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="slipway", prog_name="slipway")
def cli() -> None:
    """Release software reliably, with Pulumi."""


def main() -> None:
    """The entry point. Ctrl-C leaves one line and exit code 130."""
    try:
        sys.exit(cli.main(prog_name="slipway", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
