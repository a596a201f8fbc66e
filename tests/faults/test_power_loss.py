"""A loss of power at every moment of a write: what is there afterwards is whole."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from prunestudy.cli.main import main
from prunestudy.params.reader import read_study
from prunestudy.plan.damage import checked
from prunestudy.plan.plan import Plan
from prunestudy.store.files import flush_to_disk, written_whole

# What the disk has done of its own accord when the power goes: nothing that it was not told to, or
# all names and no contents.
LAZY, EAGER = "lazy", "eager"
Tree = dict[str, bytes | None]


class Disk:
    """What of a folder is on the disk: contents as of their last flush, names as of their folder's.

    A tree maps paths to contents; folders have none. Files and folders are told apart by numbers
    of our own: the system gives the number of what is gone to whatever is made next.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.contents: dict[int, bytes] = {}
        self.names: dict[int, dict[str, int]] = {}
        self.folders: set[int] = set()
        self.states: list[tuple[str, Tree]] = []
        self._numbers: dict[int, int] = {}
        self._next = itertools.count()
        for path in (root, *root.rglob("*")):
            self.flush(path)
        self.states.clear()

    def flush(self, path: Path) -> None:
        number = self._number(path)
        if path.is_dir():
            self.names[number] = {one.name: self._number(one) for one in path.iterdir()}
        else:
            self.contents[number] = path.read_bytes()
        self.note()

    def _number(self, path: Path) -> int:
        number = self._numbers.setdefault(path.stat().st_ino, next(self._next))
        if path.is_dir():
            self.folders.add(number)
        return number

    def forget(self, inode: int) -> None:
        """What is gone: the disk has what it had of it, until it is told."""
        self._numbers.pop(inode, None)

    def note(self) -> None:
        """The power may go now."""
        self.states += [(LAZY, self._told("", self._number(self.root))), (EAGER, self._named())]

    def _told(self, place: str, number: int) -> Tree:
        found: Tree = {}
        for name, inner in self.names.get(number, {}).items():
            path = f"{place}{name}"
            if inner in self.folders:
                found |= {path: None, **self._told(f"{path}/", inner)}
            else:
                found[path] = self.contents.get(inner, b"")
        return found

    def _named(self) -> Tree:
        return {
            path.relative_to(self.root).as_posix(): None
            if path.is_dir()
            else self.contents.get(self._number(path), b"")
            for path in self.root.rglob("*")
        }


@contextmanager
def watched(root: Path) -> Iterator[Disk]:
    """Follow what is written below a folder."""
    disk = Disk(root)
    changes = ("fsync", "rename", "replace", "unlink", "remove", "rmdir")
    kept = {name: getattr(os, name) for name in changes}

    def fsync(handle: int) -> None:
        disk.flush(Path(f"/proc/self/fd/{handle}").resolve())

    def moved(name: str) -> Any:
        def move(source: Any, target: Any, **options: Any) -> None:
            former = inode(target)
            kept[name](source, target, **options)
            disk.forget(former)
            disk.note()

        return move

    def gone(name: str) -> Any:
        def remove(path: Any, *, dir_fd: int | None = None) -> None:
            former = inode(path, dir_fd)
            kept[name](path, dir_fd=dir_fd)
            disk.forget(former)
            disk.note()

        return remove

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        for name in ("rename", "replace"):
            patch.setattr(os, name, moved(name))
        for name in ("unlink", "remove", "rmdir"):
            patch.setattr(os, name, gone(name))
        yield disk


def inode(path: Any, dir_fd: int | None = None) -> int:
    """The system's number of what lies at a place; one of nothing where that is nothing."""
    try:
        return os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_ino
    except FileNotFoundError:
        return -1


def after_reboot(tree: Tree, folder: Path, params: Path) -> list[str]:
    """What looks finished and is not whole, in a state of the disk."""
    folder.mkdir()
    for name, content in tree.items():
        path = folder / name
        (path if content is None else path.parent).mkdir(parents=True, exist_ok=True)
        if content is not None:
            path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        plan = Plan(read_study(params))
        return [str(one) for made in plan if made.path.exists() for one in checked(made)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, Any]) -> Path:
    """A working folder with the parameters of a small study."""
    monkeypatch.chdir(tmp_path)
    content["tasks"].pop("digits")
    content["seeds"] = [0]
    return tmp_path


def made_under(disk_of: Path, content: dict[str, Any]) -> tuple[list[tuple[str, Tree]], Path]:
    """Every state of the disk while the first steps of a study run."""
    params = disk_of / "params.yaml"
    YAML(typ="safe", pure=True).dump(content, params)
    work = disk_of / "work"
    work.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(work)
        plan = Plan(read_study(params))
        with watched(work) as disk:
            for step in ("fetch", "prepare", "train", "prune"):
                made = plan.of_step(step)[0]
                command = [made.step.command, "--params", str(params), *made.arguments()]
                assert main([*command, "--out", str(made.path)]) == 0
                assert made.path.exists()
            disk.note()
    return disk.states, params


def broken(states: list[tuple[str, Tree]], params: Path, folder: Path) -> dict[str, list[str]]:
    """The states in which something looks finished and is not whole, by the kind of disk."""
    found: dict[str, list[str]] = {LAZY: [], EAGER: []}
    seen: list[Tree] = []
    for number, (kind, tree) in enumerate(states):
        if tree not in seen:
            seen.append(tree)
            found[kind] += after_reboot(tree, folder / str(number), params)
    assert len(seen) > 10
    return found


def test_what_looks_finished_is_whole_after_a_loss_of_power(
    here: Path, tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any]
) -> None:
    states, params = made_under(here, content)
    found = broken(states, params, tmp_path_factory.mktemp("reboots"))
    assert found == {LAZY: [], EAGER: []}
    # What was finished is there at the end, even on a disk that does nothing by itself.
    last = next(tree for kind, tree in reversed(states) if kind == LAZY)
    for step in ("raw", "prepared", "dense-", "adaptive-"):
        assert any(step in name for name in last)
    # A name that was once there with its content never goes, nor loses it.
    for kind in (LAZY, EAGER):
        before: Tree = {}
        for tree in (one for of, one in states if of == kind):
            kept = {name: one for name, one in before.items() if not scratch(name)}
            # Of what jobs made there is a list, which grows.
            for name in [one for one in kept if one.endswith(".made")]:
                assert (tree[name] or b"").startswith(kept.pop(name) or b"")
            assert kept.items() <= tree.items()
            before = tree


def scratch(name: str) -> bool:
    """Whether a path is of what is being written, or of a journal."""
    return ".part" in name or ".journal" in name


def test_a_disk_that_is_not_told_loses_what_looked_finished(
    here: Path, tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any]
) -> None:
    try:
        states, params = made_under(here, {**content, "compute": {"fsync": False}})
        found = broken(states, params, tmp_path_factory.mktemp("reboots"))
    finally:
        flush_to_disk(True)
    assert any("is not what its job wrote" in one or "damaged" in one for one in found[EAGER])


def test_what_takes_the_number_of_a_folder_that_is_gone_is_none(tmp_path: Path) -> None:
    with watched(tmp_path) as disk:
        for turn in range(100):
            place = tmp_path / str(turn)
            place.mkdir()
            disk.flush(place)
            number = inode(place)
            place.rmdir()
            place.write_bytes(b"whole")
            disk.flush(place)
            disk.flush(tmp_path)
            told = {str(one): b"whole" for one in range(turn + 1)}
            assert disk.states[-2:] == [(LAZY, told), (EAGER, told)]
            if inode(place) == number:
                return
    pytest.skip("this file system gives no number twice")


@pytest.mark.parametrize("former", [b"former", None])
@pytest.mark.parametrize("folder", [True, False])
def test_a_former_version_or_the_new_one_is_there(
    tmp_path: Path, former: bytes | None, folder: bool
) -> None:
    path = tmp_path / "deep" / "er" / "artifact"
    if former:
        path.parent.mkdir(parents=True)
        path.write_bytes(former)
    with watched(tmp_path) as disk:
        with written_whole(path) as part:
            if folder:
                part.mkdir()
            (part / "file" if folder else part).write_bytes(b"new")
        name = "deep/er/artifact/file" if folder else "deep/er/artifact"
        for _kind, tree in disk.states[:-2]:
            assert tree.get(name) in (former, b"new", None)
            assert tree.get("deep/er/artifact") in (former, b"new", None)
        assert all(tree[name] == b"new" for _kind, tree in disk.states[-2:])
