from __future__ import annotations

from typing import NoReturn

import pytest
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.standins.kubernetes.failure import abort_not_ready
from sandbox.standins.kubernetes.values import from_struct


class Aborted(Exception):
    pass


class Context:
    """As much of a gRPC context as is used."""

    metadata: tuple[tuple[str, bytes], ...] = ()

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        self.metadata = metadata

    def abort(self, code: object, details: str) -> NoReturn:
        raise Aborted(details)


def test_pulumi_is_told_what_exists_and_why_it_is_not_ready() -> None:
    context = Context()
    with pytest.raises(Aborted, match="first; second"):
        abort_not_ready(context, "shop/web", {"a": 1}, ["first", "second"], {"b": 2})  # type: ignore[arg-type]
    ((key, value),) = context.metadata
    assert key == "grpc-status-details-bin"
    status = status_pb2.Status.FromString(value)
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    assert (detail.id, list(detail.reasons)) == ("shop/web", ["first", "second"])
    assert (from_struct(detail.properties), from_struct(detail.inputs)) == ({"a": 1}, {"b": 2})
