"""Who runs this process, for the record."""

from __future__ import annotations

import getpass
import os
import socket

CI_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILDKITE_BUILD_CREATOR")
"""Where CI systems say for whom they run; as trustworthy as the runner's environment."""


def operator() -> str:
    """User and host, after the person for whom a CI system runs: `ada, by runner@ci-7`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    own = f"{user}@{socket.gethostname()}"
    actor = next((os.environ[name] for name in CI_ACTORS if os.environ.get(name)), None)
    return own if actor is None else f"{actor}, by {own}"
