"""history, show, diff, report and audit as they are called, on ten releases in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from slipway.cli.chains import FlagSet
from slipway.cli.engine_records import Resource, State
from slipway.cli.main import cli
from slipway.cli.past import Past, anchors_in
from slipway.release.evidence import jsontext, make
from slipway.release.evidence.statement import parse
from slipway.release.evidence.verify import read_predicate
from slipway.release.flags.journal import Head
from slipway.release.manifest.document import document_text
from slipway.release.records.chain import lines_of, problems, sealed
from slipway.release.records.kinds import ClosureRecord, chain_of, read_any
from slipway.release.records.release_record import read_kind
from slipway.release.records.rollback import PastUpdate
from slipway.release.records.rows import rows_of
from slipway.release.records.statements import anchor_in
from slipway.release.records.store import FolderRecords, append
from slipway.release.review.closing import CheckLine
from slipway.release.tokens import FLAG_EXPOSURE, FLAG_SET, ROLLOUT
from slipway.rollout.platforms.aws.bucket_records import BucketRecords
from tests.unit.slipway.release.records.ten import BEGAN, DAY, Did, ten_releases
from tests.unit.slipway.release.records.test_kinds import closure, drill, flag, refusal, watch
from tests.unit.slipway.rollout.cloud import Cloud
from tests.unit.slipway.rollout.recording import Recording

STACK = """config:
  releases:namespace: shop
  releases:services: {checkout: {manifest: releases/1.yaml}}
  releases:records: {kind: folder, path: records}
"""


class Project:
    """A project whose ten releases are on record."""

    def __init__(self, folder: Path, it: Recording, did: list[Did]) -> None:
        self.folder, self.it, self.did = folder, it, did
        self.file = folder / "records" / "checkout.jsonl"
        self.file.parent.mkdir()
        self.file.write_text("".join(f"{line}\n" for line in it.records.read()))

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--cwd", str(self.folder)])

    def said(self, *arguments: str) -> Any:
        """The JSON of a command that must succeed."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("PATH", str(tmp_path))  # no Pulumi
    (tmp_path / "Pulumi.yaml").write_text("name: releases\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(STACK)
    made = Project(tmp_path, *ten_releases(monkeypatch))
    monkeypatch.setattr("slipway.rollout.assemble.connect_adapters", lambda *args: made.it.world.world)
    return made


def test_history_lists_what_was_done_newest_first(project: Project) -> None:
    rows = project.said("history")["services"]["checkout"]
    assert [(row["version"], row["outcome"]) for row in rows] == [
        (f"v-{one.version}000000", one.outcome) for one in reversed(project.did)
    ]
    for row, one in zip(rows, reversed(project.did), strict=True):
        assert one.began <= row["began"]
        assert row["began"] + row["seconds"] <= one.ended
        assert row["by"] == "ada@laptop"


def test_history_for_people_shows_outcomes_and_reasons_and_says_what_was_not_read(project: Project) -> None:
    result = project.run("history", "checkout", "--limit", "3")
    assert result.exit_code == 0, result.output
    first = next(line for line in result.stdout.splitlines() if "v-f8000000" in line)
    assert "committed" in first
    assert "errors: " in result.stdout
    assert "v-a1000000" not in result.stdout
    assert "the stack's history was not read: no `pulumi` on PATH" in result.stderr


def test_dora_is_the_same_as_the_measures_of_the_records(project: Project) -> None:
    told = project.said("history", "--dora", "--since", "2025-11-01")["checkout"]
    assert (told["failRate"]["cases"], told["failRate"]["of"]) == (3, 7)
    text = project.run("history", "--dora", "--since", "2025-11-01").stdout
    assert "change fail rate" in text
    assert "42.86% (3 of 7)" in text


def test_records_in_a_bucket_are_listed_shown_and_audited_as_those_in_a_folder(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = [project.said("history"), project.said("show", "#2")]
    cloud = Cloud()
    cloud.create_bucket()
    monkeypatch.setattr("slipway.rollout.assemble.connect", lambda service, region: cloud.client(service))
    moved = BucketRecords(cloud.client("s3"), cloud.name, "shop", "checkout")
    for number, line in enumerate(project.it.records.read()):
        moved.append(line, number)
    setting = f"{{kind: s3, bucket: {cloud.name}, region: us-east-1, prefix: shop}}"
    text = STACK.replace("{kind: folder, path: records}", setting)
    (project.folder / "Pulumi.prod.yaml").write_text(text)
    project.file.unlink()
    assert [project.said("history"), project.said("show", "#2")] == inside
    audited = project.run("audit", "--cluster-only")
    assert "cannot be read" not in audited.output
    assert "checkout" in audited.output


def test_an_update_that_only_the_stack_knows_fills_the_list(project: Project) -> None:
    early = PastUpdate(BEGAN - DAY, True, {"manifest": "releases/0.yaml"}, BEGAN - DAY + 30)
    same = PastUpdate(project.did[0].began, True, {"manifest": "releases/1.yaml"}, project.did[0].ended)
    rows = rows_of(project.it.found, [same, early])
    assert len(rows) == 11
    assert (rows[-1].version, rows[-1].outcome, rows[-1].number) == ("releases/0.yaml", "update succeeded", None)


@pytest.mark.parametrize("name", ["v-c3000000", "c3000000", "c300", "#2"])
def test_a_release_is_found_by_any_of_its_names(project: Project, name: str) -> None:
    shown = project.said("show", name)
    assert (shown["anchor"]["seq"], shown["event"]["ending"]) == (2, "aborted")


def test_a_release_that_is_not_on_record_is_one_line_with_what_is(project: Project) -> None:
    result = project.run("show", "v9")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: no release v9: on record are v-f8000000, ")


def test_show_for_people_tells_what_happened(project: Project) -> None:
    text = project.run("show", "#2").stdout
    assert text.startswith("checkout v-c3000000 was aborted at 25% of the traffic")
    assert "Revision c3000000 is quarantined" in text


EVERY_KIND = (closure(), drill(), refusal("tests"), watch())


@pytest.fixture
def mixed(project: Project) -> Project:
    """After the ten releases one record of each other kind."""
    for record in EVERY_KIND:
        append(FolderRecords(project.file.parent, "checkout"), lambda lines, record=record: record.to_content())  # type: ignore[misc]
    return project


def test_show_shows_a_record_of_every_kind_by_its_number(mixed: Project) -> None:
    for number, record in enumerate(EVERY_KIND, 10):
        shown = mixed.said("show", f"#{number}")
        assert (shown["anchor"]["seq"], shown["event"]["kind"]) == (number, record.to_content()["event"]["kind"])
        assert mixed.run("show", f"#{number}").stdout.splitlines()[1].startswith(f"  record    {number}, ")
    missing = mixed.run("show", "#14")
    assert (missing.exit_code, missing.stderr.startswith("error: no record #14: checkout has 14")) == (1, True)


def test_a_signed_record_of_any_kind_is_an_anchor_of_its_chain(mixed: Project) -> None:
    out = mixed.folder / "drill.json"
    assert mixed.run("show", "#11", "--statement", "record", "--out", str(out)).exit_code == 0
    assert anchor_in(parse(out.read_bytes())) == lines_of(mixed.file.read_text().splitlines())[11].anchor
    summary = mixed.run("show", "#11", "--statement", "summary", "--out", str(mixed.folder / "s.json"))
    assert (summary.exit_code, "#11 is no rollout" in summary.stderr) == (1, True)


def test_show_shows_a_change_of_a_set_of_flags(mixed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [sealed(flag().to_content(), None)]
    sets = [FlagSet("flags", Head(name="flags"), texts)]
    monkeypatch.setattr("slipway.cli.chains.Place.flag_sets", lambda place: sets)
    assert mixed.run("show", "#0", "--flags", "flags").stdout.startswith("kill of the flag pay in the set flags")
    assert mixed.run("show", "#1", "--flags", "flags").exit_code == 1
    assert "nothing is recorded" in mixed.run("show", "#0", "--flags", "others").stderr
    assert mixed.run("show", "v1", "--flags", "flags").exit_code == 2
    out = mixed.folder / "flag.json"
    assert mixed.run("show", "#0", "--flags", "flags", "--statement", "record", "--out", str(out)).exit_code == 0
    statement = parse(out.read_bytes())
    said = statement.predicate["record"]
    assert isinstance(said, dict)
    record = read_any(said)
    assert record is not None
    assert (chain_of(record), anchor_in(statement)) == ("flags.flags", lines_of(texts)[0].anchor)


def test_a_signed_record_carries_its_anchor_and_a_summary_is_read_by_the_gates(project: Project) -> None:
    private, _ = make.generate_key()
    key = project.folder / "ci.key"
    key.write_bytes(private)
    key.chmod(0o600)
    record, summary = project.folder / "record.json", project.folder / "summary.json"
    signed = project.run("show", "#2", "--statement", "record", "--out", str(record), "--key", str(key))
    assert signed.exit_code == 0, signed.output
    assert "signatures" in jsontext.load_object(record.read_bytes(), "record")
    bare = project.run("show", "#0", "--statement", "record", "--out", str(project.folder / "bare.json"))
    assert bare.exit_code == 0
    statement = parse((project.folder / "bare.json").read_bytes())
    assert anchor_in(statement) == lines_of(project.it.records.read())[0].anchor
    made = project.run("show", "#0", "--statement", "summary", "--out", str(summary))
    assert made.exit_code == 0, made.output
    said = read_predicate(parse(summary.read_bytes()), f"sha256:{'a' * 64}")
    assert (said.kind, getattr(said.facts, "passed", None)) == ("summary", True)


def test_a_statement_is_never_written_over_another(project: Project) -> None:
    out = project.folder / "record.json"
    out.write_text("mine")
    result = project.run("show", "#0", "--statement", "record", "--out", str(out))
    assert result.exit_code == 1
    assert out.read_text() == "mine"


def test_diff_names_artifact_and_flags_and_never_a_value_of_the_environment(project: Project) -> None:
    changes = project.said("diff", "#0", "#1")["changes"]
    assert {change["path"] for change in changes} == {"revision"}
    assert "are the same" in project.run("diff", "#0", "#0").stdout


@pytest.mark.parametrize(("name", "begins"), [("r.html", "<!doctype html>"), ("r.md", "# checkout"), ("r.json", "{")])
def test_a_report_is_written_in_the_form_that_its_name_says(project: Project, name: str, begins: str) -> None:
    out = project.folder / "out" / name
    result = project.run("report", "--last", "--output", str(out))
    assert result.exit_code == 0, result.output
    assert out.read_text().startswith(begins)


def test_the_last_release_is_the_one_that_ended_last(project: Project) -> None:
    assert project.said("report", "--last")["version"] == "v-f8000000"
    assert project.run("report").exit_code == 2


def audited(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    anchor = lines_of(project.it.records.read())[-1].anchor
    outputs = {"service": "checkout", "record": anchor.model_dump(mode="json")}
    state = State((Resource("urn", ROLLOUT, outputs),), ())
    past = Past([], False, anchors_in(state))
    monkeypatch.setattr("slipway.cli.past.read_past", lambda folder, stack: past)


def test_an_audit_of_whole_records_ends_with_0(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    audited(project, monkeypatch)
    assert project.said("audit") == {"ok": True, "services": {"checkout": []}, "flags": {}}


def test_an_audit_of_a_cut_chain_names_it_and_ends_with_1(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    audited(project, monkeypatch)
    project.file.write_text("".join(f"{line}\n" for line in project.it.records.read()[:-1]))
    result = project.run("audit", "checkout")
    assert result.exit_code == 1
    assert "the record 9 is missing: the stack's state knows it" in result.stdout


def test_what_is_cut_off_is_named_until_it_is_acknowledged_in_the_stacks_file(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited(project, monkeypatch)
    project.file.write_text("".join(f"{line}\n" for line in project.it.records.read()[:-1]))
    assert project.said("history")["altered"]["checkout"][0].startswith("the record 9 is missing")
    assert "checkout: records were cut or altered: the record 9" in project.run("history").stderr
    assert "OPEN   records whole: the record 9 is missing" in project.run("close", "#0").stdout
    result = project.run("audit", "checkout", "--acknowledge", "the disk was lost")
    assert "note     the record 9 is missing" in result.stdout
    assert "the disk was lost" in result.stdout
    assert "altered  " not in result.stdout
    setting = yaml.safe_load((project.folder / "Pulumi.prod.yaml").read_text())["config"]["releases:acknowledged"]
    assert [(one["chain"], one["record"], one["reason"]) for one in setting] == [("checkout", 9, "the disk was lost")]
    assert project.run("audit", "checkout", "--acknowledge", "again").exit_code == result.exit_code
    assert (
        len(yaml.safe_load((project.folder / "Pulumi.prod.yaml").read_text())["config"]["releases:acknowledged"]) == 1
    )
    assert project.said("history")["altered"] == {}
    assert "records whole: 9 record(s)" in project.run("close", "#0").stdout


def test_an_acknowledgement_that_cannot_be_read_is_one_line(project: Project) -> None:
    file = project.folder / "Pulumi.prod.yaml"
    file.write_text(f"{file.read_text()}  releases:acknowledged: [{{chain: checkout}}]\n")
    result = project.run("audit", "--cluster-only")
    assert (result.exit_code, "releases:acknowledged[0].record: Field required" in result.stderr) == (1, True)


def test_anchors_that_a_chain_broke_are_anchors_too() -> None:
    record = {"seq": 3, "hash": "a" * 64, "broken": [{"seq": 5, "hash": "b" * 64}]}
    state = State((Resource("u", ROLLOUT, {"service": "checkout", "record": record}),), ())
    assert [one.seq for _, one in anchors_in(state)["checkout"]] == [5, 3]


def test_an_audit_without_pulumi_fails_unless_that_is_said(project: Project) -> None:
    assert project.run("audit").exit_code == 1
    result = project.run("audit", "--cluster-only")
    assert result.exit_code == 0, result.output
    assert "whether the end of the chain was cut off cannot be told" in result.stdout


def test_outputs_that_are_no_anchor_are_none() -> None:
    odd: list[dict[str, Any]] = [
        {"service": "a", "record": {"seq": "x"}},
        {"service": "b"},
        {"service": "c", "record": 7},
    ]
    assert anchors_in(State(tuple(Resource("u", ROLLOUT, one) for one in odd), ())) == {}


def test_chains_of_flags_are_anchored_by_their_set_and_by_each_exposure() -> None:
    record = {"seq": 3, "hash": "a" * 64}
    state = State(
        (
            Resource("u", FLAG_SET, {"name": "flags", "record": record}),
            Resource("v", FLAG_EXPOSURE, {"set": "flags", "flag": "pay", "record": record | {"seq": 5}}),
        ),
        (),
    )
    assert {name: [one.seq for _, one in found] for name, found in anchors_in(state).items()} == {"flags.flags": [3, 5]}


def test_a_review_is_written_once_and_keeps_what_people_wrote(project: Project) -> None:
    said = project.said("review", "#2")
    assert said["file"] == "releases/checkout/reviews/v-c3000000.yaml"
    file = project.folder / said["file"]
    written = file.read_text()
    assert "Find the cause of the abort of v-c3000000" in written
    how = "done: {by: ada, at: 2026-01-02, how: an index was missing}"
    done = written.replace("priority: high", f"priority: high\n  {how}")
    file.write_text(done)
    assert project.run("review", "#2").exit_code == 0
    assert file.read_text() == done


def test_what_is_missing_in_a_review_is_added_and_its_comments_stay(project: Project) -> None:
    file = project.folder / project.said("review", "#2")["file"]
    whole = yaml.safe_load(file.read_text())
    left = {**whole, "items": [{**whole["items"][0], "id": "ours", "what": "our own item"}]}
    file.write_text(f"# ours\n{document_text(left)}# the end\n")
    before = file.read_text()
    said = project.said("review", "#2")["items"]
    assert [item["id"] for item in said] == ["ours", *(item["id"] for item in whole["items"])]
    after = file.read_text()
    assert after.startswith(before.removesuffix("# the end\n"))
    assert after.endswith("# the end\n")


def test_a_review_that_cannot_be_read_is_not_written_over(project: Project) -> None:
    file = project.folder / "releases" / "checkout" / "reviews" / "v-c3000000.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("mine: true\n")
    assert project.run("review", "#2").exit_code == 1
    assert file.read_text() == "mine: true\n"


def with_change(project: Project, change: str) -> Path:
    """The review of an aborted release, whose first item says what it comes to; beside it a file of gates."""
    file: Path = project.folder / project.said("review", "#2")["file"]
    before = file.read_text()
    file.write_text(
        f"# ours\n{before.replace('priority: high', f'priority: high  # agreed{chr(10)}  change: {change}', 1)}"
    )
    gates = project.folder / "policies" / "config" / "prod.json"
    gates.parent.mkdir(parents=True)
    gates.write_text('{\n  "drill": {"procedures": ["rollback"]}\n}\n')
    return file


def test_the_changes_of_a_review_are_shown_written_and_done_once(project: Project) -> None:
    file = with_change(project, "{file: policies/config/prod.json, set: drill.maxAge, to: 30d}")
    gates = project.folder / "policies" / "config" / "prod.json"
    before = gates.read_text()
    assert project.run("review", "#2", "--apply").exit_code == 2, "there is nobody to ask"
    assert gates.read_text() == before
    done = project.run("review", "#2", "--apply", "--yes")
    assert done.exit_code == 0, done.output
    assert (
        '+  "drill": {"procedures": ["rollback"], "maxAge": "30d", "reason": "Find the cause of the abort'
        in done.output
    )
    assert json.loads(gates.read_text())["drill"]["maxAge"] == "30d"
    review = file.read_text()
    assert review.startswith("# ours\n")
    assert "# agreed" in review
    assert "set drill.maxAge in policies/config/prod.json" in review
    written = gates.read_text()
    assert project.said("review", "#2", "--apply", "--yes")["changed"] == []
    assert (gates.read_text(), file.read_text()) == (written, review)


def test_a_change_that_its_file_would_not_bear_is_refused_and_nothing_is_written(project: Project) -> None:
    file = with_change(project, "{file: policies/config/prod.json, set: drill.maxAgge, to: 30d}")
    before = file.read_text()
    refused = project.run("review", "#2", "--apply", "--yes")
    assert refused.exit_code == 1
    assert "maxAgge" in refused.output
    assert file.read_text() == before
    assert "maxAgge" not in (project.folder / "policies" / "config" / "prod.json").read_text()


def test_a_release_that_may_not_be_closed_is_told_why_and_leaves_no_record(project: Project) -> None:
    result = project.run("close", "#0")
    assert result.exit_code == 1
    assert "OPEN   review done: there is no review" in result.stdout
    assert "OPEN   alarms owned and routed: the stack names no alarms" in result.stdout
    assert len(project.file.read_text().splitlines()) == 10


def test_a_release_is_closed_once_and_on_record(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    line = CheckLine(name="review done", holds=True, found="2 item(s) done")
    monkeypatch.setattr("slipway.release.review.closing.checklist", lambda *args: (line,))
    assert "OPEN   records whole: no `pulumi` on PATH" in project.run("close", "#0", "--check").stdout
    audited(project, monkeypatch)
    assert project.run("close", "#0", "--check").exit_code == 0
    assert len(project.file.read_text().splitlines()) == 10
    for _ in range(2):
        assert project.run("close", "#0", "--note", "all well").exit_code == 0
    lines = lines_of(project.file.read_text().splitlines())
    assert problems(project.file.read_text().splitlines()) == []
    ((_, closed),) = read_kind(lines, ClosureRecord)
    assert (closed.event.rollout, closed.event.note) == (project.it.found[0].event.rollout, "all well")
    assert project.said("report", "--last")["version"] == "v-f8000000", "a closing is no release"
