"""What Loki and Tempo have in common: one server for several tenants, told apart by a header."""

from __future__ import annotations

import httpx2

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
    ) -> None:
        super().__init__(url, token_file, transport)
        self._tenant = tenant

    def _headers(self) -> dict[str, str]:
        tenant = {} if self._tenant is None else {TENANT: self._tenant}
        return super()._headers() | tenant
