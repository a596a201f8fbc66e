"""Odd machines and places: a study works there, or is refused in words before its first job."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.faults.conftest import PATIENCE, remade_a_little, start
from tests.workflow.conftest import STUDY, Checkout, contents

STUDYING = f"prunestudy study --study {STUDY}"
# Some that can come together, each of which once ended a study.
ODD = {
    "no home, in CI, an unknown time zone": {
        "HOME": "/dev/null",
        "CI": "1",
        "GITHUB_ACTIONS": "true",
        "TERM": "dumb",
        "TZ": ":/nonexistent",
        "TMPDIR": "/nonexistent/tmp",
    },
    "home unset, a far time zone, a long temporary folder": {
        "HOME": None,
        "TZ": "XXX-14:30",
        "TMPDIR": "long",
        "LC_ALL": "C",
    },
}
PLACES = (
    'it\'s "a" $(touch HACKED); #1',
    "two\nlines and ümlauts & %s [br]*?",
    "back\\slash ~ a=b,c",
)


def works(place: Checkout, finished: Checkout, line: str = STUDYING, **environment: str) -> str:
    """What a study says that ends well, and as anywhere."""
    remade_a_little(place)
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=place.folder,
        env={**place.environment, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said
    assert "Traceback" not in said
    assert f"Report: reports/{STUDY}/index.html" in said
    assert contents(place) == contents(finished)
    return said


@pytest.mark.parametrize("name", ODD)
def test_a_study_works_in_an_odd_environment(
    finished: Checkout, checkout: Checkout, tmp_path: Path, monkeypatch, name: str
) -> None:
    environment = dict(ODD[name])
    if environment["HOME"] is None:
        monkeypatch.delenv("HOME", raising=False)
        del environment["HOME"]
    if environment["TMPDIR"] == "long":
        long = tmp_path / ("l" * 120)
        long.mkdir()
        environment["TMPDIR"] = str(long)
    works(checkout, finished, **environment)


@pytest.mark.parametrize("name", PLACES)
def test_a_study_works_in_an_odd_place(finished: Checkout, tmp_path: Path, name: str) -> None:
    place = finished.copy(tmp_path / name)
    works(place, finished)
    assert not list(tmp_path.rglob("HACKED"))


@pytest.mark.parametrize("name", [b"{x}", b"latin\xe9"])
def test_a_place_at_which_dvc_would_stumble_is_refused_at_once(
    finished: Checkout, tmp_path: Path, name: bytes
) -> None:
    place = finished.copy(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)))
    remade_a_little(place)
    done = place.attempt("prunestudy", "study", "--study", STUDY)
    assert done.returncode == 1
    assert "DVC cannot record a study" in done.stdout
    assert f"prunestudy run --params studies/{STUDY}.yaml" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    done = place.attempt("prunestudy", "run", "--params", f"studies/{STUDY}.yaml")
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stdout


def test_a_clock_that_was_set_back_stops_nothing(finished: Checkout, checkout: Checkout) -> None:
    if shutil.which("faketime") is None:
        # Artifacts of the future are what a clock that was set back leaves.
        for path in (checkout.folder / "models").rglob("*"):
            os.utime(path, (4e9, 4e9))
        works(checkout, finished)
    else:
        works(checkout, finished, f"faketime -f -400d {STUDYING}")


@pytest.mark.parametrize("kind", ["detached", "shallow", "no git program"])
def test_a_study_works_in_an_odd_repository(
    finished: Checkout, checkout: Checkout, tmp_path: Path, kind: str
) -> None:
    environment = {}
    place = checkout
    if kind == "detached":
        checkout.call("git", "checkout", "--quiet", "--detach")
    elif kind == "shallow":
        checkout.call(
            *("git", "clone", "--quiet", "--depth", "1"),
            *(f"file://{checkout.folder}", str(tmp_path / "shallow")),
        )
        place = Checkout(tmp_path / "shallow")
        for name in ("data", "models", "mlruns"):
            shutil.copytree(checkout.folder / name, place.folder / name)
    else:
        environment["PATH"] = str(without_git(tmp_path))
    works(place, finished, **environment)
    if kind == "no git program":
        done = subprocess.run(
            ["prunestudy", "compare", "HEAD", "--params", f"studies/{STUDY}.yaml"],
            cwd=place.folder,
            env={**place.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.startswith("prunestudy compare: git cannot be run")


def test_a_study_works_in_a_repository_of_another_user(
    finished: Checkout, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    if subprocess.run(["chown", "-R", "12345", checkout.folder], check=False).returncode:
        pytest.skip("this user cannot give files away")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    assert "dubious ownership" in checkout.attempt("git", "status").stdout
    works(checkout, finished)
    params = ("--params", f"studies/{STUDY}.yaml")
    said = checkout.call("prunestudy", "verify", *params)
    assert "is compared with no commit: git tells of none here" in said
    checkout.call("prunestudy", "gc", *params)
    checkout.call("prunestudy", "archive", *params)
    done = checkout.attempt("prunestudy", "compare", "HEAD", *params)
    assert done.returncode == 1
    assert "git has no revisions of this folder: fatal: detected dubious ownership" in done.stdout
    assert "Traceback" not in done.stdout


def without_git(folder: Path) -> Path:
    """A folder of programs in which git is not."""
    programs = folder / "programs"
    programs.mkdir()
    for program in ("bash", "sh", "env", "cat"):
        (programs / program).symlink_to(str(shutil.which(program)))
    for program in Path(sys.executable).parent.iterdir():
        if not (programs / program.name).exists() and program.name != "git":
            (programs / program.name).symlink_to(program)
    return programs


def test_without_a_repository_the_study_runs_unrecorded(
    finished: Checkout, checkout: Checkout
) -> None:
    shutil.rmtree(checkout.folder / ".git")
    lock = checkout.folder / "studies" / "dvc.lock"
    before = lock.read_bytes()
    said = works(checkout, finished)
    assert "there is no git repository here (git init makes one), so DVC keeps no record" in said
    assert lock.read_bytes() == before
    done = checkout.attempt("prunestudy", "compare", "HEAD", "--params", f"studies/{STUDY}.yaml")
    assert done.returncode == 1
    assert "not a git repository" in done.stdout


def in_a_namespace(line: str) -> str:
    """A line of a shell that may mount, or a skipped test where this user cannot."""
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user cannot mount")
    return f"unshare -m bash -c '{line}'"


def test_a_tiny_shared_memory_and_a_full_temporary_folder_stop_nothing(
    finished: Checkout, checkout: Checkout, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    small = "mount -t tmpfs -o size=64k tmpfs"
    line = f'{small} /dev/shm && {small} "$TMPDIR" && cat /dev/zero > "$TMPDIR/filler"; {STUDYING}'
    works(checkout, finished, in_a_namespace(line), TMPDIR=str(temporary))


def test_a_user_without_home_name_or_repository_of_its_own_is_served(
    finished: Checkout, checkout: Checkout, tmp_path: Path
) -> None:
    # The interpreter may lie in root's own folder, which others cannot enter.
    python = Path(sys.executable).resolve().parents[1]
    top = Path("/", *python.parts[1:2])
    open_top, temporary = tmp_path / "top", tmp_path / "temporary"
    inside = open_top / python.relative_to(top)
    inside.mkdir(parents=True)
    temporary.mkdir(mode=0o777)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o755)
    temporary.chmod(0o777)
    subprocess.run(["chown", "-R", "12345", checkout.folder], check=False)
    line = (
        f'mount --bind {python} {inside} && mount --rbind {open_top} {top} && cd "$PWD" && '
        f"exec setpriv --reuid=12345 --regid=12345 --clear-groups {STUDYING}"
    )
    environment = {"HOME": "/nonexistent-home", "TMPDIR": str(temporary)}
    works(checkout, finished, in_a_namespace(line), **environment)
    assert not Path("/nonexistent-home").exists()


@pytest.mark.parametrize(("limit", "said"), [("-v 1200000", "memory"), ("-n 40", "open files")])
def test_too_little_of_the_machine_is_said_and_the_next_run_goes_on(
    finished: Checkout, checkout: Checkout, limit: str, said: str
) -> None:
    remade_a_little(checkout)
    done = checkout.attempt("bash", "-c", f"ulimit {limit}; {STUDYING}")
    if done.returncode:
        assert said in done.stdout.lower()
        assert "Traceback" not in done.stdout
    works(checkout, finished)


def test_two_different_studies_at_once_in_one_checkout(finished: Checkout, tmp_path: Path) -> None:
    place = finished.copy(tmp_path / "two")
    remade_a_little(place)
    studies = place.folder / "studies"
    text = (studies / f"{STUDY}.yaml").read_text(encoding="utf-8")
    text = text.replace(f"name: {STUDY}", "name: other").replace("  wdbc:", "  wdbc:")
    (studies / "other.yaml").write_text(text, encoding="utf-8")
    stages = YAML(typ="safe", pure=True).load(studies / "dvc.yaml")
    stages["stages"]["study"]["foreach"] = [STUDY, "other"]
    YAML(typ="safe", pure=True).dump(stages, studies / "dvc.yaml")
    runs = [start(place, "prunestudy", "study", "--study", name) for name in (STUDY, "other")]
    outputs = [run.communicate(timeout=2 * PATIENCE)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    assert contents(place) == contents(finished)
    for name in (STUDY, "other"):
        place.call("prunestudy", "verify", "--params", f"studies/{name}.yaml")
