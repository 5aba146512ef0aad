"""Smoke checks: requests through the gateway's preview route, before any user reaches the candidate."""

from __future__ import annotations

from typing import NamedTuple

import httpx2

from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Preview, SmokeCheck


def preview_headers(route: Route, preview: Preview) -> dict[str, str]:
    """The headers that lead a request to the candidate."""
    headers = {"Host": preview.host or route.hostnames[0]}
    if preview.header is not None:
        headers[preview.header.name] = preview.header.value
    return headers


class Checked(NamedTuple):
    """What the checks found: empty or one line that says what was asked, seen and wanted; and how many requests were
    sent, those without an answer included."""

    problem: str
    sent: int


def run_checks(url: str, headers: dict[str, str], checks: tuple[SmokeCheck, ...]) -> Checked:
    """Run all checks, each until its first wrong answer."""
    with httpx2.Client(base_url=url, headers=headers, follow_redirects=False) as client:
        done = [_check(client, check) for check in checks]
    return Checked("; ".join(one.problem for one in done if one.problem), sum(one.sent for one in done))


def _check(client: httpx2.Client, check: SmokeCheck) -> Checked:
    for number in range(1, check.times + 1):
        if problem := _wrong(client, check):
            return Checked(problem, number)
    return Checked("", check.times)


def _wrong(client: httpx2.Client, check: SmokeCheck) -> str:
    try:
        answer = client.get(check.path, timeout=check.timeout)
    except httpx2.HTTPError as error:
        return f"GET {check.path} gave no answer ({type(error).__name__}), wanted {check.status}"
    if answer.status_code != check.status:
        return f"GET {check.path} answered {answer.status_code}, wanted {check.status}"
    if check.contains is not None and check.contains not in answer.text:
        return f"GET {check.path} does not contain {check.contains!r}"
    return ""
