"""Fetch: the files of a data set, checked by digest, into one folder."""

from pathlib import Path

from prunestudy.data.archives import downloads
from prunestudy.data.dataset import find_dataset


def fetch(name: str, folder: Path) -> dict[str, str]:
    """Write every file of a data set, decompressed; return the source that gave each.

    Raises:
        StudyError: a file is unavailable or has another digest; nothing is kept then.
    """
    # Several members may lie in one archive, which is downloaded once.
    with downloads():
        contents = {member.name: member.fetch() for member in find_dataset(name).members}
    folder.mkdir(parents=True)
    for member, (content, _source) in contents.items():
        (folder / member).write_bytes(content)
    return {member: source for member, (_content, source) in contents.items()}
