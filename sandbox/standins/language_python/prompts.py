"""What ``pulumi new`` asks about a Python project: the toolchain, and pip's virtual environment."""

from __future__ import annotations

import shutil

from pulumi.runtime.proto import language_pb2

_Prompt = language_pb2.RuntimeOptionPrompt
_Value = language_pb2.RuntimeOptionPrompt.RuntimeOptionValue


def answer(request: language_pb2.RuntimeOptionsRequest) -> language_pb2.RuntimeOptionsResponse:
    """The questions that the options given so far leave open."""
    options = request.info.options.fields
    asked = []
    if "toolchain" not in options:
        choices = [_value("pip"), *(_value(name) for name in ("poetry", "uv") if shutil.which(name))]
        asked.append(_prompt("toolchain", "The toolchain that installs dependencies and runs the program", choices))
    elif options["toolchain"].string_value == "pip" and "virtualenv" not in options:
        asked.append(_prompt("virtualenv", "The virtual environment to use", [_value("venv")]))
    return language_pb2.RuntimeOptionsResponse(prompts=asked)


def _prompt(key: str, description: str, choices: list[_Value]) -> _Prompt:
    return _Prompt(key=key, description=description, promptType=_Prompt.STRING, choices=choices, default=choices[0])


def _value(text: str) -> _Value:
    return _Value(promptType=_Prompt.STRING, stringValue=text, displayName=text)
