"""The language host's protocol (``pulumirpc.LanguageRuntime``): requests in, processes and facts out."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import threading
from collections.abc import Iterator

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from sandbox.standins.errors import StandInError
from sandbox.standins.language_python import install, packages, packaging, plugin, program, prompts
from sandbox.standins.language_python.children import Children, output
from sandbox.standins.language_python.runtime import PythonRuntime, resolve
from sandbox.standins.language_python.sdk import program_runner, sdk_version


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """One host serves one CLI process, with any number of programs and plugins."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._children = Children()
        self._programs: set[subprocess.Popen[bytes]] = set()
        self._cancelled = threading.Event()

    def drain(self, hurry: threading.Event) -> None:
        """Let the plugins finish: the engine ends each by ending its call."""
        self._children.drain(hurry)

    def Handshake(  # noqa: N802
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=sdk_version())

    def About(  # noqa: N802
        self, request: language_pb2.AboutRequest, context: grpc.ServicerContext
    ) -> language_pb2.AboutResponse:
        runtime = resolve(request.info)
        python = runtime.interpreter()
        version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout
        return language_pb2.AboutResponse(
            executable=python,
            version=version.strip().removeprefix("Python "),
            metadata={"toolchain": runtime.toolchain, "host": f"stand-in on Python {platform.python_version()}"},
        )

    def GetRequiredPackages(  # noqa: N802
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        folders = packages.search_path(resolve(request.info))
        return language_pb2.GetRequiredPackagesResponse(packages=packages.required_packages(folders))

    def GetRequiredPlugins(  # noqa: N802
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        wanted = packages.required_packages(packages.search_path(resolve(request.info)))
        plugins = [
            plugin_pb2.PluginDependency(name=each.name, kind=each.kind, version=each.version, server=each.server)
            for each in wanted
        ]
        return language_pb2.GetRequiredPluginsResponse(plugins=plugins)

    def GetProgramDependencies(  # noqa: N802
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        folders = packages.search_path(resolve(request.info))
        found = packages.dependencies(folders, transitive=request.transitiveDependencies)
        return language_pb2.GetProgramDependenciesResponse(dependencies=found)

    def RuntimeOptionsPrompts(  # noqa: N802
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        return prompts.answer(request)

    def InstallDependencies(  # noqa: N802
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        runtime = resolve(request.info, plugin=request.is_plugin)
        yield language_pb2.InstallDependenciesResponse(stdout=b"Installing dependencies...\n\n")
        for step in install.steps(runtime):
            with self._children.started(
                step,
                environment=runtime.environment(os.environ),
                folder=str(runtime.program),
                call=context,
                piped=True,
            ) as process:
                for name, data in output(process):
                    yield language_pb2.InstallDependenciesResponse(**{name: data})
            if process.returncode != 0:
                raise StandInError(f"`{' '.join(step)}` ended with exit code {process.returncode}")
        yield language_pb2.InstallDependenciesResponse(stdout=b"Finished installing dependencies\n\n")

    def GeneratePackage(  # noqa: N802
        self, request: language_pb2.GeneratePackageRequest, context: grpc.ServicerContext
    ) -> language_pb2.GeneratePackageResponse:
        return packaging.generate(request)

    def Link(  # noqa: N802
        self, request: language_pb2.LinkRequest, context: grpc.ServicerContext
    ) -> language_pb2.LinkResponse:
        instructions = packaging.link(request, resolve(request.info))
        return language_pb2.LinkResponse(import_instructions=instructions)

    def Run(  # noqa: N802
        self, request: language_pb2.RunRequest, context: grpc.ServicerContext
    ) -> language_pb2.RunResponse:
        if request.attach_debugger:
            raise StandInError("the stand-in cannot attach a debugger: install the real language host for that")
        runtime = resolve(request.info)
        environment = runtime.environment(program.environment(request, os.environ))
        if runtime.typechecker and not self._typechecked(runtime, environment, context):
            return language_pb2.RunResponse(error=f"{runtime.typechecker} found errors: see its output above")
        command = [runtime.interpreter(), *program.arguments(request, str(program_runner()), self._engine)]
        with self._children.started(
            command, environment=environment, folder=str(runtime.program), call=context, piped=False
        ) as process:
            self._programs.add(process)
            if self._cancelled.is_set():
                process.terminate()
            code = process.wait()
            self._programs.discard(process)
        return program.outcome(code, cancelled=self._cancelled.is_set())

    def RunPlugin(  # noqa: N802
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        if request.attach_debugger:
            raise StandInError("the stand-in cannot attach a debugger: install the real language host for that")
        runtime = resolve(request.info, plugin=True)
        with self._children.started(
            [runtime.interpreter(), *plugin.arguments(request)],
            environment=runtime.environment(plugin.environment(request)),
            folder=plugin.working_directory(request),
            call=context,
            piped=True,
        ) as process:
            for name, data in output(process):
                yield (
                    language_pb2.RunPluginResponse(stdout=data)
                    if name == "stdout"
                    else language_pb2.RunPluginResponse(stderr=data)
                )
        if process.returncode != 0:
            yield language_pb2.RunPluginResponse(exitcode=process.returncode)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """End the programs. Plugins have had a Cancel of their own and may still be at work for it."""
        self._cancelled.set()
        for process in list(self._programs):
            self._children.signal(process, signal.SIGTERM)
        return empty_pb2.Empty()

    def _typechecked(self, runtime: PythonRuntime, environment: dict[str, str], context: grpc.ServicerContext) -> bool:
        command = [runtime.interpreter(), "-m", str(runtime.typechecker), str(runtime.program)]
        with self._children.started(
            command, environment=environment, folder=str(runtime.program), call=context, piped=False
        ) as process:
            return process.wait() == 0
