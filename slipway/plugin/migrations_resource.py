"""`slipway:index:Migrations`: the migrations of a release, applied before anything of the release is created."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2
from pydantic import ValidationError

from slipway.plugin.engine_log import EngineLog
from slipway.plugin.flights import Flights
from slipway.plugin.resource import ReadAsRecorded
from slipway.plugin.structs import to_plain, to_struct
from slipway.release.errors import InputError
from slipway.release.evidence.migration_files import read_script
from slipway.release.evidence.references import Sources
from slipway.release.manifest.document import Document
from slipway.release.manifest.problems import problems_of
from slipway.release.migrations.inputs import MigrationsInputs
from slipway.rollout.migrations import run
from slipway.rollout.migrations.base import MigratedDatabase
from slipway.rollout.migrations.postgresql import PostgreSql

OUTPUTS = ("applied",)


def connect(inputs: MigrationsInputs) -> MigratedDatabase:
    """The database of the inputs; nothing is asked yet."""
    return PostgreSql(inputs.service, inputs.database)


@dataclass(frozen=True)
class MigrationsResource(ReadAsRecorded):
    """The methods of the resource."""

    engine: engine_pb2_grpc.EngineStub | None
    flights: Flights = field(default_factory=Flights)
    connect: Callable[[MigrationsInputs], MigratedDatabase] = connect

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Validate. The scripts are judged by the gates of the release."""
        try:
            wanted = parse(to_plain(request.news))
        except InputError as error:
            failures = [provider_pb2.CheckFailure(reason=str(problem)) for problem in error.problems]
            return provider_pb2.CheckResponse(failures=failures)
        return provider_pb2.CheckResponse(inputs=to_struct(wanted.to_wire()))

    @staticmethod
    def diff(request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Inputs: the next release's migrations are an update."""
        old, new = to_plain(request.old_inputs), to_plain(request.news)
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        kinds = provider_pb2.DiffResponse
        return kinds(changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE, diffs=changed)

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Apply what the database does not have yet."""
        wanted = parse(to_plain(request.properties))
        outputs = self._applied(wanted, request.urn, preview=request.preview)
        return provider_pb2.CreateResponse(id=wanted.service, properties=to_struct(outputs))

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """The same for the next release."""
        wanted = parse(to_plain(request.news))
        outputs = self._applied(wanted, request.urn, preview=request.preview)
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    @staticmethod
    def delete(request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """Undo nothing: the schema outlives the release, and a rollback undoes it once nothing of it runs."""
        return empty_pb2.Empty()

    def _applied(self, wanted: MigrationsInputs, urn: str, *, preview: bool) -> dict[str, Any]:
        log = EngineLog(self.engine, urn)
        sources = Sources(Path.cwd(), wanted.folder)
        if preview:
            # What is applied already is known where the update runs, which has the database's address.
            for migration in wanted.migrations:
                way_back = "its way down is declared" if migration.down is not None else "it cannot be undone"
                log.event(f"migration {migration.id} ({migration.phase}) runs unless it is applied; {way_back}")
        else:
            scripts = {migration.id: read_script(migration.up, sources) for migration in wanted.migrations}
            with self.flights.one() as cancelled:
                run.apply(wanted, scripts, self.connect(wanted), log.status, cancelled)
        return {**wanted.to_wire(), "applied": [migration.id for migration in wanted.migrations]}


def parse(inputs: Mapping[str, Any]) -> MigrationsInputs:
    """Raises InputError with every problem."""
    content = {name: value for name, value in inputs.items() if name not in OUTPUTS}
    try:
        return MigrationsInputs.model_validate(content, by_alias=True, by_name=False)
    except ValidationError as error:
        document = Document(data=content)
        raise InputError("Migrations", problems_of(error, MigrationsInputs, document, {})) from None
