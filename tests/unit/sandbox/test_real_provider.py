from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import real_provider, toolchain
from sandbox.progress import SilentReporter
from sandbox.standins import bin_directory_for, links
from sandbox.toolchain import GoModule

DOWNLOADS = """#!/bin/sh
place="$PULUMI_HOME/plugins/resource-kubernetes-v$5"
test ! -e "$place" || exit 3
mkdir -p "$place" && printf '#!/bin/sh\\n' > "$place/pulumi-resource-kubernetes"
chmod 755 "$place/pulumi-resource-kubernetes"
"""
NO_NETWORK = "#!/bin/sh\necho 'error: no such host' >&2\nexit 255\n"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the modules that were built."""
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    names: list[str] = []

    def build(module: GoModule, report: object) -> Path:
        names.append(module.name)
        _program(tmp_path / "built" / "bin" / links.KUBERNETES, "#!/bin/sh\n")
        return tmp_path / "built"

    monkeypatch.setattr(toolchain, "build_module", build)
    return names


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _variables(tmp_path: Path, pulumi: str) -> dict[str, str]:
    """The environment of a sandbox that uses the stand-in; its CLI is the script `pulumi`."""
    _program(tmp_path / "bin" / "pulumi", pulumi)
    variables = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "PULUMI_HOME": str(tmp_path / "home")}
    bin_directory_for(variables)
    assert links.real_kubernetes(variables) is None
    return variables


def test_a_provider_that_the_cli_can_install_is_not_built(tmp_path: Path, built: list[str]) -> None:
    variables = _variables(tmp_path, DOWNLOADS)
    real_provider.install_real_provider(variables, SilentReporter())
    assert links.real_kubernetes(variables) is not None
    assert built == []


def test_without_a_network_it_is_built_and_takes_the_stand_ins_place(tmp_path: Path, built: list[str]) -> None:
    variables = _variables(tmp_path, NO_NETWORK)
    real_provider.install_real_provider(variables, SilentReporter())
    bin_directory_for(variables)  # what every command of the sandbox does: it must not bring the stand-in back
    found = links.real_kubernetes(variables)
    assert found is not None
    assert found.resolve() == tmp_path / "built" / "bin" / links.KUBERNETES
    assert found.parent.name == f"resource-kubernetes-v{links.kubernetes_version()}"
    assert built == ["kubernetes-provider"]


def test_one_that_is_there_is_neither_installed_nor_built_again(tmp_path: Path, built: list[str]) -> None:
    variables = _variables(tmp_path, NO_NETWORK)
    for _ in range(2):
        real_provider.install_real_provider(variables, SilentReporter())
    assert built == ["kubernetes-provider"]
