"""Trust roots from a YAML file, with every problem at once; and the text of a first one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from slipway.release.document_files import read_document_below, read_named
from slipway.release.errors import InputError
from slipway.release.evidence.facts import Kind
from slipway.release.evidence.trust import TrustRoots
from slipway.release.manifest.document import Document, read_document
from slipway.release.manifest.problems import problems_of

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.@-]*")
REMEDIES: Mapping[str, str] = {
    "principals": "Write principals: [{name: ci, keys: [PEM of a public key], may: [tests, coverage]}]",
    "principals.keys": "Write public keys in PEM, beginning with -----BEGIN PUBLIC KEY-----",
    "principals.identities": "Write identities: [{issuer: URL of the OIDC issuer, subject: e-mail or workflow URI}]",
    "principals.may": "List what the principal may vouch for, such as may: [tests, coverage, qa, approval]",
    "principals.roles": "List the roles in which the principal may approve, such as roles: [service-owner]",
    "sigstoreRoot": "Put the JSON text of the Sigstore instance's trusted_root.json here",
    "builders": "List the builder ids of SLSA provenance that are accepted, such as "
    "https://forge.example/org/repo/.github/workflows/release.yml@refs/tags/*",
}


def load_trust(path: Path) -> TrustRoots:
    """Read trust roots. Raises InputError."""
    return trust_roots(read_named(path, "Correct the path"), str(path))


def load_trust_below(folder: Path, name: str) -> TrustRoots:
    """Read trust roots from a file below `folder`, never through a symbolic link. Raises InputError."""
    remedy = "Put the file itself beside the configuration; `slipway example` writes that of the example"
    return trust_roots(read_document_below(folder, name, remedy), name)


def trust_roots(document: Document, subject: str) -> TrustRoots:
    """Validate what was read. Raises InputError with every problem."""
    problems = list(document.problems)
    try:
        roots = TrustRoots.model_validate(document.data)
    except ValidationError as error:
        problems += problems_of(error, TrustRoots, document, REMEDIES)
        raise InputError(subject, problems) from None
    if problems:
        raise InputError(subject, problems)
    return roots


@dataclass(frozen=True, slots=True)
class Entry:
    """One principal of a trust file in the writing, with a remark for its readers."""

    name: str
    remark: str
    may: tuple[Kind, ...] = ()
    roles: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    public_key: str | None = None
    """PEM; None for a person who writes changes and signs nothing."""


def as_text(heading: str, entries: Sequence[Entry], builders: Sequence[str]) -> str:
    """The text of a trust file, which is read back before it is returned. Raises InputError."""
    lines = [f"# {line}" for line in heading.splitlines()] + ["principals:"]
    for entry in entries:
        lines.append(f"  - name: {_scalar(entry.name)}  # {entry.remark}")
        for field in ("may", "roles", "services"):
            if values := getattr(entry, field):
                lines.append(f"    {field}: [{', '.join(map(_scalar, values))}]")
        if entry.public_key is not None:
            lines += ["    keys:", "      - |"]
            lines += [f"        {line}" for line in entry.public_key.strip().splitlines()]
    lines += [
        "# runDetails.builder.id of the builders whose SLSA provenance is accepted.",
        "builders:",
        *(f"  - {_scalar(builder)}" for builder in builders),
    ]
    text = "\n".join(lines) + "\n"
    trust_roots(read_document(text.encode(), "trust roots"), "trust roots")
    return text


def _scalar(text: str) -> str:
    """Text as YAML reads it back: quoted, unless it is a plain word that means nothing else."""
    return text if _WORD.fullmatch(text) and text.lower() not in {"true", "false", "null"} else json.dumps(text)
