"""`python -m sandbox.standins.codegen`: prints the path of the TypeScript host."""

from __future__ import annotations

import sys

from sandbox.errors import SandboxError
from sandbox.standins.codegen import HOST, program

if __name__ == "__main__":
    try:
        sys.stdout.write(f"{program(HOST)}\n")
    except SandboxError as error:
        sys.exit(str(error))
