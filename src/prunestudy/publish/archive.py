"""An archive of a study: what a reader needs to check it and to make it again, with checksums."""

import hashlib
import zipfile
from pathlib import Path

from prunestudy.store.files import written_whole

CHECKSUMS = "SHA256SUMS"
# The first moment that zip can say: an archive's bytes depend on its content alone.
MOMENT = (1980, 1, 1, 0, 0, 0)


def pack(out: Path, files: list[str | Path], report: Path) -> int:
    """Write a zip file of some files and of a report; return how many it holds.

    ``SHA256SUMS`` names each with its digest, for ``sha256sum --check``. Reports of other studies
    that lie inside the folder stay out.
    """
    members = [Path(file) for file in files if Path(file).is_file()]
    for folder in (report, *(report / inner for inner in ("tables", "figures", "paper"))):
        # What a killed job left half begins with a dot.
        members += [path for path in sorted(folder.glob("[!.]*")) if path.is_file()]
    contents = {path.as_posix(): path.read_bytes() for path in members}
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in contents.items()]
    contents[CHECKSUMS] = ("\n".join(lines) + "\n").encode()
    with written_whole(out) as scratch, zipfile.ZipFile(scratch, "w") as packed:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    return len(contents)
