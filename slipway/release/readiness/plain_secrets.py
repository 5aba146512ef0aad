"""What looks like a secret in a manifest's own text: it would be in the repository and in the state for good."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from slipway.release.manifest.workload import Workload

_KINDS = (
    ("a password in a URL", re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:(?!\$[({]|\{\{|<)[^\s/@]+@")),
    ("a private key", re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")),
    ("an access key of AWS", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a token of GitHub", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})")),
    ("a token of GitLab", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a token of Slack", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
)
"""A password that is filled in later, such as `$(DB_PASSWORD)`, is none."""


def plain_secrets(workload: Workload) -> Iterator[tuple[str, str]]:
    """Field and kind of each; never the value."""
    texts = [
        *((f"env.{name}", value) for name, value in workload.env.items()),
        *((f"files.{path}", content) for path, content in workload.files.items()),
        *((f"args[{number}]", text) for number, text in enumerate(workload.args)),
        *((f"command[{number}]", text) for number, text in enumerate(workload.command)),
        *((f"annotations.{name}", value) for name, value in workload.annotations.items()),
        *_texts("pod", workload.pod),
        *_texts("podMetadata", workload.pod_metadata.model_dump(by_alias=True)),
        *_texts("service", workload.service.model_dump(by_alias=True)),
    ]
    for field, text in texts:
        kind = next((kind for kind, pattern in _KINDS if pattern.search(text)), None)
        if kind is not None:
            yield f"workload.{field}", kind


def _texts(place: str, value: object) -> Iterator[tuple[str, str]]:
    """Every text in a part of a pod, with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(f"{place}.{name}", inner)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _texts(f"{place}[{index}]", inner)
