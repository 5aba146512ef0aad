"""A rule file that this project writes, replaced in one rename and put back when the server refuses it."""

from __future__ import annotations

from pathlib import Path

import yaml

from slipway.release.errors import ClusterError
from slipway.release.slo.delivery import RuleGroupInputs
from slipway.rollout.process.whole_file import replace_file

MARK = "# Written by Slipway: a change here is lost.\n"


def text_of(inputs: RuleGroupInputs) -> str:
    """The content of the file. Keys are sorted: on their way through the engine they lose their order."""
    return MARK + yaml.safe_dump(inputs.content, width=1000, allow_unicode=True)


def read(path: Path) -> str | None:
    """What is there, None when there is none. Raises ClusterError for a file that Slipway did not write."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ClusterError(f"the rule file {path} cannot be read ({error})") from None
    if not text.startswith(MARK):
        raise ClusterError(f"the rule file {path} was not written by Slipway; remove it, or name another folder")
    return text


def write(path: Path, text: str) -> None:
    """Raises ClusterError. A reader sees the former content or the new one, never a part."""
    try:
        replace_file(path, text)
    except OSError as error:
        raise ClusterError(f"the rule file {path} cannot be written ({error.strerror}); make its folder") from None


def restore(path: Path, former: str | None) -> None:
    """Put back what was there before. Raises ClusterError."""
    if former is None:
        path.unlink(missing_ok=True)
    else:
        write(path, former)
