"""`slipway example`: fresh statements for the examples in `releases`, by keys that this command makes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from slipway.cli.attest_io import Time
from slipway.cli.options import show, with_json


@click.command()
@click.option(
    "-C", "--cwd", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".",
    help="The project's folder.",
)  # fmt: skip
@click.option("--at", type=Time(), default=None, help="When everything was said; now when left out.")
@with_json
def example(*, folder: Path, at: datetime | None, as_json: bool) -> None:
    """Sign the evidence of the examples, releases/checkout and releases/cart, anew: receipts and scans age.

    Makes keys of the example's principals where there are none (releases/example-keys), the trust roots that name them
    (policies/config/trust.example.yaml), and every statement that the gates ask for but the receipt of staging. None of
    these files is committed. A project of your own begins with `slipway init`.
    """
    from slipway.cli.example_signing import sign_example
    from slipway.release.project_files import project_file

    project = project_file(folder).parent
    signed = sign_example(project, at or datetime.now(UTC))
    files = [str(path.relative_to(project)) for path in signed]
    if as_json:
        show({"ok": True, "files": files})
        return
    click.echo("\n".join(files))
    click.echo(
        "signed with the keys of the example, which are good for nothing else; now: slipway gates --stack staging"
    )
