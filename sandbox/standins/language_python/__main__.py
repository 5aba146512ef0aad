"""``python -m sandbox.standins.language_python [flags] ENGINE``: started by Pulumi, prints its port."""

from __future__ import annotations

import sys

from sandbox.standins.protocol import skip_sdk_initialisation

skip_sdk_initialisation()

from pulumi.runtime.proto import language_pb2_grpc  # noqa: E402

from sandbox.standins.language_python.host import LanguageHost  # noqa: E402
from sandbox.standins.serving import plugin_arguments, serve  # noqa: E402


def main() -> None:
    engine = plugin_arguments(sys.argv[1:])
    host = LanguageHost(engine)
    serve(lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server), engine, host.drain)


main()
