"""What happens to a checkout over weeks, as random sequences, and what must hold all along.

What verify calls whole is whole; after a run everything is; no finished work is lost. What is whole
is told apart by bytes that were noted when they were made, not by the library.
"""

import json
import os
import random
import shutil
import subprocess
import tempfile
import zipfile
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from prunestudy.errors import StudyError
from prunestudy.params.reader import read_study
from prunestudy.plan import status
from prunestudy.plan.artifact import Artifact
from prunestudy.plan.manifest import Entry, Manifest
from prunestudy.plan.pin import list_of_made
from prunestudy.plan.plan import Plan
from prunestudy.run.locks import JOBS_LOCK, RUN_LOCK
from prunestudy.store.contents import contents
from prunestudy.store.guarded import parsed
from prunestudy.store.lists import lines_of
from prunestudy.store.sidecars import Sidecar, read_sidecar, sidecar_path
from tests.waiting import WAITS
from tests.workflow.conftest import STUDY

PARAMS = Path("studies") / f"{STUDY}.yaml"
REPORT = Path("reports") / STUDY
MANAGED = (Path("data") / STUDY, Path("models") / STUDY)
# Text of the params file and what a person may write there instead.
EDITS = (
    ("retraining: {epochs: 6}", "retraining: {epochs: 5}"),
    ("title: Smoke study", "title: A smoke study"),
    ("seeds: [0]", "seeds: [1]"),
    ("compressions: [2, 4, 8]", "compressions: [2, 4]"),
)
# Where people keep what is theirs beside a report.
OWN = ("notes.md", "index.html.bak", "talk/figure.svg")
NOT_SIDECARS = ("null", "[]", "1", '{"key": NaN}', "[" * 100_000, "", '{"key": 1, "files": null}')


def flipped(file: Path, chance: random.Random) -> None:
    """Flip one bit."""
    content = bytearray(file.read_bytes() or b"x")
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def cut(file: Path, chance: random.Random) -> None:
    """Lose the end of a file."""
    content = file.read_bytes()
    file.write_bytes(content[: chance.randrange(max(1, len(content)))])


def linked(file: Path, _chance: random.Random) -> None:
    """Move a file elsewhere, and leave a link."""
    other = Path(tempfile.mkdtemp(dir=file.parents[len(file.parents) - 2])) / file.name
    shutil.move(file, other)
    file.symlink_to(other.resolve())


def piped(file: Path, _chance: random.Random) -> None:
    """Leave a pipe, which nobody writes to, in place of a file."""
    file.unlink()
    os.mkfifo(file)


def emptied(file: Path, _chance: random.Random) -> None:
    """Leave a folder in place of a file."""
    file.unlink()
    file.mkdir()


def misshapen(file: Path, chance: random.Random) -> None:
    """Write what is no sidecar."""
    file.write_text(chance.choice(NOT_SIDECARS), encoding="utf-8")


def deleted(file: Path, _chance: random.Random) -> None:
    """Delete a file."""
    file.unlink()


DAMAGES: tuple[Callable[[Path, random.Random], None], ...] = (
    *(flipped, cut, linked, piped, emptied, misshapen, deleted),
)


class Sequences(RuleBasedStateMachine):
    """A checkout that is edited, run, killed, damaged, copied …; how depends on the tools.

    Attributes:
        truth: digests of artifacts by path, as they were first made; the same for ever.
        counted: how often each thing was done.
        sidecars: what runs left beside the artifacts that are whole.
        damaged: what was damaged since, with what was left of it.
        own: files of the user's beside the report, with their text.
    """

    truth: ClassVar[dict[str, str]]
    counted: ClassVar[Counter[str]]

    def __init_subclass__(cls) -> None:
        """Each kind of checkout has networks of its own."""
        cls.truth, cls.counted = {}, Counter()

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=self.scratch()))
        self.sidecars: dict[Path, bytes] = {}
        self.damaged: dict[Path, str] = {}
        self.own: dict[Path, str] = {}

    # How it is done, in process or by the real tools.

    @abstractmethod
    def scratch(self) -> Path:
        """A folder for checkouts."""

    @abstractmethod
    def finished(self) -> Path:
        """A checkout whose study has ended."""

    @abstractmethod
    def attempt(self, *words: str) -> tuple[int, str]:
        """Run a command of prunestudy; its exit code and what it said."""

    @abstractmethod
    def attempt_while(self, lock: Path, moment: Callable[[], None], *words: str) -> tuple[int, str]:
        """Run a command while another holds a lock, which ends with what is done once it waits."""

    @abstractmethod
    def kill(self, moment: float) -> None:
        """Begin a run and kill it, or what it started, at a moment between 0 and 1."""

    def fits(self, artifact: Artifact) -> bool:
        """Whether an artifact of a whole study was made from what lies there."""
        if artifact.step.name != "report":
            return True
        tables = next(one.path for one in artifact.needed() if one.step.name == "collect")
        shown = REPORT / "tables"
        return all(
            (shown / name).read_bytes() == (tables / name).read_bytes()
            for name in ("results.csv", "latency.csv")
        )

    # What is done.

    @initialize()
    def begin(self) -> None:
        """Everything is finished."""
        self.move(self.finished())
        self.note()

    def move(self, source: Path) -> None:
        """Go on in a copy of a checkout."""
        place = self.folder / f"checkout{len(list(self.folder.iterdir()))}"
        subprocess.run(["cp", "-a", source, place], check=True)
        os.chdir(place)

    @rule(edit=st.sampled_from(EDITS))
    def edit(self, edit: tuple[str, str]) -> None:
        """Edit the parameters, or undo an edit."""
        text = PARAMS.read_text(encoding="utf-8")
        old, new = edit if edit[0] in text else edit[::-1]
        assert old in text
        PARAMS.write_text(text.replace(old, new), encoding="utf-8")
        self.count("edit")

    @rule()
    def run(self) -> None:
        """A run ends well, makes only what was not whole, and leaves everything whole."""
        before = {path: self.sidecars[path] for path in self.whole()}
        self.ended_well(before, self.well("run"))

    def ended_well(self, before: dict[Path, bytes], said: str) -> None:
        """A run has ended: nothing that was whole was made again, and everything is there."""
        self.damaged.clear()
        for artifact in self.plan():
            assert artifact.path.exists(), artifact.path
            assert self.fits(artifact), f"{artifact.name} was made from something else\n{said}"
            kept = before.get(artifact.path)
            if kept is not None and is_exact(artifact):
                assert sidecar_path(artifact.path).read_bytes() == kept, f"made again\n{said}"
        self.note()
        self.well("verify")
        self.count("run")

    @rule(
        command=st.sampled_from(("gc", "run")),
        lock=st.sampled_from((RUN_LOCK, JOBS_LOCK)),
        edit=st.sampled_from(EDITS),
    )
    def edit_meanwhile(self, command: str, lock: Path, edit: tuple[str, str]) -> None:
        """What waits for others goes by the parameters as they are when its turn comes."""
        whole: list[Path] = []

        def moment() -> None:
            self.edit(edit)
            whole.extend(self.whole())

        code, said = self.attempt_while(lock, moment, command)
        assert code == 0, said
        assert WAITS in said, said
        if command == "run":
            self.ended_well({path: self.sidecars[path] for path in whole}, said)
        else:
            assert self.whole() == whole, said
            self.forget_what_changed()
        self.count("edit meanwhile")

    @rule(moment=st.floats(0, 1))
    def killed(self, moment: float) -> None:
        """A run is killed: what was whole stays so, and what is there is whole."""
        before = {path: self.sidecars[path] for path in self.whole()}
        self.kill(moment)
        self.forget_what_changed()
        for artifact in self.plan():
            kept = before.get(artifact.path)
            if kept is not None and is_exact(artifact):
                assert sidecar_path(artifact.path).read_bytes() == kept, artifact.path
        self.note()
        self.count("kill")

    @rule(chance=st.randoms(use_true_random=False), damage=st.sampled_from(DAMAGES))
    def damage(self, chance: random.Random, damage: Callable[[Path, random.Random], None]) -> None:
        """A file of the study is damaged, and verify says so."""
        files = [file for file in files_in(*MANAGED, REPORT) if file not in self.own]
        if not files:
            return
        file = chance.choice(files)
        before = file.read_bytes()
        damage(file, chance)
        self.damaged[file] = state_of(file)
        code, said = self.attempt("verify")
        assert code == 1, f"{damage.__name__} {file}\n{said}"
        if still_fits(before, file):
            # The manifest alone tells, and may be of another checkout: verify says to delete it.
            subprocess.run(["rm", "-rf", file.with_suffix("")], check=True)
        self.count("damage")

    @rule(chance=st.randoms(use_true_random=False))
    def add(self, chance: random.Random) -> None:
        """A file that nobody asked for lies among the others, and verify names it."""
        folders = [path for root in MANAGED for path in sorted(root.rglob("*")) if is_folder(path)]
        if not folders:
            return
        stray = chance.choice(folders) / "stray.txt"
        stray.write_text("mine\n", encoding="utf-8")
        self.damaged[stray] = state_of(stray)
        code, said = self.attempt("verify")
        assert code == 1, stray
        assert "stray.txt" in said or any(str(one) in said for one in stray.parents[:-2]), said
        self.count("damage")

    @rule(name=st.sampled_from(OWN))
    def keep(self, name: str) -> None:
        """A file of the user's lies beside the report, and verify has nothing against it."""
        before, _ = self.attempt("verify")
        own = REPORT / name
        own.parent.mkdir(exist_ok=True)
        own.write_text("mine\n", encoding="utf-8")
        self.own[own] = "mine\n"
        after, said = self.attempt("verify")
        assert after == before, said
        assert str(own) not in said, said
        self.count("keep")

    @invariant()
    def own_files_stay(self) -> None:
        """Whatever happens, what is the user's stays."""
        assert {own: own.read_text(encoding="utf-8") for own in self.own} == self.own

    @rule(root=st.sampled_from((*MANAGED, REPORT)))
    def link_root(self, root: Path) -> None:
        """A folder of the study becomes a link to one: nothing there is swept, all works."""
        elsewhere = self.folder / "elsewhere"
        shutil.move(root, elsewhere)
        root.symlink_to(elsewhere)
        before = {path: state_of(path) for path in sorted(elsewhere.rglob("*"))}
        self.gc()
        assert {path: state_of(path) for path in sorted(elsewhere.rglob("*"))} == before
        if not self.damaged and not status.missing(self.plan()):
            self.run()
        root.unlink()
        shutil.move(elsewhere, root)
        self.count("link root")

    @rule(chance=st.randoms(use_true_random=False), origin=st.booleans())
    def forge(self, chance: random.Random, origin: bool) -> None:
        """An artifact and its sidecar are edited alike, or its origin: verify names it.

        A run leaves it there, and makes it again once it is deleted.
        """
        plan = self.plan()
        # The manifest pins what the report was made from, but for what was made since.
        pinned = plan.find("report").ancestors()
        noted = lines_of(list_of_made(STUDY))
        whole = [
            artifact.path
            for artifact in pinned
            if self.is_whole(artifact) and artifact.path.as_posix() not in noted
        ]
        if not whole or status.missing(plan) or self.damaged:
            return
        path = chance.choice(whole)
        beside = sidecar_path(path)
        sidecar = json.loads(beside.read_text(encoding="utf-8"))
        if origin:
            sidecar["made"]["seconds"] += 1
        else:
            file = path if path.is_file() else chance.choice(files_in(path))
            with file.open("ab") as opened:
                opened.write(b"\n")
            sidecar |= {"sha256": contents(path).digest, "files": contents(path).files}
        beside.write_text(json.dumps(sidecar, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        code, said = self.attempt("verify")
        assert code == 1, path
        # By itself or its sidecar, or as made from what was measured again since.
        assert str(path) in said, said
        subprocess.run(["rm", "-r", path], check=True)
        self.count("damage")

    @rule(chance=st.randoms(use_true_random=False))
    def by_hand(self, chance: random.Random) -> None:
        """A step is run by hand: refused if an input is not whole, else its artifact is whole."""
        artifact = chance.choice(list(self.plan()))
        inputs_are_whole = all(self.is_whole(one) for one in artifact.needed())
        words = (artifact.step.command, *artifact.arguments(), "--out", str(artifact.path))
        code, said = self.attempt(*words)
        assert (code == 0) == inputs_are_whole, said
        self.forget_what_changed()
        self.note()
        assert code != 0 or self.is_whole(artifact), artifact.path
        self.count("step by hand")

    @rule(chance=st.randoms(use_true_random=False))
    def forced(self, chance: random.Random) -> None:
        """A run makes again what it is told to, that alone, and pins it."""
        artifact = chance.choice(list(self.plan()))
        before = {path: self.sidecars[path] for path in self.whole() if path != artifact.path}
        said = self.well("run", "--", "--forcerun", str(artifact.path))
        self.forget_what_changed()
        for path in before:
            assert path.exists(), said
        self.note()
        _code, said = self.attempt("verify")
        assert "not pin" not in said, said
        assert "manifest.json pins" not in said, said
        self.count("forced run")

    @rule()
    def pull(self) -> None:
        """The manifest of another checkout comes by git: verify says so once, and what to do."""
        self.run()
        place = REPORT / "manifest.json"
        said = json.loads(place.read_text(encoding="utf-8"))
        entries = {
            path: Entry.model_validate({**one, "sidecar": one["sha256"]})
            for path, one in said["artifacts"].items()
        }
        theirs = Manifest.of(said["study"], entries, said["platforms"]).text()
        place.write_text(theirs, encoding="utf-8")
        code, told = self.attempt("verify")
        assert code == 1, told
        assert told.count("pins others than") == told.count("remove it and run") == 1, told
        place.unlink()
        self.run()
        self.count("pull")

    @rule()
    def verify(self) -> None:
        """What verify calls whole is whole."""
        code, said = self.attempt("verify")
        assert code in (0, 1), said
        if code == 0:
            assert not self.damaged, said
            assert {artifact.path for artifact in self.plan()} == set(self.whole()), said
        self.count("verify")

    @rule()
    def gc(self) -> None:
        """What the study reaches stays."""
        before = self.whole()
        self.well("gc")
        assert self.whole() == before
        self.forget_what_changed()
        self.count("gc")

    @rule()
    def archive(self) -> None:
        """An archive holds what lies there, and is refused where that is not what was made."""
        out = Path("study.zip")
        out.unlink(missing_ok=True)
        broken = [path for path in self.damaged if path.is_relative_to(REPORT)]
        code, said = self.attempt("archive", "--out", str(out))
        if code == 0:
            assert not broken, said
            with zipfile.ZipFile(out) as packed:
                for name in set(packed.namelist()) - {"SHA256SUMS"}:
                    assert packed.read(name) == Path(name).read_bytes()
        else:
            assert not out.exists()
            # What a step by hand made is not pinned, nor used, before the next run.
            waits = "not pin yet" in said or "was made from another" in said
            assert waits or self.damaged or status.missing(self.plan()), said
        self.count("archive")

    @rule()
    def compare(self) -> None:
        """A comparison with what was committed ends in words."""
        code, said = self.attempt("compare", "HEAD")
        assert code == 0 or self.damaged or status.missing(self.plan()), said
        self.count("compare")

    @rule()
    def copy(self) -> None:
        """A copy of the checkout is as whole as the checkout."""
        before, said = self.attempt("verify")
        self.move(Path.cwd())
        # A copy has files of its own, with the damage that the others had.
        self.damaged = {one: state_of(one) for one in self.damaged}
        after, _ = self.attempt("verify")
        assert after == before, said
        self.count("copy")

    def teardown(self) -> None:
        """Forget the checkout."""
        os.chdir("/")
        shutil.rmtree(self.folder)
        self.count("sequence")

    # What is known of it.

    def well(self, *words: str) -> str:
        """Run a command that must end well; what it said."""
        code, said = self.attempt(*words)
        assert code == 0, f"{' '.join(words)}\n{said}"
        return said

    def count(self, name: str) -> None:
        """Note that something was done."""
        type(self).counted[name] += 1

    def forget_what_changed(self) -> None:
        """Of what was damaged, keep what is still as the damage left it."""
        self.damaged = {one: state for one, state in self.damaged.items() if state_of(one) == state}

    def plan(self) -> Plan:
        """What the study is by its parameters."""
        return Plan(read_study(PARAMS))

    def is_whole(self, artifact: Artifact) -> bool:
        """Whether an artifact is there, and nobody touched it since it was made."""
        path = artifact.path
        mine = (path, sidecar_path(path))
        touched = any(
            one in mine
            or path in one.parents
            or (artifact.step.name == "report" and REPORT in one.parents)
            for one in self.damaged
        )
        return path.exists() and not touched and path in self.sidecars

    def whole(self) -> list[Path]:
        """The artifacts of the plan that are whole."""
        return [artifact.path for artifact in self.plan() if self.is_whole(artifact)]

    def note(self) -> None:
        """Compare what lies there with what it was when it was first made; remember sidecars."""
        for artifact in self.plan():
            path = artifact.path
            self.sidecars.pop(path, None)
            if not path.exists():
                continue
            self.sidecars[path] = b""
            if not self.is_whole(artifact):
                del self.sidecars[path]
                continue
            self.sidecars[path] = sidecar_path(path).read_bytes()
            if is_exact(artifact):
                digest = contents(path).digest
                assert self.truth.setdefault(str(path), digest) == digest, path


def still_fits(before: bytes, sidecar: Path) -> bool:
    """Whether a sidecar that was damaged says the same as before but for an origin."""
    compared = {"key", "parts", "sha256", "files"}
    try:
        said = parsed(sidecar, before, Sidecar), read_sidecar(sidecar.with_suffix(""))
    except StudyError:
        return False
    former, now = (one.model_dump(include=compared) for one in said)
    return former == now


def is_exact(artifact: Artifact) -> bool:
    """Whether its bytes follow from its key alone: no times were measured on the way."""
    return all(one.step.repeatable for one in (artifact, *artifact.ancestors()))


def files_in(*folders: Path) -> list[Path]:
    """The regular files below some folders."""
    found = [path for folder in folders for path in sorted(folder.rglob("*"))]
    return [path for path in found if path.is_file() and not path.is_symlink()]


def is_folder(path: Path) -> bool:
    """Whether it is a folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def state_of(path: Path) -> str:
    """What lies at a place, in a word that changes whenever it does."""
    if not os.path.lexists(path):
        return "gone"
    stat = path.lstat()
    return f"{stat.st_mode} {stat.st_ino} {stat.st_mtime_ns} {stat.st_size}"
