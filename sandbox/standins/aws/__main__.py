"""``python -m sandbox.standins.aws [flags] ENGINE``: started by Pulumi, prints its port."""

from __future__ import annotations

import sys

from sandbox.standins.protocol import skip_sdk_initialisation

skip_sdk_initialisation()

from pulumi.runtime.proto import provider_pb2_grpc  # noqa: E402

from sandbox.standins.aws.provider import AwsProvider  # noqa: E402
from sandbox.standins.serving import plugin_arguments, serve  # noqa: E402


def main() -> None:
    engine = plugin_arguments(sys.argv[1:])
    provider = AwsProvider()
    serve(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server),
        engine,
        lambda _hurry: provider.stop(),
    )


main()
