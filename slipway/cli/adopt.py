"""`slipway adopt ROUTE`: the manifest of a live service, or everything that stands in the way of releasing it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipway.cli.options import show, with_json, with_namespace, with_stack

if TYPE_CHECKING:
    from slipway.rollout.adopting.judge import Found, Judgement

HEADING = """\
# {service} as it ran before Slipway: the first `pulumi up` takes its route over, and changes no weight.
# What runs is declared elsewhere; Slipway creates, changes and deletes nothing of it. docs/adoption.md
"""


@click.command()
@click.argument("route")
@click.option("--deployment", help="The Deployment that serves; named as the route when left out.")
@click.option("--service", "backend", help="Its Service; named as the route when left out.")
@click.option("--not-applied-again", is_flag=True, help="The route is in no files any more that kubectl applies.")
@click.option("--release-version", "version", default="adopted", show_default=True, help="Of the manifest.")
@click.option("--team", required=True, help="The team that owns the service.")
@click.option("--oncall", required=True, help="How its on-call is reached, a URL or an address.")
@click.option("--runbook", required=True, help="Path of its runbook in the project.")
@click.option("--dry-run", is_flag=True, help="Print the manifest, write nothing.")
@with_namespace
@with_stack
@with_json
def adopt(*, route: str, namespace: str | None, stack: str | None, folder: Path, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - options
    """Read a live service behind the HTTPRoute ROUTE, and write its manifest to releases/ROUTE.

    The cluster is only read. What stands in the way is told all at once, with exit code 1, and nothing is written then.
    The service is named as its route is. Name the manifest in the stack's configuration; the next `pulumi up` takes the
    route over as it is, and the release after that is an ordinary rollout against what runs now.
    """
    from slipway.cli.target import find_target
    from slipway.release.errors import ReleaseRefused
    from slipway.release.target import KubernetesTarget
    from slipway.rollout.adopting.judge import judge
    from slipway.rollout.adopting.live import read_live
    from slipway.rollout.platforms.kubernetes.client import connect

    where = find_target(folder, stack, namespace)
    if not isinstance(where, KubernetesTarget):
        raise ReleaseRefused(f"{route}: only what runs in Kubernetes can be adopted, and the target is {where}")
    client = connect(where.namespace, context=where.context)
    live = read_live(client, where.namespace, route, given["backend"] or route, given["deployment"] or route)
    judged = judge(live, applied=given["not_applied_again"])
    if judged.found is None:
        _refuse(route, judged, as_json=as_json)
        return
    version, dry_run = given["version"], given["dry_run"]
    text = manifest(route, version, judged.found, {name: given[name] for name in ("team", "oncall", "runbook")})
    path = Path("releases") / route / f"{version}.yaml"
    _write(folder / path, text, dry_run=dry_run)
    if as_json:
        show({"ok": True, "service": route, "manifest": str(path), "text": text, "notes": list(judged.notes)})
        return
    for note in judged.notes:
        click.echo(f"note: {note}")
    click.echo(text if dry_run else f"written  {path}\nnext: name it as {route}'s manifest in the stack, and pulumi up")


def manifest(service: str, version: str, found: Found, owner: dict[str, str]) -> str:
    """The text of the manifest, as the loader takes it. Raises InputError where an option makes none of it."""
    from slipway.release.manifest.document import document_text
    from slipway.release.manifest.load import parse

    external = found.external.model_dump(mode="json", by_alias=True, exclude_none=True)
    workload: dict[str, Any] = {"port": found.port}
    workload |= {} if found.replicas is None else {"replicas": found.replicas}
    workload |= {"probes": {"readiness": {"path": found.readiness}}, "external": external}
    values = {
        "apiVersion": "slipway/v1",
        "kind": "Release",
        "service": service,
        "version": version,
        "artifact": {"image": found.image},
        "scope": {"summary": f"{service} as it ran before Slipway", "changes": []},
        "strategy": {"kind": "auto"},
        "workload": workload,
        "route": dict(found.route),
        "guardrails": [{"name": "errors", "kind": "error-ratio", "tolerate": 1.1, "negligible": "0.1%"}],
        "rollback": {"maxMinutes": 10, "constraints": [], "compensations": []},
        "owner": owner,
    }
    text = HEADING.format(service=service) + document_text(values)
    parse(text, "the manifest")
    return text


def _write(path: Path, text: str, *, dry_run: bool) -> None:
    from slipway.cli.attest_io import write_new

    if dry_run:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_new(path, text.encode())


def _refuse(route: str, judged: Judgement, *, as_json: bool) -> None:
    if as_json:
        rows = [{"code": one.code, "message": one.message, "remedy": one.remedy} for one in judged.obstacles]
        show({"ok": False, "service": route, "obstacles": rows, "notes": list(judged.notes)})
    else:
        for one in judged.obstacles:
            click.echo(f"[{one.code}] {one.message}\n    {one.remedy}")
        for note in judged.notes:
            click.echo(f"note: {note}")
        click.echo(
            f"error: {route} cannot be adopted yet: {len(judged.obstacles)} obstacle(s), nothing written", err=True
        )
    click.get_current_context().exit(1)
