"""Programs with generated SDKs: `pulumi package add`, then preview and update of the programs in docs/package.md."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import yaml

from sandbox.toolchain import store
from slipway.plugin import schema
from tests.integration.engine.conftest import ROOT, Stack
from tests.manifests import text

OFF = {"mode": "off", "reason": "a test of the engine alone"}
NAMES = ("cart", "pay")
NPM = Path(__file__).parent / "npm"
INSTALL = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]


def program(language: str) -> str:
    """The program in docs/package.md."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "docs" / "package.md").read_text(), re.S | re.M)
    return str(found)


def environment(folder: Path, *, own: bool = True) -> Path:
    """A virtual environment with the libraries of this one, whose own packages are none: Pulumi finds no plugin to
    download in it. With `own` it has this checkout too."""
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    libraries = [path for path in sys.path if Path(path).name == "site-packages"]
    (packages / "libraries.pth").write_text("\n".join([*([str(ROOT)] if own else []), *libraries]))
    return folder


class Consumer(Stack):
    """A project that has nothing of this repository but manifests."""

    def prepare(self, runtime: object, main: str, source: str) -> None:
        """Let a program of some language release the services."""
        self.run_scripted()
        plugin = {"name": "python", "options": {"virtualenv": str(environment(self.folder / "plugin-environment"))}}
        self.write("scripted/PulumiPlugin.yaml", yaml.safe_dump({"runtime": plugin}))
        kubernetes = {"name": "kubernetes", "path": "./echo"}
        project = {"name": "shop", "runtime": runtime, "plugins": {"providers": [kubernetes]}}
        self.write("Pulumi.yaml", yaml.safe_dump(project))
        (self.folder / "__main__.py").unlink()
        self.write(main, source)
        for number, name in enumerate(NAMES):
            image = f"registry.example/{name}@sha256:{number:064x}"
            manifest = text(service=name, version="1.0.0", artifact__image=image)
            self.write(f"releases/{name}.yaml", manifest.replace("checkout.example", f"{name}.example"))
        self.pulumi("stack", "init", "dev")
        self.configure({name: {"manifest": f"releases/{name}.yaml"} for name in NAMES}, gates=OFF)

    def releases_its_services(self) -> None:
        """Add the package, preview, update."""
        self.pulumi("package", "add", "./scripted")
        described = yaml.safe_load((self.folder / "Pulumi.yaml").read_text())
        assert described["packages"] == {"slipway": "./scripted"}
        planned = self.pulumi("preview").stdout
        assert [f"{name}: plan of 1.0.0" in planned for name in NAMES] == [True, True], planned
        self.up()
        kinds = [one["urn"].split("::")[2] for one in self.resources()]
        assert kinds.count("slipway:index:Service$slipway:index:Canary$slipway:index:Rollout") == len(NAMES)


@pytest.fixture
def consumer(stack: Stack) -> Consumer:
    return Consumer(stack.folder, stack.environment)


def test_a_python_program_with_a_generated_sdk(consumer: Consumer) -> None:
    own = environment(consumer.folder / "environment")
    options = {"toolchain": "pip", "virtualenv": str(own)}
    # pip finds what it needs here: nothing is downloaded.
    consumer.environment |= {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    consumer.prepare({"name": "python", "options": options}, "__main__.py", program("python"))
    consumer.releases_its_services()
    assert (consumer.folder / "requirements.txt").read_text() == "sdks/slipway\n"


def test_a_typescript_program_with_a_generated_sdk(consumer: Consumer, node_modules: Path) -> None:
    consumer.prepare("nodejs", "index.ts", program("typescript"))
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NPM / name, consumer.folder)
    shutil.copytree(node_modules, consumer.folder / "node_modules", symlinks=True)
    consumer.environment |= {"npm_config_prefer_offline": "true"}
    consumer.releases_its_services()
    compiled = subprocess.run(
        ["node_modules/.bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--moduleResolution", "node", "index.ts"],
        cwd=consumer.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert compiled.returncode == 0, compiled.stdout


def test_the_schema_of_a_copy_of_the_repository_is_read_by_the_real_command_line(consumer: Consumer) -> None:
    """As a consumer has it: the sources, and an environment that Pulumi makes or finds beside them."""
    copy = consumer.folder / "copy"
    for room in ("components", "slipway"):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    environment(copy / ".venv", own=False)
    consumer.environment |= {"PIP_NO_INDEX": "1"}
    printed = json.loads(consumer.pulumi("package", "get-schema", "./copy/slipway/plugin").stdout)
    built = schema.build()
    assert printed["version"] == built["version"]
    assert printed["types"].keys() == built["types"].keys()
    for token, resource in built["resources"].items():
        assert printed["resources"][token]["inputProperties"] == resource["inputProperties"], token


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Pulumi's SDK for Node.js, installed once into the cache from the lock file beside this test."""
    if shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not installed")
    lock = (NPM / "package-lock.json").read_bytes()
    with store().entry("node-modules", hashlib.sha256(lock).hexdigest()[:16]) as entry:
        if not entry.ready:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(NPM / name, entry.draft)
            done = subprocess.run(INSTALL, cwd=entry.draft, check=False, capture_output=True, text=True, timeout=300)
            if done.returncode != 0:
                pytest.skip(f"npm could not install the packages of the lock file: {done.stderr[-300:]}")
            return entry.commit() / "node_modules"
        return entry.folder / "node_modules"
