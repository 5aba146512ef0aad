"""Release records in a bucket of Amazon S3: an object a record, `<prefix>/<service>/<number>.json`, without gaps.

An object is written only where there is none (`If-None-Match`), into a bucket that keeps versions and whose object lock
has a default retention: what was recorded cannot be replaced or removed until it has passed. So of each number
the oldest version is what was recorded, and what came on top of it later, a deletion too, changes no reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, Protocol

from slipway.release.errors import ClusterError, Conflict
from slipway.release.records.chain import Line, line_of
from slipway.rollout.platforms.aws.requests import AwsRequests
from slipway.rollout.platforms.trying import Patience

Json = dict[str, Any]
_NAME: Final = re.compile(r"(\d{10})\.json")
_READERS = 8
"""Objects that are read at once."""


class S3(Protocol):
    """What is used of boto3's client; every method takes the parameters of the API and gives its answer."""

    def get_object(self, **asked: object) -> Json:
        """One version of an object."""
        ...

    def put_object(self, **asked: object) -> Json:
        """Write one object."""
        ...

    def list_object_versions(self, **asked: object) -> Json:
        """One page of the versions below a prefix: in the order of the keys, the newest version of a key first."""
        ...

    def list_objects_v2(self, **asked: object) -> Json:
        """One page of what lies below a prefix."""
        ...

    def get_bucket_versioning(self, **asked: object) -> Json:
        """Whether versions are kept."""
        ...

    def get_object_lock_configuration(self, **asked: object) -> Json:
        """Whether and how long versions are locked."""
        ...


class BucketRecords:
    """See slipway.release.records.store.RecordStore. Who writes needs no Lease: a number is written once. Safe for
    several threads and processes."""

    def __init__(self, client: S3, bucket: str, prefix: str, service: str, patience: Patience | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._folder = f"{prefix}/{service}/"
        self._requests = AwsRequests(patience=patience)
        self._is_locked = False

    def read(self) -> list[str]:
        """All lines, in the order of their numbers."""
        found = sorted(self._versions().items())
        with ThreadPoolExecutor(_READERS) as pool:
            return list(pool.map(lambda one: self._text(*one), found))

    def last(self) -> Line | None:
        """The last of them, by listing the others."""
        return self._end(self._versions())

    def append(self, line: str, count: int) -> None:
        """Raises Conflict when there are not `count` lines any more, and ClusterError when the bucket would not keep
        the line."""
        versions = self._versions()
        there = max(versions, default=-1) + 1
        if there == count + 1 and self._text(count, versions[count]) == line:
            return
        if there != count:
            raise Conflict(f"{self._named(self._folder)} has {there} release records, not {count}")
        self._require_lock()
        key = self._key(count)
        content = {"Body": line.encode(), "ContentType": "application/json", "IfNoneMatch": "*"}
        self._requests.write(
            self._named(key),
            lambda: self._client.put_object(Bucket=self._bucket, Key=key, **content),
            lambda: self._look(count),
            lambda found: found == line,
        )

    def _require_lock(self) -> None:
        if self._is_locked:
            return
        bucket = self._bucket
        kept = self._requests.ask(
            f"the versioning of the bucket {bucket}", lambda: self._client.get_bucket_versioning(Bucket=bucket)
        )
        if kept.get("Status") != "Enabled":
            raise ClusterError(
                f"the bucket {bucket} keeps no versions, so records could be replaced: enable versioning"
            )
        lock = self._requests.find(
            f"the object lock of the bucket {bucket}", lambda: self._client.get_object_lock_configuration(Bucket=bucket)
        )
        if not (lock or {}).get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention"):
            raise ClusterError(
                f"the bucket {bucket} has no object lock with a default retention, so records could be removed: enable "
                "it, with mode COMPLIANCE and the days for which records are to be kept"
            )
        self._is_locked = True

    def _end(self, versions: dict[int, str]) -> Line | None:
        if not versions:
            return None
        number = max(versions)
        return line_of(number, self._text(number, versions[number]))

    def _look(self, number: int) -> str | None:
        version = self._versions(self._key(number)).get(number)
        return self._text(number, version) if version is not None else None

    def _text(self, number: int, version: str) -> str:
        key = self._key(number)

        def get() -> bytes:
            found = self._client.get_object(Bucket=self._bucket, Key=key, VersionId=version)
            body: bytes = found["Body"].read()
            return body

        return self._requests.ask(self._named(key), get).decode("utf-8", "replace")

    def _versions(self, prefix: str | None = None) -> dict[int, str]:
        """Number of a record -> its oldest version."""
        found: dict[int, str] = {}
        for page in self._pages(prefix or self._folder):
            for one in page.get("Versions", ()):
                name = _NAME.fullmatch(one["Key"].removeprefix(self._folder))
                if name is not None:
                    found[int(name[1])] = one["VersionId"]
        return found

    def _pages(self, prefix: str) -> Iterator[Json]:
        asked: Json = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            page = self._requests.ask(self._named(prefix), partial(self._client.list_object_versions, **asked))
            yield page
            if not page.get("IsTruncated"):
                return
            asked["KeyMarker"] = page["NextKeyMarker"]
            if page.get("NextVersionIdMarker"):
                asked["VersionIdMarker"] = page["NextVersionIdMarker"]

    def _key(self, number: int) -> str:
        return f"{self._folder}{number:010d}.json"

    def _named(self, key: str) -> str:
        return f"{key} in the bucket {self._bucket}"


def services_recorded(client: S3, bucket: str, prefix: str, patience: Patience | None = None) -> list[str]:
    """The services that have records there. Raises ClusterError."""
    requests, folder = AwsRequests(patience=patience), f"{prefix}/"
    asked: Json = {"Bucket": bucket, "Prefix": folder, "Delimiter": "/"}
    found: list[str] = []
    while True:
        page = requests.ask(f"{folder} in the bucket {bucket}", partial(client.list_objects_v2, **asked))
        found += [one["Prefix"].removeprefix(folder).rstrip("/") for one in page.get("CommonPrefixes", ())]
        if not page.get("IsTruncated"):
            return found
        asked["ContinuationToken"] = page["NextContinuationToken"]
