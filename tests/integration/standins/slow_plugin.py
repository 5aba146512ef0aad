"""A resource provider whose create blocks until it is cancelled and then tidies up for a second (a test's plugin).

It notes its process id, and that of a child in a session of its own, in the folder named by ``SLOW_NOTES``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

NOTES = Path(os.environ["SLOW_NOTES"])
cancelled = threading.Event()


class Slow(provider_pb2_grpc.ResourceProviderServicer):
    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return provider_pb2.ConfigureResponse()

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        (NOTES / "creating").touch()
        cancelled.wait(60)
        time.sleep(1)
        (NOTES / "tidied").touch()
        context.abort(grpc.StatusCode.ABORTED, "tidied up after the cancellation")

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        cancelled.set()
        return empty_pb2.Empty()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end comes by the end of the call
    apart = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True, stdout=subprocess.DEVNULL
    )
    (NOTES / "apart").write_text(str(apart.pid))
    (NOTES / "plugin").write_text(str(os.getpid()))
    server = grpc.server(futures.ThreadPoolExecutor(4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Slow(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    server.wait_for_termination()


main()
