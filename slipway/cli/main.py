"""``slipway``: the command line. Each command lives in a module of its own, imported only when it is called."""

from __future__ import annotations

import importlib
import os
import signal
import sys

import click

COMMANDS = {
    "status": "What serves, the rollout in flight, and what is quarantined.",
    "dashboard": "One local page: rollouts in flight, flags, past releases, as they change.",
    "history": "Releases with their outcomes, who and how long; DORA's measures.",
    "show": "One release as it is on record, and signed statements of it.",
    "diff": "What two recorded releases differ in.",
    "report": "The six-part report of a release: Markdown, JSON or one HTML file.",
    "review": "Write a release's action items as data; overdue ones hold up the next release.",
    "close": "Close a release when everything holds that has to, and keep that on record.",
    "audit": "Hold records, journal and the stack's history against each other.",
    "release": "Release a manifest: one preview, one question, one update.",
    "watch": "Watch a release after 100%, and take the traffic back on a breach.",
    "rollback": "Return a service to its previous good release.",
    "migrations": "Which migrations a service's database has; undo those of a release that does not serve.",
    "abort": "End the rollout in flight: the traffic goes back.",
    "pause": "Hold the rollout in flight at its step.",
    "resume": "Let a paused rollout go on, or lift the kill of a flag.",
    "promote": "End the current step of the rollout in flight early, or all that are left.",
    "kill": "Turn a feature flag off for all users, at once.",
    "flags": "Which feature flags are on for whom, since when, and why.",
    "hand-over": "Let another stack release a service from now on.",
    "forget": "Take away what a service left that is in no stack any more.",
    "escalations": "Who was told of what, what is still to be told; close, test and send escalations.",
    "recover": "Show and clear what a killed update left behind.",
    "attest": "Sign statements about an artifact: results, QA's word, approvals, receipts.",
    "drill": "Carry out a procedure on purpose, with a receipt that the gates ask for.",
    "gates": "Judge releases by the gates of a stack, without the engine.",
    "slo": "Read objectives and alarms, and render them for Prometheus and Alertmanager.",
    "init": "Write the first manifest of a service, stack files, gate settings and trust roots.",
    "adopt": "The manifest of a live service, or what stands in the way of releasing it.",
    "release-route": "Give a route back that was taken over from what ran before.",
    "example": "Sign the evidence of the example in releases/checkout anew.",
    "policy": "Test policies with fixtures, and list the rules.",
    "analyze": "Replay a recording through the production decision.",
    "sandbox": "The local world: a real Kubernetes node, gateway, metrics and registry.",
}
"""Command to one line of help. The command ``a-b`` is the object ``a_b`` of the module ``cli.a_b``."""

FOLDERS = {"policy": "policies", "sandbox": "sandbox"}
"""Commands to the folder of a checkout of Slipway that each needs; the installed package alone has none of them."""


class LazyGroup(click.Group):
    """Lists its commands out of a table, so that neither ``--help`` nor a command pays for the others' imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"slipway.cli.{name}"), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Errors of ours are one clear line and exit code 1; of any other error no more than its own line is shown."""
        from slipway.cli.options import fail
        from slipway.release.errors import SlipwayError

        try:
            return super().invoke(ctx)
        except SlipwayError as error:
            fail(ctx, str(error))
        except (click.exceptions.Exit, click.ClickException, click.Abort, BrokenPipeError):
            raise  # click ends silently for a reader that went away, such as `head`
        except Exception as error:
            if "SLIPWAY_DEBUG" in os.environ:
                raise
            fail(
                ctx,
                _missing_folder(error) or f"unexpected {type(error).__name__}: {error} (SLIPWAY_DEBUG=1 shows where)",
            )
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _missing_folder(error: Exception) -> str | None:
    """What to do where a folder of the checkout is missing; None for any other error."""
    missing = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    for command, folder in FOLDERS.items():
        if missing == folder:
            return f"slipway {command} needs the folder {folder}/ of a checkout of Slipway: run the command there"
    return None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="slipway", prog_name="slipway")
def cli() -> None:
    """Release software reliably, with Pulumi."""


def main() -> None:
    """The entry point. Ctrl-C, and SIGTERM as CI sends it, leave one line and exit code 130."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
