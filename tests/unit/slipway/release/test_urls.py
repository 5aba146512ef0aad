from __future__ import annotations

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from slipway.release.rollout_inputs import MetricsSource
from slipway.release.urls import Contact, ServerUrl


class Holder(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    url: ServerUrl = "http://a.example"
    contact: Contact = "somebody"


@pytest.mark.parametrize(
    "url",
    ["http://prometheus.example:9090", "https://p.example/prefix/", "http://10.0.0.1:9090", "http://[::1]:9090"],
)
def test_the_root_of_a_server_is_a_url(url: str) -> None:
    assert MetricsSource(kind="prometheus", url=url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://user:passw0rd@p.example",
        "http://user:p#passw0rd@p.example",
        "http://passw0rd@p.example",
        "https://p.example/?token=passw0rd",
        "https://p.example/x#passw0rd",
        "https://p.example/passw0rd@x",
    ],
)
def test_what_may_be_a_password_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValidationError, match="credentialsFile") as caught:
        MetricsSource(kind="prometheus", url=url)
    assert "passw0rd" not in str(caught.value)


@pytest.mark.parametrize("url", ["p.example", "ftp://p.example", "http://", "http://p.example:port", "http://p x/"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="the root of the server") as caught:
        Holder(url=url)
    assert "port'" not in str(caught.value)


@pytest.mark.parametrize(
    "contact",
    ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "https://x.example\r\nX: y", ""],
)
def test_a_contact_that_a_browser_would_run_is_refused(contact: str) -> None:
    with pytest.raises(ValidationError):
        Holder(contact=contact)


@pytest.mark.parametrize("contact", ["https://oncall.example/x", "payments, 24x7", "mailto:a@b.example", "tel:+49 1"])
def test_a_contact_is_text_or_a_link(contact: str) -> None:
    assert Holder(contact=contact).contact == contact
