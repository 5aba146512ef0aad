"""Clients of AWS that never wait for long. boto3 is imported when the first one is made."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

from slipway.release.errors import ClusterError

CONNECT_SECONDS, READ_SECONDS = 2.0, 3.0
"""Short, as each request is tried again (see requests.py) and must not outlast the margin of the fence."""
_making = threading.Lock()
"""boto3's sessions are not safe for several threads; its clients are."""


def connect(service: str, region: str) -> Any:  # noqa: ANN401 - botocore makes the methods of a client when it is made
    """A client of one service of AWS (`dynamodb`, `elbv2`, ...) in a region, by the environment's credentials. It is
    shared by all callers and safe for several threads; each call is sent once only.

    Raises ClusterError when boto3 is not installed or the configuration of the environment cannot be used."""
    with _making:
        return _client(service, region)


@lru_cache
def _client(service: str, region: str) -> Any:  # noqa: ANN401 - see above
    try:
        import boto3  # type: ignore[import-untyped]
        from botocore.config import Config  # type: ignore[import-untyped]
        from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]
    except ImportError as error:
        raise ClusterError("AWS is asked by boto3, which is not installed: pip install 'slipway[aws]'") from error
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)
    try:
        return boto3.session.Session().client(service, region_name=region, config=once)
    except (BotoCoreError, ValueError) as error:
        text = " ".join(str(error).split())
        raise ClusterError(f"no usable configuration of AWS: {text}; check AWS_PROFILE and AWS_ENDPOINT_URL") from error
