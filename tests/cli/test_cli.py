"""The command line: exit codes and sentences, never a traceback."""

import errno
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from prunestudy.cli.main import main, parser
from prunestudy.params.reader import check_study
from prunestudy.plan import status
from prunestudy.plan.plan import Plan
from prunestudy.store.sidecars import read_sidecar

STEPS = (
    "fetch",
    "prepare",
    "prepare-fold",
    "train",
    "prune",
    "evaluate",
    "latency",
    "reference",
    "reference-fold",
    "collect",
    "report",
    "publish",
)


def test_check_summarises_a_valid_study(here: Path, capsys: pytest.CaptureFixture):
    assert main(["check"]) == 0
    shown = capsys.readouterr()
    assert "study 'small' is valid" in shown.out
    assert "methods       adaptive, iterative, traditional" in shown.out
    assert "compressions  2, 4" in shown.out
    # Data twice fetched and prepared; 4 dense networks, 12 prunings, 4 + 4 cells of measures; the
    # tables, the report and its publication.
    assert "12 trajectories, 31 jobs in all, 31 of them to run" in shown.out
    assert shown.err == ""


def test_check_tells_the_points_of_tasks_that_have_their_own(
    here: Path, content: dict[str, Any], capsys: pytest.CaptureFixture
):
    content["tasks"]["diabetes"]["compressions"] = [1.24, 2.44]
    Path("params.yaml").write_text(json.dumps(content))
    assert main(["check"]) == 0
    assert "compressions  2, 4; diabetes 1.24, 2.44\n" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["check", "status", "gc", "fetch --dataset digits --out x"])
def test_a_bad_file_gives_every_problem_and_exit_code_2(
    here: Path, capsys: pytest.CaptureFixture, command: str
):
    text = (here / "params.yaml").read_text()
    text = text.replace("accuracy", "acuracy").replace("channels:", "chanels:")
    (here / "params.yaml").write_text(text)
    assert main(command.split()) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert lines[0] == "prunestudy: params.yaml: 3 problems"
    assert len(lines) == 4
    assert any("did you mean 'accuracy'?" in line for line in lines)
    assert any("did you mean 'channels'?" in line for line in lines)
    assert "Traceback" not in shown.err


@pytest.mark.parametrize("text", ["", "a: 1\na: 2\n", "[", "- 1\n", "\x00"])
def test_a_file_that_holds_no_study_gives_exit_code_2(
    here: Path, capsys: pytest.CaptureFixture, text: str
):
    (here / "params.yaml").write_text(text)
    assert main(["check"]) == 2
    assert capsys.readouterr().err.startswith("prunestudy: params.yaml: ")


def test_a_file_that_is_not_there_gives_exit_code_2(here: Path, capsys: pytest.CaptureFixture):
    assert main(["check", "--params", "absent.yaml"]) == 2
    assert "absent.yaml: 1 problem" in capsys.readouterr().err


@pytest.mark.parametrize("command", STEPS)
def test_every_step_is_a_command_with_help(capsys: pytest.CaptureFixture, command: str):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert "--out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("prun", "there is no command 'prun'; did you mean 'prune'?"),
        ("xyzzy", "there is no command 'xyzzy'; --help lists them"),
        ("status --parms x", "there is no option '--parms'; did you mean '--params'?"),
        ("status --xyzzy", "there is no option '--xyzzy'; --help lists them"),
        ("trace", "the following arguments are required: CELL"),
        ("", "the following arguments are required: COMMAND"),
    ],
)
def test_a_mistyped_command_line_gives_exit_code_2_and_a_near_miss(
    capsys: pytest.CaptureFixture, given: str, told: str
):
    with pytest.raises(SystemExit) as caught:
        main(given.split())
    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"error: {told}")


def test_help_lists_every_command_once_in_its_group(capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit):
        main(["--help"])
    groups: dict[str, list[str]] = {}
    for line in capsys.readouterr().out.splitlines():
        if ": " in line and not line.startswith((" ", "usage")):
            commands = groups.setdefault(line.partition(":")[0], [])
        elif line.startswith("  ") and groups:
            commands.append(line.split()[0])
    assert {name: set(found) for name, found in groups.items()} == {
        "run": {"run", "study"},
        "look": {"check", "status", "verify", "trace", "compare", "data", "schema", "defaults"},
        "change": {"archive", "gc", "ui", "export"},
        "steps": {*STEPS, "layer-latency"},
    }
    assert len({one for found in groups.values() for one in found}) == sum(
        map(len, groups.values())
    )


def test_defaults_writes_a_study_out(here: Path, capsys: pytest.CaptureFixture):
    assert main(["defaults"]) == 0
    written = YAML(typ="safe").load(capsys.readouterr().out)
    assert written["latency"]["warmup"] == 3
    assert check_study(written) == check_study(YAML(typ="safe").load(here / "params.yaml"))


def test_schema_prints_what_editors_hold_a_file_against(
    capsys: pytest.CaptureFixture, content: dict[str, Any]
):
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.validate(content, schema)
    faults = {"seeds": ("many", "'many'"), "compressions": ([1], "1 is"), "sedes": ([0], "sedes")}
    for place, (wrong, said) in faults.items():
        with pytest.raises(jsonschema.ValidationError, match=said):
            jsonschema.validate({**content, place: wrong}, schema)


def test_a_cell_that_is_not_in_the_study_gives_exit_code_1(
    here: Path, capsys: pytest.CaptureFixture
):
    command = "prune --task digits --seed 9 --method adaptive --data d --dense n --out out"
    assert main(command.split()) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("prunestudy prune: study 'small' has no prune of 'digits/9/adaptive'")
    assert not (here / "out").exists()


def test_an_output_of_another_key_is_refused(here: Path, capsys: pytest.CaptureFixture):
    out = Path("data/small/raw") / ("digits-" + "0" * 12)
    assert main(["fetch", "--dataset", "digits", "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert "belongs to other parameters, code or device" in said
    assert "Networks are trained on cpu here" in said
    assert not out.exists()


def test_fetch_and_prepare_work_by_hand(here: Path):
    plan = Plan(check_study(YAML(typ="safe").load(here / "params.yaml")))
    raw, data = plan.find("fetch", dataset="digits"), plan.find("prepare", task="digits")
    assert main(["fetch", "--dataset", "digits", "--out", str(raw.path)]) == 0
    command = ["prepare", "--task", "digits", "--raw", str(raw.path), "--out", str(data.path)]
    assert main(command) == 0
    sidecar = read_sidecar(raw.path)
    assert sidecar.key == raw.key
    assert sidecar.made.model_dump()["sources"] == {
        "digits.csv": "bundled sklearn.datasets.data/digits.csv.gz"
    }
    assert read_sidecar(data.path).parts["inputs"] == {"raw": raw.key}


def test_latency_needs_the_dense_networks(here: Path, capsys: pytest.CaptureFixture):
    command = ["latency", "--task", "digits", "--seed", "0", "--out", "x", "--networks"]
    assert main([*command, "adaptive=there"]) == 1
    assert "dense=PATH is missing" in capsys.readouterr().err
    assert main([*command, "there"]) == 1
    assert "write NAME=PATH" in capsys.readouterr().err


def test_gc_deletes_what_the_study_does_not_reach_and_can_be_asked_first(
    here: Path, capsys: pytest.CaptureFixture
):
    stale = here / "models" / "small" / "digits" / "seed7"
    stale.mkdir(parents=True)
    (stale / "network").touch()
    assert main(["gc", "--dry-run"]) == 0
    assert "would delete models/small/digits/seed7" in capsys.readouterr().out
    assert stale.exists()
    assert main(["gc"]) == 0
    assert "deleted models/small/digits/seed7" in capsys.readouterr().out
    assert not stale.exists()


def test_status_of_a_new_study(here: Path, capsys: pytest.CaptureFixture):
    assert main(["status"]) == 0
    assert "never made before" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["run", "study"])
def test_a_run_outside_of_the_project_says_so(
    here: Path, capsys: pytest.CaptureFixture, command: str
):
    assert main([command]) == 1
    assert "run in the project's folder" in capsys.readouterr().err


def test_an_interrupt_gives_exit_code_130(
    here: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(status, "describe", interrupted)
    assert main(["status"]) == 130
    assert capsys.readouterr().err == "prunestudy status: interrupted\n"


# Errors of the machine.


@pytest.fixture
def failing(here: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], int]:
    """The exit code of a command in which something is raised."""

    def run(error: Exception, *options: str) -> int:
        def broken(_plan: object) -> None:
            raise error

        monkeypatch.setattr(status, "describe", broken)
        return main(["status", *options])

    return run


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 80 bytes"),
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    ],
)
def test_a_lack_of_memory_is_a_sentence(
    failing: Callable, capsys: pytest.CaptureFixture, error: Exception
):
    assert failing(error) == 1
    assert "prunestudy status: out of memory" in (said := capsys.readouterr().err)
    assert "run fewer jobs at once" in said


class Unforeseen(Exception):
    """What no handler of the library knows."""


@pytest.mark.parametrize(
    "error", [RuntimeError("a\ndefect"), KeyError("x"), Unforeseen(), RecursionError("deep")]
)
@pytest.mark.parametrize("project", [True, False])
def test_a_defect_is_two_lines_and_a_log(
    here: Path,
    failing: Callable,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    project: bool,
):
    place = here / ("logs" if project else "temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(here / "temporary"))
    (here / "temporary").mkdir()
    if project:
        (here / "Snakefile").touch()
    assert failing(error) == 70
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0].startswith(f"prunestudy status: this is a defect: {type(error).__name__}: ")
    [log] = place.glob("defect-status-*.log")
    assert str(log.relative_to(here)) in said[1]
    assert "Traceback" in log.read_text(encoding="utf-8")
    assert "in broken" in log.read_text(encoding="utf-8")


def test_a_defect_whose_traceback_finds_no_place_says_so(
    here: Path, failing: Callable, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(here / "absent"))
    assert failing(RuntimeError("a defect")) == 70
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "could not be written" in said[1]
    assert "--debug shows it" in said[1]


def test_every_command_shows_a_traceback_when_asked(
    here: Path, failing: Callable, capsys: pytest.CaptureFixture
):
    assert failing(RuntimeError("a defect"), "--debug") == 70
    assert "Traceback" in (said := capsys.readouterr().err)
    assert said.splitlines()[-1] == "  the traceback is above; what is finished is kept"
    verbs = {"data": ["data list", "data show"]}
    for command in parser()[1].choices:
        for words in verbs.get(command, [command]):
            with pytest.raises(SystemExit):
                main([*words.split(), "--help"])
            assert "--debug" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError("I/O error: No space left on device (os error 28)"), "the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the quota is used up"),
        (OSError(errno.EROFS, "Read-only file system"), "make it writable"),
        (PermissionError(errno.EACCES, "Permission denied"), "allow this user to write there"),
        (OSError(errno.EMFILE, "Too many open files"), "ulimit -n"),
    ],
)
def test_an_error_of_the_file_system_says_what_to_do(
    failing: Callable, capsys: pytest.CaptureFixture, error: OSError, advice: str
):
    assert failing(error) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"prunestudy status: {error}; ")
    assert advice in said
    assert "then run the study again" in said


def test_an_error_without_a_remedy_is_told_as_it_is(
    failing: Callable, capsys: pytest.CaptureFixture
):
    assert failing(FileNotFoundError(errno.ENOENT, "No such file", "x.csv")) == 1
    assert capsys.readouterr().err == "prunestudy status: [Errno 2] No such file: 'x.csv'\n"
