"""The text of a first manifest, with remarks on what a person has to answer, and of a first runbook."""

from __future__ import annotations

import json
from datetime import datetime
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipway.cli.init_files import Answers

_MANIFEST = Template("""\
# $title
# Every field: docs/manifest.md. A manifest that was released is never changed; the next release is a new file.
apiVersion: slipway/v1
kind: Release
service: $service
version: $version

artifact:
  image: $image

scope:
  summary: $summary
  author: $author
  changes:
    - {id: CHANGE-1, kind: feature, risk: low}   # the tracked changes; a flag is the kill switch of one

strategy:
  kind: auto   # what risk and blast radius recommend; `slipway gates` says what and why

workload:
  port: $port
  replicas: $replicas
  resources:
    requests: {cpu: 100m, memory: 128Mi}
    limits: {memory: 256Mi}
  probes:
    readiness: {path: $ready}

route:
  gateway: {namespace: $gateway_namespace, name: $gateway}
  hostnames: [$host]

guardrails:
  - {name: errors, kind: error-ratio, tolerate: 1.1, negligible: 0.1%, objective: 1%}

# With the traffic that you expect, the plan says what each step can notice: analysis: {expected: {rate: 120}}

evidence:
  tests: [$evidence/junit.xml]
  coverage: [$evidence/coverage.xml]
  staticAnalysis: [$evidence/lint.sarif]
  securityScan: [$evidence/scan.sarif]
  provenance: [$evidence/signed/provenance.json]
  statements: [$evidence/signed/receipts]
$people
migrations: []

environment:
  dependencies: []   # what it needs there, such as {name: ledger, kind: service, ready: true}
$differences
rollback:
  maxMinutes: 10
  constraints: []     # what stands in the way of going back; each needs a compensation
  compensations: []

owner:
  team: $team
  oncall: $oncall
  runbook: $runbook
""")
_PEOPLE = Template("""
qa: {recommendation: go, by: $qa, at: $at, statement: $evidence/signed/qa.json}

approvals:
  - {role: service-owner, by: $approver, at: $at, statement: $evidence/signed/approval.json}
""")
_DIFFERENCES = """  differences:
    - {field: route.hostnames, reason: staging has a host name of its own}
"""


def manifest(answers: Answers, stack: str, now: datetime) -> str:
    """The manifest of one stack. QA's word and approvals are about production's; everything else is the same but for
    the host name."""
    prod = stack == "prod"
    namespace, _, gateway = answers.gateway.partition("/")
    quoted = {
        "service": answers.service,
        "version": answers.version,
        "image": answers.image,
        "summary": f"First release of {answers.service} with Slipway",
        "author": answers.author,
        "ready": answers.ready,
        "gateway_namespace": namespace,
        "gateway": gateway,
        "host": answers.host if prod else f"{stack}.{answers.host}",
        "team": answers.team,
        "oncall": answers.oncall,
        "runbook": f"releases/{answers.service}/runbook.md",
        "qa": answers.qa,
        "approver": answers.approver,
    }
    values: dict[str, object] = {name: json.dumps(value) for name, value in quoted.items()}
    values |= {"port": answers.port, "replicas": answers.replicas, "at": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    values |= {"evidence": f"evidence/{answers.version}"}
    values |= {"title": f"{answers.service} {answers.version}" + ("" if prod else f", as {stack} runs it")}
    values["people"] = _PEOPLE.substitute(values) if prod else ""
    values["differences"] = _DIFFERENCES if prod else ""
    return _MANIFEST.substitute(values)


def runbook(answers: Answers) -> str:
    """What is done at night, to be completed by those who do it."""
    service = answers.service
    return f"""# Runbook: {service}

A rollout stops by itself and puts the traffic back. For the rest:

1. `slipway status {service} --stack prod` says what serves and whether a rollout is in flight.
2. A rollout in flight: `slipway abort {service} --stack prod`. None: `slipway rollback {service} --stack prod`.
3. Complete this page: dashboards, dependencies, flags that may be switched off, whom else to call.

Owner: {answers.team}, {answers.oncall}
"""
