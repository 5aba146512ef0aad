"""The published versions of a function, by the revision that is written in their description.

A version never changes, so what is known of one is asked for once. A revision may have been published more than once,
as after a rollback in the program; then it is the oldest version that can run, so the very one that served where that
one still can.
"""

from __future__ import annotations

from typing import Any, Protocol

from slipway.rollout.platforms.aws.requests import AwsRequests

INACTIVE = "Inactive"
"""The state of a version that had no request for weeks, and runs nothing before it is invoked."""
LATEST = "$LATEST"
"""The code that may still change: no user is led there."""
DESCRIBED = "slipway "
"""Begins the description of a version; its revision follows."""
Json = dict[str, Any]


class VersionsApi(Protocol):
    """What is used of boto3's client for `lambda`: each method takes the parameters of the API."""

    def list_versions_by_function(self, **asked: object) -> Json:
        """One page of the versions of a function, the oldest first."""
        ...

    def get_function(self, **asked: object) -> Json:
        """A version, with its state and its image."""
        ...


def description_of(revision: str) -> str:
    """What a version of this revision is described by."""
    return f"{DESCRIBED}{revision}"


class Versions:
    """The versions of one function. Safe for several threads, which at worst ask twice."""

    def __init__(self, client: VersionsApi, requests: AwsRequests, function: str) -> None:
        self._client = client
        self._requests = requests
        self.function = function
        self._revisions: dict[str, str] = {}
        """Number -> revision; empty for a version that Slipway did not make."""
        self._chosen: dict[tuple[str, ...], str] = {}
        """Versions of one revision -> the one that is used. It stays: by it the alias is read and written."""

    def number_of(self, revision: str) -> str | None:
        """The version of a revision; None where none is published, or the function does not exist."""
        if revision not in self._revisions.values():
            self.listed()
        numbers = tuple(sorted((number for number, one in self._revisions.items() if one == revision), key=int))
        if len(numbers) > 1 and numbers not in self._chosen:
            self._chosen[numbers] = next((one for one in numbers if self._runs(one)), numbers[0])
        return self._chosen[numbers] if len(numbers) > 1 else next(iter(numbers), None)

    def _runs(self, number: str) -> bool:
        """Whether a version does not sleep; one that failed is told by its readiness, and not passed over."""
        asked: dict[str, object] = {"FunctionName": self.function, "Qualifier": number}
        what = f"version {number} of the function {self.function}"
        found = self._requests.find(what, lambda: self._client.get_function(**asked))
        return found is not None and found["Configuration"].get("State") != INACTIVE

    def revision_of(self, number: str) -> str:
        """The revision of a version; empty for one that Slipway did not make, and for `$LATEST`."""
        if number != LATEST and number not in self._revisions:
            self.listed()
        return self._revisions.get(number, "")

    def listed(self) -> dict[str, str]:
        """Every version that there is now, with its revision; read in pages."""
        found: dict[str, str] = {}
        asked: dict[str, object] = {"FunctionName": self.function}
        what = f"versions of the function {self.function}"
        while True:
            page = self._requests.find(what, lambda: self._client.list_versions_by_function(**asked))
            for one in (page or {}).get("Versions", []):
                if one["Version"] != LATEST:
                    found[one["Version"]] = _revision(str(one.get("Description") or ""))
            if not (page or {}).get("NextMarker"):
                self._revisions = found
                return dict(found)
            asked["Marker"] = (page or {})["NextMarker"]


def _revision(description: str) -> str:
    return description.removeprefix(DESCRIBED) if description.startswith(DESCRIBED) else ""
