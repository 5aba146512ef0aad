"""The wheel: `slipway` and nothing else, and its command works where there is no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.policies.releases.scene import Scene

ROOT = Path(__file__).parents[2]
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from a copy of what it is made of."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for folder in ("slipway", "components", "policies", "sandbox", "bench", "tests/unit"):
        shutil.copytree(ROOT / folder, source / folder, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", "__main__.py"):
        shutil.copy(ROOT / name, source)
    subprocess.run([sys.executable, "-c", BUILD, str(built)], cwd=source, check=True, capture_output=True, text=True)
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `slipway` of an environment that has the wheel and the libraries of this one, and no checkout."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    install = ["uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(python), str(wheel)]
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(install, env={**os.environ, "PATH": paths}, check=True, capture_output=True, text=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    libraries = [path for path in sys.path if Path(path).name == "site-packages"]
    (packages / "libraries.pth").write_text("\n".join(libraries))
    return folder / "bin" / "slipway"


def run(command: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd)}
    return subprocess.run([command, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_its_only_top_level_name_is_slipway(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition("/")[0] for name in archive.namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"slipway"}


def test_it_has_what_the_dashboard_serves(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {Path(name).name for name in archive.namelist() if name.startswith("slipway/dashboard/static/")}
    assert names == {"page.css", "page.js", "icon.svg"}


def test_it_has_the_plugin_with_its_description(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"slipway/plugin/{name}" for name in ("PulumiPlugin.yaml", "__main__.py", "serve.py")} <= names


def test_no_folder_of_the_checkout_is_on_the_path(command: Path, tmp_path: Path) -> None:
    code = (
        "import slipway, importlib.util as u; print(slipway.__file__, u.find_spec('policies'), u.find_spec('sandbox'))"
    )
    asked = [str(command.parent / "python"), "-I", "-c", code]
    where = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert where.startswith(str(command.parents[1]))
    assert where.split()[1:] == ["None", "None"]


@pytest.mark.parametrize("arguments", [["--help"], ["gates", "--help"], ["status", "--help"], ["attest", "--help"]])
def test_it_shows_its_help(command: Path, tmp_path: Path, arguments: list[str]) -> None:
    shown = run(command, *arguments, cwd=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Usage: slipway" in shown.stdout


@pytest.mark.parametrize("form", ["text", "sarif"])
def test_it_judges_a_release(command: Path, tmp_path: Path, form: str) -> None:
    scene = Scene(tmp_path)
    scene.configuration["artifact-integrity"] = {"registry": False}
    scene.service("checkout")
    scene.write()
    shown = run(command, "gates", "--stack", "prod", "--format", form, cwd=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "folder"), [(["policy", "list"], "policies"), (["sandbox", "status"], "sandbox")]
)
def test_what_needs_a_checkout_says_so_in_one_line(
    command: Path, tmp_path: Path, arguments: list[str], folder: str
) -> None:
    shown = run(command, *arguments, cwd=tmp_path)
    assert shown.returncode == 1
    (line,) = shown.stderr.splitlines()
    assert f"slipway {arguments[0]} needs the folder {folder}/ of a checkout" in line
