"""Where the bytes of a data set come from, tried in order, accepted by digest only."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from prunestudy.errors import StudyError


class Unavailable(Exception):
    """This source cannot be had here; the next one is tried."""


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


Source = Bundled | LocalFile


@dataclass(frozen=True)
class Member:
    """One file of a data set: the digest of its decompressed content and where to get it."""

    name: str
    sha256: str
    sources: tuple[Source, ...]

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
            return content, str(source)
        reasons = "\n".join(refusals)
        raise StudyError(f"'{self.name}' cannot be had from any of its sources:\n{reasons}")


def _decompressed(name: str, content: bytes) -> bytes:
    if not name.endswith(".gz"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise StudyError(f"{name}: is not a whole gzip file ({error})") from None
