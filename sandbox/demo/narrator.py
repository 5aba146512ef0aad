"""What the demo says on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from sandbox.demo.summary import Release, Summary

COLOURS = {"completed": "green", "aborted": "yellow", "refused": "yellow", "interrupted": "magenta"}


class Narrator:
    """Plain sentences on a terminal and in a log alike."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    def act(self, title: str, why: str) -> None:
        """A new act begins."""
        self._console.rule(f"[bold]{title}")
        self._console.print(why)

    def say(self, line: str) -> None:
        """One line within an act."""
        self._console.print(f"  {line}", markup=False)

    def repeat(self, told: str) -> None:
        """What another narrator has told meanwhile."""
        self._console.print(told, markup=False, end="")

    def quote(self, output: str, words: tuple[str, ...]) -> None:
        """The lines of a command's output that begin with one of the words."""
        seen: set[str] = set()
        for line in output.splitlines():
            text = " ".join(line.split())
            outputs = text.endswith("{")  # of the stack, which begin with the service's name as well
            if text.startswith(words) and not outputs and text not in seen:
                seen.add(text)
                self._console.print(f"    | {text}", markup=False, style="dim")

    def release(self, release: Release) -> None:
        """How a release ended."""
        colour = COLOURS.get(release.outcome, "red")
        safe = release.seconds_fault_to_safe
        tail = f", {safe:.1f}s from the first fault to safe" if safe is not None else ""
        self._console.print(
            f"  [{colour}]{release.outcome}[/] in {release.seconds:.1f}s; the client sent "
            f"{release.client_requests:,} requests, {release.client_failures} failed{tail}"
        )

    def end(self, summary: Summary) -> None:
        """The table of all acts, and what went wrong if anything did."""
        table = Table("version", "strategy", "outcome", "seconds", "requests", "failed", "fault to safe")
        for one in summary.releases:
            safe = f"{one.seconds_fault_to_safe:.1f}s" if one.seconds_fault_to_safe is not None else ""
            counts = (f"{one.client_requests:,}", str(one.client_failures), safe)
            table.add_row(one.version, one.strategy, one.outcome, f"{one.seconds:.1f}", *counts)
        self._console.print(table)
        for problem in summary.problems:
            self.problem(problem)

    def problem(self, problem: str) -> None:
        """What did not go as it should."""
        self._console.print("[red]problem:[/]", end=" ")
        self._console.print(problem, markup=False)
