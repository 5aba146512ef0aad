"""Refusals in the words and codes of the API."""

from __future__ import annotations


class ApiError(Exception):
    """Sent to the caller: `code` is the name of an exception of ECS."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid(message: str) -> ApiError:
    """A parameter that cannot be."""
    return ApiError("InvalidParameterException", message)


def not_emulated(what: str) -> ApiError:
    """Something that AWS does and the sandbox does not: it is never ignored."""
    return ApiError("ClientException", f"the sandbox's ECS does not emulate {what}; leave it out there")
