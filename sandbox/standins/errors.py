"""Errors that reach Pulumi as one clear line: a gRPC status, never a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NoReturn

import grpc
from google.protobuf.message import Message

if TYPE_CHECKING:  # generic in the stubs only
    _Interceptor = grpc.ServerInterceptor[Message, Message]
else:
    _Interceptor = grpc.ServerInterceptor


class StandInError(Exception):
    """What a stand-in cannot do, in one sentence that names the remedy."""


class InvalidInputError(StandInError):
    """The caller gave something that can never work."""


class OneLineErrors(_Interceptor):
    """Turns whatever a method raises into a status with one line; ``NotImplementedError`` into UNIMPLEMENTED."""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Message, Message] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Message, Message] | None:
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        name = handler_call_details.method.rpartition("/")[2]
        codec = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(_unary(name, handler.unary_unary), **codec)
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(_stream(name, handler.unary_stream), **codec)
        return handler


def one_line(error: BaseException) -> str:
    """The message of an error for a person: our own sentences as they are, anything else with its type."""
    text = " ".join(str(error).split())
    if isinstance(error, StandInError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _unary(name: str, method: Callable[..., Message]) -> Callable[..., Message]:
    def call(request: Message, context: grpc.ServicerContext) -> Message:
        try:
            return method(request, context)
        except Exception as error:
            _abort(name, context, error)

    return call


def _stream(name: str, method: Callable[..., Iterator[Message]]) -> Callable[..., Iterator[Message]]:
    def call(request: Message, context: grpc.ServicerContext) -> Iterator[Message]:
        try:
            yield from method(request, context)
        except Exception as error:
            _abort(name, context, error)

    return call


def _abort(name: str, context: grpc.ServicerContext, error: Exception) -> NoReturn:
    if isinstance(error, NotImplementedError):
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{name} is not part of this stand-in")
    if getattr(context, "code", lambda: None)() is not None:  # the method aborted by itself: its status stands
        raise error
    code = grpc.StatusCode.INVALID_ARGUMENT if isinstance(error, InvalidInputError) else grpc.StatusCode.UNKNOWN
    context.abort(code, one_line(error))
