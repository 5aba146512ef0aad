"""Who puts the traffic back when the process of a rollout dies: a protocol with two forms.

On a host it is the watchdog process (watchdog_process.py). In a Job of the cluster it is the next pod or container,
which repairs before anything else, so nothing is started there.
"""

from __future__ import annotations

from typing import Protocol

from slipway.release.target import Target


class Care(Protocol):
    """The guarding of one rollout. It ends with `disarm` or `act`."""

    def await_ready(self) -> None:
        """Block until it guards. Raises ClusterError when it cannot."""
        ...

    def disarm(self) -> None:
        """The rollout has ended in order."""
        ...

    def act(self) -> None:
        """Put the traffic back, which this process could not do."""
        ...


class Overseer(Protocol):
    """Takes rollouts into its care."""

    def arm(self, target: Target, service: str, rollout_id: str) -> Care:
        """Begin; returns at once."""
        ...


class RestartedByTheCluster:
    """For a process that the cluster starts again until its rollout has ended."""

    def arm(self, target: Target, service: str, rollout_id: str) -> Care:
        """Nothing is started."""
        return _Nothing()


class _Nothing:
    def await_ready(self) -> None:
        """There is nothing to wait for."""

    def disarm(self) -> None:
        """There is nothing to end."""

    def act(self) -> None:
        """The exit code tells the cluster."""
