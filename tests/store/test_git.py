"""Files at a git revision, of a DVC experiment, and of the working tree."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from prunestudy.errors import StudyError
from prunestudy.store.git import WORKSPACE, code_files, git_commit, reader, resolved


def git(*arguments: str) -> str:
    """Run git as somebody."""
    somebody = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    done = subprocess.run(
        ["git", *somebody, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits of a library file and of a table, and an experiment."""
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch", "main")
    (tmp_path / "src").mkdir()
    for text in ("one", "two"):
        (tmp_path / "src" / "a.py").write_text(f"# {text}\n")
        (tmp_path / "table.csv").write_text(text)
        git("add", "--all")
        git("commit", "--quiet", "--message", text)
    git("update-ref", "refs/exps/ab/cdef/brave-name", "HEAD~1")
    return tmp_path


def test_files_are_read_at_each_revision(repository: Path):
    assert reader("HEAD~1")("table.csv") == b"one"
    assert reader("main")("table.csv") == b"two"
    (repository / "table.csv").write_text("three")
    assert reader(WORKSPACE)("table.csv") == b"three"
    assert reader("HEAD")("nothing.csv") is None
    assert reader(WORKSPACE)("nothing.csv") is None


def test_an_experiment_goes_by_its_name(repository: Path):
    assert resolved("brave-name") == resolved("HEAD~1")
    with pytest.raises(StudyError, match="'timid-name' is no git revision and no DVC experiment"):
        resolved("timid-name")


def test_code_files_have_the_digests_of_git(repository: Path):
    assert code_files("HEAD") == code_files(WORKSPACE)
    assert code_files("HEAD") != code_files("HEAD~1")
    assert set(code_files("HEAD")) == {"src/a.py"}


def test_a_users_criterion_is_code_and_tests_and_examples_are_none(repository: Path):
    for folder in ("criteria", "tests", "docs", "benchmarks"):
        (repository / folder).mkdir()
        (repository / folder / "own.py").write_text("# mine\n")
    assert set(code_files(WORKSPACE)) == {"src/a.py", "criteria/own.py"}
    git("add", "--all")
    git("commit", "--quiet", "--message", "own")
    assert code_files("HEAD") == code_files(WORKSPACE)


@pytest.mark.parametrize("ask", [resolved, reader, code_files])
def test_without_the_program_git_a_revision_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[str], object]
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StudyError, match=r"^git cannot be run \(No such file"):
        ask("HEAD")
    assert git_commit() == ""


@pytest.mark.parametrize("name", ["HEAD", WORKSPACE])
def test_outside_of_a_repository_a_revision_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(StudyError, match="git has no revisions of this folder: fatal: not a git"):
        code_files(name)
    assert git_commit() == ""


@pytest.mark.parametrize("name", ["HEAD", WORKSPACE])
def test_in_a_repository_of_another_user_a_revision_is_refused_with_gits_own_remedy(
    repository: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    assert git_commit()
    of_another_user(monkeypatch)
    with pytest.raises(StudyError, match=r"detected dubious ownership .* safe.directory"):
        code_files(name)
    assert git_commit() == ""


def of_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have git take every repository for another user's, whatever this user allows elsewhere."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for place in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(place, "/dev/null")
