"""Programs, dynamic providers, provider plugins and policy packs through the language host, on the real CLI."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from tests.integration.standins.conftest import MakeProject
from tests.integration.standins.project import VIRTUALENV

FACTS = textwrap.dedent(
    """
    import os, sys
    import pulumi
    config = pulumi.Config()
    pulumi.export("facts", {
        "name": config.require("name"), "secret": config.require_secret("secret"), "stack": pulumi.get_stack(),
        "project": pulumi.get_project(), "organization": pulumi.get_organization(), "prefix": sys.prefix,
        "folder": os.getcwd(), "dry_run": pulumi.runtime.is_dry_run(), "root": pulumi.runtime.get_root_directory(),
    })
    """
)

DYNAMIC = textwrap.dedent(
    """
    import pulumi
    from pulumi.dynamic import CreateResult, Resource, ResourceProvider

    class Echo(ResourceProvider):
        def create(self, props):
            return CreateResult("echo-1", {"said": props["say"].upper()})

    class Say(Resource):
        said: pulumi.Output[str]
        def __init__(self, name, say):
            super().__init__(Echo(), name, {"say": say, "said": None})

    pulumi.export("said", Say("one", "hello").said)
    """
)

PLUGIN = textwrap.dedent(
    """
    import os, sys
    import pulumi.provider as provider

    class Widgets(provider.Provider):
        def __init__(self):
            super().__init__(version="1.0.0")
        def construct(self, name, resource_type, inputs, options=None):
            component = Widget(name)
            return provider.ConstructResult(component.urn, {"folder": os.getcwd(), "prefix": sys.prefix,
                                                            "mark": os.environ.get("WIDGET_MARK", "")})

    import pulumi
    class Widget(pulumi.ComponentResource):
        def __init__(self, name):
            super().__init__("widgets:index:Widget", name)
            self.register_outputs({})

    provider.main(Widgets(), sys.argv[1:])
    """
)

USES_PLUGIN = textwrap.dedent(
    """
    import pulumi
    class Widget(pulumi.ComponentResource):
        def __init__(self, name):
            props = {"folder": None, "prefix": None, "mark": None}
            super().__init__("widgets:index:Widget", name, props, None, remote=True)
    widget = Widget("one")
    for key in ("folder", "prefix", "mark"):
        pulumi.export(key, getattr(widget, key))
    """
)

PACK = textwrap.dedent(
    """
    from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy
    import words

    def loud(args, report):
        if args.props.get("say") == words.FORBIDDEN:
            report("no shouting")

    PolicyPack("manners", policies=[ResourceValidationPolicy("quiet", "Say it quietly.", loud,
                                                             EnforcementLevel.MANDATORY)])
    """
)


def test_a_program_gets_its_configuration_and_settings(make_project: MakeProject) -> None:
    project = make_project(FACTS)
    project.pulumi("config", "set", "name", "Ada")
    project.pulumi("config", "set", "--secret", "secret", "s3cret")
    project.up()
    facts = project.outputs()["facts"]
    assert (facts["name"], facts["secret"]) == ("Ada", "s3cret")
    assert (facts["project"], facts["stack"], facts["organization"]) == ("standins", "dev", "organization")
    assert Path(facts["prefix"]) == VIRTUALENV
    assert facts["folder"] == facts["root"] == str(project.folder)
    assert facts["dry_run"] is False


def test_a_secret_stays_out_of_arguments_and_state(make_project: MakeProject) -> None:
    project = make_project(FACTS)
    project.pulumi("config", "set", "name", "Ada")
    project.pulumi("config", "set", "--secret", "secret", "s3cret")
    project.up()
    assert "s3cret" not in project.pulumi("stack", "export").stdout


def test_a_second_update_changes_nothing(make_project: MakeProject) -> None:
    project = make_project("import pulumi\npulumi.export('one', 1)\n")
    assert project.up() == {"created": 1}
    assert project.planned() == {"same": 1}
    assert project.up() == {"unchanged": 1}
    project.pulumi("refresh", "--yes")
    project.pulumi("destroy", "--yes")
    assert project.resources() == []


def test_main_may_lie_in_a_folder_of_its_own(make_project: MakeProject) -> None:
    project = make_project("raise SystemExit('not this one')", extra="main: inner\n")
    project.write("inner/__main__.py", "import os\nimport pulumi\npulumi.export('folder', os.getcwd())\n")
    project.up()
    assert project.outputs()["folder"] == str(project.folder / "inner")


def test_an_exception_is_shown_once_and_fails_the_update(make_project: MakeProject) -> None:
    project = make_project("raise ValueError('wrong by intent')\n")
    result = project.pulumi("preview", succeed=False)
    assert result.returncode != 0
    assert result.stdout.rpartition("Diagnostics:")[2].count("ValueError: wrong by intent") == 1
    assert "exit code" not in result.stdout


def test_an_exit_code_of_the_program_is_reported(make_project: MakeProject) -> None:
    result = make_project("import os\nos._exit(7)\n").pulumi("preview", succeed=False)
    assert result.returncode != 0
    assert "program exited with non-zero exit code: 7" in result.stdout + result.stderr


def test_a_missing_virtual_environment_is_named_with_its_remedy(make_project: MakeProject) -> None:
    project = make_project("import pulumi\n", virtualenv=Path("nowhere"))
    result = project.pulumi("preview", succeed=False)
    said = result.stdout + result.stderr
    assert str(project.folder / "nowhere") in said
    assert "pulumi install" in said
    assert "Traceback" not in said


def test_install_makes_the_virtual_environment_and_its_requirements(make_project: MakeProject) -> None:
    project = make_project("print('never run')\n", virtualenv=Path("venv"))
    project.write("pyproject.toml", '[project]\nname = "thing"\nversion = "1"\n')
    project.write("requirements.txt", "# nothing to install, so that no network is needed\n")
    said = project.pulumi("install").stdout
    assert "Finished installing dependencies" in said
    python = project.folder / "venv" / "bin" / "python"
    assert subprocess.run([python, "-c", "import sys; print(sys.prefix)"], check=True, capture_output=True, text=True)


def test_about_tells_the_interpreter(make_project: MakeProject) -> None:
    said = make_project("import pulumi\n").pulumi("about").stdout
    assert str(VIRTUALENV / "bin" / "python") in said
    assert ".".join(map(str, sys.version_info[:3])) in said


def test_a_dynamic_provider_runs(make_project: MakeProject) -> None:
    project = make_project(DYNAMIC)
    assert project.up() == {"created": 2}
    assert project.outputs() == {"said": "HELLO"}
    project.pulumi("destroy", "--yes", "--skip-preview")


def test_a_provider_plugin_by_path_runs_in_its_own_environment(make_project: MakeProject) -> None:
    project = make_project(USES_PLUGIN, extra="plugins:\n  providers:\n    - name: widgets\n      path: ./widgets\n")
    (project.folder / "widgets").mkdir()
    (project.folder / "widgets" / "env").symlink_to(VIRTUALENV)  # an option relative to the plugin's own folder
    project.write("widgets/PulumiPlugin.yaml", "runtime:\n  name: python\n  options:\n    virtualenv: env\n")
    project.write("widgets/__main__.py", PLUGIN)
    project.environment["WIDGET_MARK"] = "passed on"
    project.up()
    outputs = project.outputs()
    assert outputs == {
        "folder": str(project.folder),
        "prefix": str(project.folder / "widgets" / "env"),
        "mark": "passed on",
    }


def test_a_mandatory_policy_stops_a_preview(make_project: MakeProject, tmp_path: Path) -> None:
    project = make_project(DYNAMIC)
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text(f"runtime:\n  name: python\n  options:\n    virtualenv: {VIRTUALENV}\n")
    (pack / "words.py").write_text("FORBIDDEN = 'hello'\n")
    (pack / "__main__.py").write_text(PACK)
    refused = project.pulumi("preview", "--policy-pack", str(pack), succeed=False)
    assert refused.returncode != 0
    assert "no shouting" in refused.stdout + refused.stderr
    (pack / "words.py").write_text("FORBIDDEN = 'another word'\n")
    project.pulumi("preview", "--policy-pack", str(pack))
