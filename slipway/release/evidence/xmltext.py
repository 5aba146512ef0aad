"""XML as a stream of events: no entities, no internal DTD, bounded depth; memory does not grow with the file."""

from __future__ import annotations

from typing import Any, Protocol
from xml.etree.ElementTree import ParseError

from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.limits import LONGEST_XML_TOKEN, MOST_XML_ATTRIBUTES, MOST_XML_DEPTH

_CHUNK = 1 << 16


class Handler(Protocol):
    """Gets each element once when it opens and once when it closes; `depth` is 0 for the root."""

    def opened(self, name: str, attributes: dict[str, str], depth: int) -> None: ...

    def closed(self, name: str, depth: int) -> None: ...


class _Target:
    """The target of the parser: counts depth, drops text, comments and instructions."""

    def __init__(self, handler: Handler, what: str) -> None:
        self._handler = handler
        self._what = what
        self._depth = 0
        self.progress = 0
        """How many events there were."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth >= MOST_XML_DEPTH:
            raise EvidenceError("malformed", f"{self._what}: nested more than {MOST_XML_DEPTH} deep")
        if len(attributes) > MOST_XML_ATTRIBUTES:
            raise EvidenceError("malformed", f"{self._what}: an element has more than {MOST_XML_ATTRIBUTES} attributes")
        self.progress += 1
        self._handler.opened(_local(name), attributes, self._depth)
        self._depth += 1

    def end(self, name: str) -> None:
        self._depth -= 1
        self.progress += 1
        self._handler.closed(_local(name), self._depth)

    def data(self, text: str) -> None:
        """Text is not evidence."""
        self.progress += 1

    def close(self) -> None:
        """Nothing is built."""


def stream(data: bytes, handler: Handler, what: str) -> None:
    """Feed `data` to `handler`. Raises EvidenceError `malformed` or `empty`.

    A document type that only names an external DTD (as many coverage reports do) is accepted and not loaded;
    one with an internal subset is refused, since it could declare entities or default attributes.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import XMLParser

    if not data.strip():
        raise EvidenceError("empty", f"{what}: the file is empty")
    target = _Target(handler, what)
    parser: Any = XMLParser(target=target, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    parser.parser.StartDoctypeDeclHandler = _refuse_internal_subset
    try:
        seen, since = -1, 0
        for start in range(0, len(data), _CHUNK):
            parser.feed(data[start : start + _CHUNK])
            seen, since = (target.progress, 0) if target.progress != seen else (seen, since + _CHUNK)
            if since > LONGEST_XML_TOKEN:
                raise EvidenceError(
                    "malformed", f"{what}: an attribute or a tag of more than {LONGEST_XML_TOKEN} bytes"
                )
        parser.close()
    except ParseError as error:
        raise EvidenceError("malformed", f"{what}: not well-formed XML: {error}") from None
    except DefusedXmlException as error:
        raise EvidenceError("malformed", f"{what}: entities and external references are refused: {error}") from None
    except (ValueError, LookupError) as error:
        raise EvidenceError("malformed", f"{what}: cannot be decoded: {error}") from None


def whole(value: str | None, what: str, digits: int = 12) -> int | None:
    """A count in an attribute, or None when it is absent. Raises EvidenceError `malformed` for anything else."""
    if value is None:
        return None
    text = value.strip()
    if not text.isascii() or not text.isdigit() or len(text) > digits:
        raise EvidenceError("malformed", f"{what} is {value!r}, a count is expected")
    return int(text)


def _refuse_internal_subset(_name: str, _system: str | None, _public: str | None, internal: int) -> None:
    if internal:
        raise EvidenceError("malformed", "a document type with declarations of its own is refused")


def _local(name: str) -> str:
    return name.rpartition("}")[2]
