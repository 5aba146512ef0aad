"""A stack on the sandbox's Lambda: the table by boto3, the rest by the program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.aws import ACCOUNT
from sandbox.stage.ecs import Aws
from sandbox.stage.project import Stage

ALIAS = "live"
PROFILE: Mapping[str, Any] = {
    "requests": "lambda_invocations_total",
    "side": {"set": "{service}"},
    "status": ["status"],
    "inFlight": "lambda_active",
    "alive": {"metric": "lambda_uptime_seconds", "uptime": True},
    "seesNoAnswer": True,
}
"""How the sandbox's Lambda names its counters."""
ERRORS: Mapping[str, str] = {"AWS_LWA_ERROR_STATUS_CODES": "500-599"}
"""Variables by which the Lambda Web Adapter makes such an answer an error of the function."""


class LambdaStage(Stage):
    """A stage whose one service is a function, with the records in a table of its own. There is no namespace.
    `function` is its name, that of the service when it is not set."""

    def __init__(self, folder: Path, stack: str, service: str, environment: Mapping[str, str]) -> None:
        super().__init__(folder, stack, f"{service}-{stack}", environment)
        self.service = self.function = service
        self.aws = Aws(environment)

    @property
    def url(self) -> str:
        """Where the URLs of functions answer, from within the sandbox's namespace."""
        return f"http://127.0.0.1:{urlsplit(self.environment['SLIPWAY_FUNCTION_URLS']).port}/"

    def open_url(self) -> str:
        """Give the alias a URL, which it can have once a release has made it; the URL's host name."""
        made = self.aws.functions.create_function_url_config(
            FunctionName=self.function, Qualifier=ALIAS, AuthType="NONE"
        )
        return str(urlsplit(made["FunctionUrl"]).hostname)

    def close_url(self) -> None:
        """Take it away; it is no error where there is none."""
        gone = self.aws.functions.exceptions.ResourceNotFoundException
        try:
            self.aws.functions.delete_function_url_config(FunctionName=self.function, Qualifier=ALIAS)
        except gone:
            return

    def place(self) -> dict[str, Any]:
        """The target in place of a namespace."""
        target = {
            "kind": "lambda",
            "region": self.environment["AWS_REGION"],
            "account": ACCOUNT,
            "table": self.namespace,
            "aliases": {self.service: f"{self.function}:{ALIAS}"},
        }
        setting = {"role": f"arn:aws:iam::{ACCOUNT}:role/{self.service}", "timeout": "10s"}
        return {"releases:target": target, "releases:lambda": setting}

    def _metrics(self) -> dict[str, Any]:
        if self.metrics is not None:
            return dict(self.metrics)
        url = self.environment["SLIPWAY_PROMETHEUS_URL"]
        return {"kind": "prometheus", "url": url, "profile": dict(PROFILE)}

    def _make_namespace(self) -> None:
        self.aws.create_table(self.namespace)

    def _remove_namespace(self) -> None:
        self.aws.delete_table(self.namespace)


@contextmanager
def functions(folder: Path, stack: str, service: str, variables: Mapping[str, str]) -> Iterator[LambdaStage]:
    """A stage without a release yet; gone after the block."""
    stage = LambdaStage(folder, stack, service, variables)
    stage.create()
    try:
        yield stage
    finally:
        stage.close_url()
        stage.destroy()
