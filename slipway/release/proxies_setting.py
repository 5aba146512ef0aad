"""The stack's setting `metrics.proxies`: the proxies of the data plane, which are asked for their statistics."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from slipway.release.data_plane import ProxyPlace
from slipway.release.manifest.base import FrozenModel, RequestPath
from slipway.release.target import DnsLabel
from slipway.release.urls import ServerUrl


class ProxiesSetting(FrozenModel):
    """Pods of `namespace`, which are found anew at each look and read through the API server; or fixed `addresses`,
    such as `http://10.0.0.7:8002`. Left out, `selector`, `port` and `path` are those of the profile."""

    namespace: DnsLabel | None = None
    selector: Annotated[dict[str, str], Field(min_length=1)] | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    path: RequestPath | None = None
    addresses: Annotated[tuple[ServerUrl, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> ProxiesSetting:
        if (self.namespace is None) == (self.addresses is None):
            raise ValueError("needs either the namespace of the gateway's pods, or addresses")
        if self.addresses is not None and (self.selector is not None or self.port is not None):
            raise ValueError("selector and port find pods; an address has both in it")
        return self

    def place(self, usual: ProxyPlace | None, profile: str) -> ProxyPlace:
        """Where each proxy shows its statistics; `usual` is what the profile says of it. Raises ValueError."""
        selector = self.selector or (usual.selector if usual is not None else None)
        port = self.port or (usual.port if usual is not None else None)
        if self.addresses is None and (selector is None or port is None):
            raise ValueError(f"proxies needs selector and port with profile {profile}: labels of the gateway's pods")
        path = self.path or (usual.path if usual is not None else "/metrics")
        return ProxyPlace(selector=selector, port=port or 0, path=path, filtered=usual is not None and usual.filtered)
