"""The flags that a stack's own file declares, for those who judge without the program."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from slipway.release.errors import EngineError, InputError
from slipway.release.flags.flag_set_inputs import FlagsSetting
from slipway.release.flags.load import read_flags
from slipway.release.flags.model import DeclaredFlags
from slipway.release.project_files import FLAGS, config_declared


def flags_of_stack(project: Path, stack: str) -> tuple[DeclaredFlags | None, str]:
    """The flags, None where the stack names no files of them; or why they cannot be read, in one line."""
    try:
        given = config_declared(project, stack).get(FLAGS)
        if given is None:
            return None, ""
        return read_flags(project, FlagsSetting.model_validate(given).files), ""
    except EngineError as error:
        return None, str(error)
    except ValidationError as error:
        first = error.errors()[0]
        return None, f"{FLAGS}{'.' if first['loc'] else ''}{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except InputError as error:
        return None, str(error.problems[0])
