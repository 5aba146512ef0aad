"""One resource of the table: made, read, changed and deleted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.standins.aws.calls import Clients, RefusedError
from sandbox.standins.aws.entry import Entry, Json
from sandbox.standins.aws.fields import followed, from_api, get, to_api
from sandbox.standins.errors import StandInError

WITHIN = 300.0
"""Seconds until what was made can be used, and until what was deleted is gone."""
POLL = 0.5


class Resources:
    """All of one provider. `cancelled` ends waiting."""

    def __init__(self, clients: Clients, cancelled: threading.Event) -> None:
        self._clients = clients
        self._cancelled = cancelled

    def create(self, entry: Entry, inputs: Json) -> tuple[str, Json]:
        """Its id and its outputs."""
        request = entry.outward(to_api(inputs, entry.fields))
        tags = inputs.get("tags") or {}
        made = self._clients.call(entry.service, entry.create, inputs, request)
        live = made if entry.create.found else {**request, **made}
        known = self._known(entry, live, inputs)
        rest = request.keys() - self._clients.takes(entry.service, entry.create)
        self._send(entry, known, request, set(rest))
        self._write_attributes(entry, known, inputs)
        if tags and "arn" not in known:  # the answer had none
            known = self._known(
                entry, self._until(lambda: self._find(entry, known), f"{known['id']} is not there"), inputs
            )
        self._write_tags(entry, known, {}, tags)
        live = self._until(lambda: self._usable(entry, known), f"{known['id']} is not ready")
        return str(known["id"]), self._outputs(entry, live, inputs)

    def read(self, entry: Entry, name: str, recorded: Json, inputs: Json) -> tuple[Json, Json] | None:
        """Its outputs and its inputs as they are now, None when it is gone. Without recorded ``inputs`` it is imported:
        then all that it says are its inputs."""
        known = {"arn": name, **inputs, **recorded, "id": name}
        if "cluster" not in known and name.count("/") == 2:
            known["cluster"] = name.split("/")[1]  # of a service that is imported by its ARN
        live = self._find(entry, known)
        if live is None:
            return None
        known = self._known(entry, live, known)
        found = self._inputs(entry, live, known)
        if inputs:
            unread = {*entry.unread.split(), *entry.ignored.split()}
            found = {
                name: value if name in unread else followed(value, found.get(name)) for name, value in inputs.items()
            }
            found = {name: value for name, value in found.items() if value is not None}
        return self._outputs(entry, live, found), found

    def update(self, entry: Entry, name: str, recorded: Json, old: Json, new: Json) -> Json:
        """Its outputs."""
        known = {**recorded, **new, "id": name}
        before, after = (entry.outward(to_api(inputs, entry.fields)) for inputs in (old, new))
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        self._send(entry, known, after, changed)
        if any(old.get(key) != new.get(key) for key in (entry.attributes.names if entry.attributes else ())):
            self._write_attributes(entry, known, new)
        self._write_tags(entry, known, old.get("tags") or {}, new.get("tags") or {})
        live = self._until(lambda: self._usable(entry, known), f"{name} is not ready")
        return self._outputs(entry, live, new)

    def delete(self, entry: Entry, name: str, recorded: Json) -> None:
        """Return when it is gone; one that is gone already is no error."""
        if recorded.get("skipDestroy"):
            return
        known = {"arn": name, **recorded, "id": name}
        try:
            self._clients.call(entry.service, entry.delete, known)
        except RefusedError as error:
            if error.code not in entry.gone:
                raise
        self._until(lambda: True if self._find(entry, known) is None else None, f"{name} is not gone")

    def _usable(self, entry: Entry, known: Json) -> Json | None:
        live = self._find(entry, known)
        return live if live is not None and entry.ready(live) else None

    def _find(self, entry: Entry, known: Json) -> Json | None:
        try:
            live = entry.pick(self._clients.call(entry.service, entry.read, known), known)
        except RefusedError as error:
            if error.code in entry.gone:
                return None
            raise
        if not live or not entry.alive(live):
            return None
        found: Json = entry.inward(live)
        return found

    def _known(self, entry: Entry, live: Json, inputs: Mapping[str, Any]) -> Json:
        outputs = {name: get(live, path) for name, path in entry.outputs.items()}
        return {**inputs, **{name: value for name, value in outputs.items() if value}, "id": get(live, entry.id)}

    def _inputs(self, entry: Entry, live: Json, known: Json) -> Json:
        found = from_api(live, entry.fields)
        if entry.attributes is not None:
            pairs = self._clients.call(entry.service, entry.attributes.read, known) or []
            values = {one["Key"]: one["Value"] for one in pairs}
            found |= {name: values[key] for name, key in entry.attributes.names.items() if key in values}
        if entry.tags is not None and (tags := self._tags(entry, known)):
            found["tags"] = tags
        return found

    def _outputs(self, entry: Entry, live: Json, inputs: Json) -> Json:
        mine = {name: get(live, path) for name, path in entry.outputs.items()}
        tags = {"tagsAll": inputs.get("tags") or {}} if entry.tags is not None else {}
        return {**inputs, **{name: value for name, value in mine.items() if value is not None}, **tags}

    def _send(self, entry: Entry, known: Json, request: Json, wanted: set[str]) -> None:
        """The calls of an update that take any of the members that are wanted."""
        for call in entry.update:
            mine = wanted & self._clients.takes(entry.service, call)
            if not (mine or wanted & set(call.when.split())) or (call.needs and not known.get(call.needs)):
                continue
            part = request if call.whole else {name: request[name] for name in mine if name in request}
            self._clients.call(entry.service, call, known, part)

    def _write_attributes(self, entry: Entry, known: Json, inputs: Json) -> None:
        if entry.attributes is None:
            return
        pairs = [
            {"Key": key, "Value": _text(inputs[name])}
            for name, key in entry.attributes.names.items()
            if inputs.get(name) is not None
        ]
        if pairs:
            self._clients.call(entry.service, entry.attributes.write, {**known, "attributes": pairs})

    def _tags(self, entry: Entry, known: Json) -> dict[str, str]:
        if entry.tags is None:
            return {}
        found = self._clients.call(entry.service, entry.tags.read, known) or {}
        if entry.tags.names is None:
            return dict(found)
        key, value = entry.tags.names
        return {one[key]: one.get(value, "") for one in found}

    def _write_tags(self, entry: Entry, known: Json, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        if entry.tags is None or old == new:
            return
        gone = [key for key in old if key not in new]
        if gone:
            self._clients.call(entry.service, entry.tags.remove, {**known, "keys": gone})
        if new:
            names = entry.tags.names
            pairs = dict(new) if names is None else [{names[0]: key, names[1]: value} for key, value in new.items()]
            self._clients.call(entry.service, entry.tags.add, {**known, "tags": pairs})

    def _until(self, found: Callable[[], Any], problem: str) -> Any:  # noqa: ANN401
        deadline = time.monotonic() + WITHIN
        while (result := found()) is None:
            if self._cancelled.wait(POLL) or time.monotonic() > deadline:
                raise StandInError(f"{problem} after {WITHIN:.0f} s, or the update was cancelled")
        return result


def _text(value: Any) -> str:  # noqa: ANN401
    return str(value).lower() if isinstance(value, bool) else str(value)
