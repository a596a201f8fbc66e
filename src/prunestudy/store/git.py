"""Files of the project at a git revision, or as they are in the working tree."""

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.store.guarded import LARGE, read_bytes

WORKSPACE = "workspace"
# How git ends where there is no repository, or one of another user.
NO_REPOSITORY = 128
NO_REPOSITORY_SAYS = ("not a git repository", "dubious ownership", "safe.directory")
CODE = ("src", "workflow", "profiles", "Snakefile", "requirements.lock")
# Python files of other folders are a user's criteria and what those import; not of these.
NOT_CODE = ("tests", "docs", "benchmarks")


def resolved(name: str) -> str:
    """The commit of a revision: a git name, or the name of a DVC experiment.

    Raises:
        StudyError: there is none.
    """
    found = _git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if found.returncode == 0:
        return found.stdout.decode().strip()
    for line in _git("for-each-ref", "--format=%(refname) %(objectname)", "refs/exps").stdout.split(
        b"\n"
    ):
        ref, _, commit = line.decode().partition(" ")
        if ref.rpartition("/")[2] == name:
            return commit
    raise StudyError(f"'{name}' is no git revision and no DVC experiment (see 'dvc exp show')")


def reader(name: str) -> Callable[[str], bytes | None]:
    """A function that gives a file's content at a revision, or nothing if it is not there."""
    if name == WORKSPACE:
        return lambda path: read_bytes(Path(path), LARGE) if Path(path).exists() else None
    commit = resolved(name)

    def read(path: str) -> bytes | None:
        found = _git("show", f"{commit}:{path}")
        return found.stdout if found.returncode == 0 else None

    return read


def code_files(name: str) -> dict[str, str]:
    """Digests at a revision of what computes, by path.

    That is the library, the workflow, the packages, and the Python files of a user.
    """
    if name == WORKSPACE:
        listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout
        paths = [Path(path) for path in listed.decode().split("\0") if _is_code(path)]
        return {
            path.as_posix(): hashlib.sha1(_blob(path.read_bytes())).hexdigest()
            for path in paths
            if path.is_file()
        }
    found = {}
    for line in _git("ls-tree", "-r", "-z", resolved(name)).stdout.decode().split("\0"):
        meta, _, path = line.partition("\t")
        if _is_code(path):
            found[path] = meta.split()[2]
    return found


def _is_code(path: str) -> bool:
    top = path.partition("/")[0]
    return top in CODE or (path.endswith(".py") and top not in NOT_CODE)


def _blob(content: bytes) -> bytes:
    """What git digests for a file."""
    return b"blob %d\0" % len(content) + content


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """What git says.

    Raises:
        StudyError: there is no git, or it takes this folder for no repository of this user's.
    """
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except OSError as error:
        raise StudyError(
            f"git cannot be run ({error.strerror}), and revisions are its; install it"
        ) from None
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == NO_REPOSITORY and any(word in said for word in NO_REPOSITORY_SAYS):
        raise StudyError(f"git has no revisions of this folder: {' '.join(said.split())}")
    return done


def git_commit() -> str:
    """The checkout's commit, with ``-dirty`` behind it where tracked files differ; or nothing."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
