"""How a gRPC method of the plugin ends when something is wrong: a status with one line, never a traceback."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NoReturn, TypeVar

import grpc

from slipway.plugin.partial import CODE, DETAILS, PartlyDone
from slipway.release.errors import SlipwayError

ServicerT = TypeVar("ServicerT")
RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")
Method = Callable[[ServicerT, RequestT, grpc.ServicerContext], AnswerT]


class UnknownType(SlipwayError):
    """A request about a type that the plugin does not have."""


def one_line_errors(method: Method[ServicerT, RequestT, AnswerT]) -> Method[ServicerT, RequestT, AnswerT]:
    """A gRPC method whose errors leave as statuses."""

    @functools.wraps(method)
    def answered(self: ServicerT, request: RequestT, context: grpc.ServicerContext) -> AnswerT:
        try:
            return method(self, request, context)
        except Exception as error:
            _end(context, error)

    return answered


def _end(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    if isinstance(error, PartlyDone):
        context.set_trailing_metadata(((DETAILS, error.details()),))
        context.abort(CODE, str(error))
    if isinstance(error, UnknownType):
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
    if isinstance(error, SlipwayError):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}".partition("\n")[0])
