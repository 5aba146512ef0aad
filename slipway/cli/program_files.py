"""The program and the policy pack of a project of one's own: the files of this repository, with their paths adapted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import slipway
from slipway.release.errors import InputError, Problem

SOURCE = Path(slipway.__file__).resolve().parents[1]
"""The checkout that `slipway` is installed from."""
FILES = ("Pulumi.yaml", "__main__.py", "policies/PulumiPolicy.yaml", "policies/__main__.py")
_VIRTUALENV = "virtualenv: "
_PLUGIN = "path: ./slipway/plugin"


def program_files(folder: Path) -> dict[str, str]:
    """Name in `folder` -> text. Raises InputError when `slipway` was installed without them."""
    missing = [name for name in FILES if not (SOURCE / name).is_file()]
    if missing:
        remedy = "Install slipway from a checkout: make setup, or pip install -e CHECKOUT"
        problem = Problem("program", f"{missing[0]} is not where slipway is installed from", remedy)
        raise InputError("program", [problem])
    texts = {name: (SOURCE / name).read_text(encoding="utf-8") for name in FILES}
    texts["Pulumi.yaml"] = texts["Pulumi.yaml"].replace(
        _PLUGIN, f"path: {_from(folder, SOURCE / 'slipway' / 'plugin')}"
    )
    for name in ("Pulumi.yaml", "policies/PulumiPolicy.yaml"):
        beside = folder / Path(name).parent
        texts[name] = "".join(_with_virtualenv(line, beside) for line in texts[name].splitlines(keepends=True))
    return texts


def _with_virtualenv(line: str, folder: Path) -> str:
    before, found, _ = line.partition(_VIRTUALENV)
    return f"{before}{found}{_from(folder, Path(sys.prefix))}\n" if found else line


def _from(folder: Path, path: Path) -> str:
    """A path as it is written in a file in `folder`: relative, so that both can be moved together."""
    relative = os.path.relpath(path.resolve(), folder.resolve())
    return relative if relative.startswith(".") else f"./{relative}"
