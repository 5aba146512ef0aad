"""Smoke checks: requests through the gateway's preview route, before any user reaches the candidate."""

from __future__ import annotations

import httpx2

from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Preview, SmokeCheck


def preview_headers(route: Route, preview: Preview) -> dict[str, str]:
    """The headers that lead a request to the candidate."""
    headers = {"Host": preview.host or route.hostnames[0]}
    if preview.header is not None:
        headers[preview.header.name] = preview.header.value
    return headers


def run_checks(url: str, headers: dict[str, str], checks: tuple[SmokeCheck, ...]) -> str:
    """Run all checks; empty when all pass, otherwise one line that says what was asked, seen and wanted."""
    with httpx2.Client(base_url=url, headers=headers, follow_redirects=False) as client:
        problems = [problem for check in checks if (problem := _check(client, check))]
    return "; ".join(problems)


def _check(client: httpx2.Client, check: SmokeCheck) -> str:
    for _ in range(check.times):
        try:
            answer = client.get(check.path, timeout=check.timeout)
        except httpx2.HTTPError as error:
            return f"GET {check.path} gave no answer ({type(error).__name__}), wanted {check.status}"
        if answer.status_code != check.status:
            return f"GET {check.path} answered {answer.status_code}, wanted {check.status}"
        if check.contains is not None and check.contains not in answer.text:
            return f"GET {check.path} does not contain {check.contains!r}"
    return ""
