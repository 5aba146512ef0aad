"""The policy pack `slipway`: `pulumi preview --policy-pack policies`."""

from __future__ import annotations

from pathlib import Path

from policies.crossguard import policies_of
from policies.gates import RULES
from policies.pack import new_pack
from policies.server import CurrentCall, serve


def main() -> None:
    """Serve until the engine ends."""
    pack, call = new_pack(Path(__file__).absolute().parent), CurrentCall()
    types = {name: rule.types for name, rule in RULES.items()}
    serve("slipway", policies_of(RULES, pack, call), types, pack, call)


main()
