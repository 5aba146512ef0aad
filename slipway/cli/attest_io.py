"""What the `attest` commands share: options, reading, signing, writing, and errors as lines with exit code 1."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ParamSpec

import click

from slipway.cli.attest_remake import is_remake, replace
from slipway.release.errors import InputError, Problem, SlipwayError
from slipway.release.evidence.references import Sources
from slipway.release.manifest.load import load
from slipway.release.manifest.release import Release
from slipway.release.units import seconds

P = ParamSpec("P")
LARGEST_KEY = 64 * 1024


def report_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Turn an error that is raised on purpose into its lines on stderr (with --json on stdout too) and exit code 1."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except SlipwayError as error:
            click.echo(f"error: {error}", err=True)
            if kwargs.get("as_json"):
                click.echo(json.dumps({"ok": False, "error": str(error)}, indent=2))
            sys.exit(1)

    return wrapper


class Time(click.ParamType[datetime]):
    """A time with its zone, such as 2026-11-23T10:00:00Z; `ahead` also takes a duration from now, such as 14d."""

    name = "time"

    def __init__(self, *, ahead: bool = False) -> None:
        self._ahead = ahead
        self._or = ", or a duration from now such as 14d" if ahead else ""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            if self._ahead:
                try:
                    return datetime.now(UTC) + timedelta(seconds=seconds(value))
                except (ValueError, OverflowError):
                    pass
            self.fail(f"{value!r} is not a time such as 2026-11-23T10:00:00Z{self._or}", param, ctx)
        if at.tzinfo is None:
            self.fail(f"{value!r} has no zone; write 2026-11-23T10:00:00Z", param, ctx)
        now = datetime.now(UTC)
        if self._ahead and at <= now:
            self.fail(f"{value!r} is in the past", param, ctx)
        if not self._ahead and at > now:
            self.fail(f"{value!r} is in the future, and nothing happened then", param, ctx)
        return at


@dataclass(frozen=True, slots=True)
class Making:
    """A statement in the making: the release that it is about, where its files are, and where it goes."""

    release: Release
    sources: Sources
    at: datetime
    out: Path
    key: Path | None
    as_json: bool
    manifest: Path
    """Where the release was read."""

    def path_in(self, project: Path) -> str:
        """The manifest's path in a project."""
        whole = self.manifest.absolute()
        return whole.relative_to(project).as_posix() if whole.is_relative_to(project) else str(self.manifest)

    def sha256(self) -> str:
        """Of the file that was written. Raises InputError."""
        try:
            return hashlib.sha256(self.out.read_bytes()).hexdigest()
        except OSError as error:
            problem = Problem("out", f"cannot be read again: {error.strerror}", "Choose another place")
            raise InputError(str(self.out), [problem]) from None

    def write(self, predicate_type: str, predicate: dict[str, object]) -> None:
        """Sign, write and say what was written; without a key it is written bare. Raises InputError."""
        from slipway.release.evidence import make

        digest = self.release.artifact.digest
        repository = self.release.artifact.image.partition("@")[0]
        payload = make.statement(digest, repository, predicate_type, predicate)
        self._try(payload, digest)
        content = payload if self.key is None else make.sign(payload, read_key(self.key))
        remade = self.out.exists() and is_remake(self.out, predicate_type, digest, predicate)
        if remade:
            replace(self.out, content)
        else:
            write_new(self.out, content)
        said = {
            "statement": str(self.out),
            "sha256": hashlib.sha256(content).hexdigest(),
            "subject": digest,
            "predicateType": predicate_type,
            "signed": self.key is not None,
            "remade": remade,
            "predicate": predicate,
        }
        if self.as_json:
            click.echo(json.dumps(said, indent=2))
            return
        click.echo(f"{self.out}: {predicate_type} about {digest}{', made anew' if remade else ''}")
        if self.key is None:
            click.echo(
                "not signed yet: sign it as a DSSE envelope or a Sigstore bundle, and name that file in the manifest"
            )

    def _try(self, payload: bytes, digest: str) -> None:
        """Read it as the gates will: what they would refuse is not signed. Raises InputError."""
        from slipway.release.evidence import statement, verify
        from slipway.release.evidence.errors import EvidenceError

        try:
            verify.read_predicate(statement.parse(payload), digest)
        except EvidenceError as error:
            problem = Problem("statement", f"the gates would refuse it: {error.detail}", "Correct the option")
            raise InputError(str(self.out), [problem]) from None


_OUT = "File to write. The same statement that is made anew takes its place; anything else there stays."
_OPTIONS = (
    click.option("--manifest", type=click.Path(path_type=Path), required=True, help="The release's manifest."),
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        required=True,
        help="File to write. One that is there is replaced by the same statement made anew, and by nothing else.",
    ),
    click.option("--key", type=click.Path(path_type=Path), help="Private key in PEM, as `attest keygen` makes it."),
    click.option("--unsigned", is_flag=True, help="Write the bare statement, for a Sigstore client or a key service."),
    click.option("--at", type=Time(), default=None, help="When it happened; now when left out."),
    click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON."),
)


def makes_statement(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that all statements share, as one `Making`."""

    @functools.wraps(command)
    def wrapper(
        *,
        manifest: Path,
        out: Path,
        key: Path | None,
        unsigned: bool,
        at: datetime | None,
        as_json: bool,
        **rest: object,
    ) -> None:
        if (key is None) != unsigned:
            raise click.UsageError("give either --key FILE or --unsigned")
        release, sources = read_release(manifest)
        command(Making(release, sources, at or datetime.now(UTC), out, key, as_json, manifest), **rest)

    decorated: Callable[..., None] = report_errors(wrapper)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def read_release(manifest: Path) -> tuple[Release, Sources]:
    """A manifest, and where its files are looked up: beside it, and in the current folder when it is below that."""
    release, here, folder = load(manifest, str(manifest)), Path.cwd(), manifest.resolve().parent
    if folder.is_relative_to(here):
        return release, Sources(here, folder.relative_to(here).as_posix())
    return release, Sources(folder)


def read_key(path: Path) -> bytes:
    """The bytes of a private key. Raises InputError when others may read the file."""
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            content = file.read(LARGEST_KEY)
    except OSError as error:
        problem = Problem("key", f"cannot be read: {error.strerror}", "Make one with `slipway attest keygen`")
        raise InputError(str(path), [problem]) from None
    if b"PRIVATE KEY-----" not in content:
        problem = Problem("key", "is no private key in PEM", "Make one with `slipway attest keygen`")
        raise InputError(str(path), [problem])
    if mode & 0o077:
        problem = Problem("key", "others may read it", f"Protect it: chmod 600 {path}")
        raise InputError(str(path), [problem])
    return content


def exists_already(path: Path) -> InputError:
    """The refusal to write over a file."""
    remedy = "Choose another name, or remove it when it is no longer needed"
    problem = Problem("out", "exists already and says something else, and evidence is never overwritten", remedy)
    return InputError(str(path), [problem])


def write_new(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file that must not exist yet: evidence and keys are never overwritten. Raises InputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise exists_already(path) from None
    except OSError as error:
        problem = Problem("out", f"cannot be written: {error.strerror}", "Choose another place")
        raise InputError(str(path), [problem]) from None
    with os.fdopen(handle, "wb") as file:
        file.write(content)
