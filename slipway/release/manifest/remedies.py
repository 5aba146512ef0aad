"""What to write where something is missing or wrong, by the place in a manifest; the nearest place counts."""

from __future__ import annotations

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {
    "apiVersion": "Write apiVersion: slipway/v1",
    "kind": "Write kind: Release",
    "service": "Write the service's name: lower-case letters, digits, hyphens, at most 40, such as service: checkout",
    "version": 'Write a version of letters, digits, ".", "_" and "-", such as version: 2026.11.23-1',
    "artifact": "Write artifact: {image: repository@sha256:<64 hex digits>}, the digest that your registry reports",
    "scope": "Write scope: {summary: one sentence, changes: [{id: PAY-12, kind: feature, risk: medium}]}",
    "scope.changes": "List each tracked change, such as {id: PAY-12, kind: fix, risk: low}",
    "scope.size": "Write size: {commits: 9, lines: 310}, of the difference to the previous release",
    "strategy": "Write strategy: {kind: canary, steps: [{weight: 5, bake: 2m}, {weight: 100, bake: 10m}]}, "
    "or kind: blue-green, rolling or auto",
    "strategy.kind": "Choose canary, blue-green, rolling or auto",
    "strategy.steps": "Write growing weights that end at 100, each with a bake time such as 2m",
    "strategy.steps.mirror": "Write {mirror: 100%, methods: [GET, HEAD], bake: 1m}",
    "strategy.steps.methods": "Write methods: [GET, HEAD]",
    "strategy.preview": "Write preview: {header: {name: x-preview, value: checkout}} "
    "or preview: {host: preview.checkout.example}",
    "strategy.smoke": "Write smoke: [{path: /health, status: 200}]",
    "strategy.batch": "Write the share of the replicas to replace at a time, such as batch: 25%",
    "workload": "Write workload: {port: 8080, replicas: 3, probes: {readiness: {path: /ready}}}",
    "workload.autoscaling": "Write autoscaling: {min: 2, max: 10, metrics: [...]} with metrics of autoscaling/v2, or "
    "autoscaling: {keda: {minReplicaCount: 2, maxReplicaCount: 10, triggers: [...]}}",
    "workload.autoscaling.keda": "Write a ScaledObject's spec without scaleTargetRef and idleReplicaCount, such as "
    "keda: {minReplicaCount: 2, maxReplicaCount: 10, triggers: [...]}",
    "workload.external": "Write external: {deployment: checkout, service: checkout}, the names of what is there",
    "workload.external.autoscaler": "Write autoscaler: {name: checkout, min: 3, max: 12}, or leave it out",
    "workload.probes": "Write probes: {readiness: {path: /ready}}; a pod that is not asked cannot be trusted to serve",
    "workload.env": "Write names of letters, digits and underscores with text as values, such as env: {LOG: info}",
    "workload.secretEnv": "Write secretEnv: {TOKEN: {secret: name-of-the-secret, key: token}}",
    "workload.annotations": 'Write names with text as values, such as annotations: {prometheus.io/scrape: "true"}',
    "workload.pod": "Write a part of a PodSpec, such as pod: {tolerations: [{key: spot, operator: Exists}]}",
    "workload.podMetadata": "Write podMetadata: {labels: {tier: web}, annotations: {linkerd.io/inject: enabled}}",
    "workload.service": "Write service: {annotations: {team: shop}, ports: [{name: metrics, port: 9090}]}",
    "workload.files": "Write files: {/etc/app/config.toml: content}",
    "workload.resources": "Write Kubernetes quantities, such as resources: {requests: {cpu: 100m, memory: 64Mi}}",
    "workload.security": "Write security: {runAsNonRoot: true, runAsUser: 65532}, or leave it out",
    "workload.drain": "Write drain: {beforeStop: 5s, grace: 30s}, where grace includes beforeStop",
    "workload.maxUnavailable": "Write a count such as 1, or a percentage such as 25%",
    "route": "Write route: {gateway: {namespace: edge, name: public}, hostnames: [checkout.example]}",
    "route.hostnames": "List the host names that users ask for, such as hostnames: [checkout.example]",
    "route.matches": "Write matches: [{path: /api}], or leave it out for every path",
    "route.rules": "Write rules: [{matches: [{path: {value: /api}}], backendRefs: [{weight: 90}, {name: legacy, "
    "port: 80, weight: 10}]}], as an HTTPRoute has them; a backend without a name is the service of the release",
    "route.affinity": "Write affinity: {cookie: side} for a cookie that the route hands out, or "
    "affinity: {header: x-client} for something outside the route that keeps a client on one side",
    "guardrails": "Write at least one, such as "
    "guardrails: [{name: errors, kind: error-ratio, tolerate: 1.1, negligible: 0.1%}]",
    "analysis": "Leave it out, or write "
    "analysis: {falseAbort: 1%, tick: 2s, dwell: 30s, onInconclusive: hold, onError: abort}",
    "watch": "Write watch: {for: 1h, holdback: 2%, onBreach: {action: rollback}}, or leave it out",
    "watch.for": "Write how long it lasts after the commit, 1m to 7d, such as for: 1h",
    "watch.holdback": "Write the part of the traffic that stays on the standby, at most 20%, such as holdback: 2%",
    "watch.guardrails": "Name guardrails of the release or write them in full, such as "
    "guardrails: [errors, {name: slo, kind: slo, objective: 0.5%}], or leave it out",
    "watch.falseAbort": "Write the watch's part of analysis.falseAbort, such as falseAbort: 0.5%; left out, two thirds",
    "watch.noDataGrace": "Write how long data may be missing, 30s or more, such as noDataGrace: 5m",
    "watch.onBreach": "Write onBreach: {action: rollback, kill: [new-cart]}, or action: escalate",
    "qa": "Write qa: {recommendation: go, by: qa-lead, at: 2026-11-22T10:00:00Z}",
    "evidence": "Write lists of files, such as evidence: {tests: [evidence/junit.xml]}",
    "approvals": "Write approvals: [{role: service-owner, by: someone, at: 2026-11-22T12:00:00Z}]",
    "migrations": 'Write migrations: [{id: "0042", up: 0042.up.sql, down: 0042.down.sql, phase: expand}]',
    "database": "Write database: {uses: [orders, customers.email]}, what this artifact reads and writes",
    "environment": "Write environment: {dependencies: [{name: ledger, kind: service, ready: true}]}; "
    "an empty list is an answer",
    "environment.differences": "Write differences: [{field: workload.replicas, reason: why staging differs}]",
    "rollback": "Say how it may be undone: rollback: {maxMinutes: 5, constraints: [], compensations: []}; "
    "an empty list is an answer, leaving it out is not",
    "rollback.constraints": "List what limits a rollback, or write constraints: [] when nothing does",
    "rollback.maxMinutes": "Write how long a rollback may take, such as maxMinutes: 5",
    "owner": "Write "
    "owner: {team: payments, oncall: https://oncall.example/payments, runbook: docs/runbooks/checkout.md}",
    "owner.oncall": "Write who is called at night, such as oncall: https://oncall.example/payments",
    "owner.runbook": "Write the path of the runbook, such as runbook: docs/runbooks/checkout.md",
    "retry": "Write retry: {reason: what is different this time}",
    "hotfix": "Write hotfix: {ticket: INC-7, reason: what it repairs, followUpDue: 2026-12-01T00:00:00Z}",
}
