"""What `slipway init` writes: everything is read by the real loaders before the first file takes its place."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from slipway.cli import init_manifest
from slipway.cli.attest_io import write_new
from slipway.cli.program_files import program_files
from slipway.release.errors import InputError, Problem
from slipway.release.evidence import make
from slipway.release.evidence.facts import Kind
from slipway.release.evidence.trust_file import Entry, as_text
from slipway.release.manifest.document import document_text
from slipway.release.manifest.load import parse
from slipway.release.people import known_as

STACKS = ("staging", "prod")
TRUST = "policies/config/trust.yaml"
KEYS = "keys"
REPORTS: tuple[Kind, ...] = (
    "tests",
    "coverage",
    "static-analysis",
    "security-scan",
    "vex",
    "migration-lint",
    "migration",
)
HEADING = """Whose word counts, and for what: docs/evidence.md. A manifest cannot add to it. A change of this folder
needs its owners' review. The keys were made by `slipway init`; identities of your CI in their place are better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is asked; see the options of `slipway init`."""

    service: str
    image: str
    host: str
    metrics_url: str
    author: str
    qa: str
    approver: str
    team: str
    oncall: str
    builder: str
    namespace: str
    version: str
    gateway: str = "edge/public"
    gateway_url: str | None = None
    release_manager: str = "release-manager"
    port: int = 8080
    replicas: int = 2
    ready: str = "/ready"

    def manifest(self, stack: str) -> str:
        """Path of the manifest that a stack names."""
        ending = "" if stack == "prod" else f".{stack}"
        return f"releases/{self.service}/{self.version}{ending}.yaml"


@dataclass(slots=True)
class Outcome:
    """Paths in the project, and what is left to a person."""

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)


def write_project(folder: Path, answers: Answers, now: datetime) -> Outcome:
    """Write what is not there. Raises InputError with every answer that a loader refuses; then nothing is written."""
    _check_people(answers)
    trust = (folder / TRUST).exists()
    keys = {} if trust else {name: make.generate_key() for name in _signers(answers)}
    texts = _texts(folder, answers, now, {name: public.decode() for name, (_, public) in keys.items()})
    _check(texts, answers, trust=not trust)
    outcome = Outcome()
    for name, text in texts.items():
        _write(folder, name, text, outcome)
    for name, (private, public) in keys.items():
        write_new(folder / KEYS / f"{name}.key", private, 0o600)
        write_new(folder / KEYS / f"{name}.pub", public)
        outcome.written += [f"{KEYS}/{name}.key", f"{KEYS}/{name}.pub"]
    outcome.todo = list(_todo(folder, answers, outcome))
    return outcome


def _signers(answers: Answers) -> tuple[str, ...]:
    return "ci", "builder", answers.qa, answers.approver, answers.release_manager


def _check_people(answers: Answers) -> None:
    """Each signer is a principal with a key of its own, and authors do not approve their own changes."""
    names = [known_as(name) for name in (*_signers(answers), answers.author)]
    doubles = sorted({name for name in names if names.count(name) > 1})
    unsafe = [name for name in _signers(answers) if not all(char.isalnum() or char in "-_.@" for char in name)]
    problems = [
        Problem(name, "stands for two of ci, builder, QA, approver, release manager and author", "Name different ones")
        for name in doubles
    ]
    problems += [Problem(name, "is no name of a key file", "Use letters, digits, -, _, . and @") for name in unsafe]
    if problems:
        raise InputError("slipway init", problems)


def _texts(folder: Path, answers: Answers, now: datetime, public: dict[str, str]) -> dict[str, str]:
    """Every file as text; `public` is empty where trust roots are there already."""
    release = f"releases/{answers.service}"
    texts = {
        **program_files(folder),
        **{answers.manifest(stack): init_manifest.manifest(answers, stack, now) for stack in STACKS},
        f"{release}/runbook.md": init_manifest.runbook(answers),
        ".gitignore": f"# Private keys; everything else belongs into the repository.\n/{KEYS}/*.key\n",
    }
    for stack in STACKS:
        texts[f"Pulumi.{stack}.yaml"] = _stack_file(answers, stack)
        texts[f"policies/config/{stack}.json"] = _gates(answers, stack)
    if public:
        texts[TRUST] = as_text(HEADING, _principals(answers, public), [answers.builder])
    return texts


def _stack_file(answers: Answers, stack: str) -> str:
    config: dict[str, object] = {
        "releases:services": {answers.service: {"manifest": answers.manifest(stack)}},
        "releases:namespace": answers.namespace if stack == "prod" else f"{answers.namespace}-{stack}",
        "releases:metrics": {"kind": "prometheus", "url": answers.metrics_url},
    }
    if answers.gateway_url is not None:
        config["releases:gatewayUrl"] = answers.gateway_url
    return document_text({"config": config})


def _gates(answers: Answers, stack: str) -> str:
    """The strict defaults, with what differs between a stage and production. A drill of the rollback needs a second
    release, so the first one proves the deployment."""
    registry = answers.image.partition("/")[0]
    content: dict[str, object] = {
        "evidence": {"trust": Path(TRUST).name},
        "artifact-integrity": {"registries": [registry]},
    }
    if stack == "prod":
        content |= {"approvals": {"roles": ["service-owner"], "knownAuthors": True}}
        content |= {"drill": {"procedures": ["deploy"], "maxAge": "90d"}}
    else:
        content |= {"qa": {"required": False}, "approvals": {"roles": []}, "drill": {"procedures": []}}
        content |= {"migrations": {"receipt": False}}
    return json.dumps(content, indent=2) + "\n"


def _principals(answers: Answers, public: dict[str, str]) -> list[Entry]:
    def entry(name: str, remark: str, may: tuple[Kind, ...], roles: tuple[str, ...] = ()) -> Entry:
        return Entry(name, remark, may, roles, (), public[name])

    return [
        entry("ci", "the pipeline that runs tests and scans", REPORTS),
        entry("builder", "the build service", ("provenance",)),
        entry(answers.qa, "QA", ("qa",)),
        entry(answers.approver, "owner of the service", ("approval",), ("service-owner",)),
        entry(answers.release_manager, "keeps the receipts of staging and of drills", ("staging", "drill")),
        Entry(answers.author, "writes changes"),
    ]


def _check(texts: dict[str, str], answers: Answers, *, trust: bool) -> None:
    """Read everything as the program and the gates will. Raises InputError."""
    from slipway import settings
    from slipway.release.gating import configuration
    from slipway.release.project_files import config_of

    for stack in STACKS:  # before anything is written: the service's name and version are parts of paths
        parse(texts[answers.manifest(stack)], answers.manifest(stack))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for path, text in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        if not trust:
            (root / TRUST).write_text("principals: []\n")
        for stack in STACKS:
            config = config_of(root / f"Pulumi.{stack}.yaml")
            raw = {
                key.partition(":")[2]: value if isinstance(value, str) else json.dumps(value)
                for key, value in config.items()
            }
            settings.parse(raw, root)
            configuration.load_below(root, f"policies/config/{stack}.json")


def _write(folder: Path, name: str, text: str, outcome: Outcome) -> None:
    path = folder / name
    if path.exists():
        outcome.kept.append(name)
        return
    write_new(path, text.encode())
    outcome.written.append(name)


def _todo(folder: Path, answers: Answers, outcome: Outcome) -> list[str]:
    """What a kept file may lack, and what comes next."""
    lines = [
        f"add {answers.service}: {{manifest: {answers.manifest(stack)}}} to releases:services in Pulumi.{stack}.yaml"
        for stack in STACKS
        if f"Pulumi.{stack}.yaml" in outcome.kept
        and answers.manifest(stack) not in (folder / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    ]
    ignored = (folder / ".gitignore").read_text(encoding="utf-8").splitlines()
    if not {f"/{KEYS}/*.key", f"{KEYS}/"} & set(ignored):
        lines.append(f"add /{KEYS}/*.key to .gitignore: private keys are not committed")
    if TRUST not in outcome.written:
        lines.append(f"{TRUST} was there: see that it names who signs for {answers.service}")
    reports = f"releases/{answers.service}/evidence/{answers.version}/"
    return [*lines, f"put the reports of CI into {reports}, and sign: docs/first-release.md"]
