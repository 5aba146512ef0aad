"""What Loki and Tempo have in common: one server for several tenants, told apart by a header."""

from __future__ import annotations

import httpx2

from slipway.release.http_access import HttpAccess, QueryAccess
from slipway.rollout.metrics.prometheus_api import QueryServer

TENANT = "X-Scope-OrgID"


class TenantServer(QueryServer):
    """One server, by the URL of its root; `tenant` where it has several."""

    def __init__(
        self,
        url: str,
        token_file: str | None = None,
        tenant: str | None = None,
        transport: httpx2.BaseTransport | None = None,
        http: HttpAccess | None = None,
    ) -> None:
        given = http or HttpAccess()
        if tenant is not None:
            given = given.model_copy(update={"headers": {**(given.headers or {}), TENANT: tenant}})
        super().__init__(url, token_file, transport, QueryAccess(http=given))
