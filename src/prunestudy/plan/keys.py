"""Run keys: the digest of all that an artifact's bytes depend on."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from prunestudy.errors import StudyError
from prunestudy.store.files import canonical_json, text_digest

# Characters of a key in file names.
KEY_LENGTH = 12


def run_key(parts: dict[str, Any]) -> str:
    """sha256 of the step, its parameters, source, packages and the keys of its inputs."""
    return text_digest(canonical_json(parts))


@cache
def package_versions(names: tuple[str, ...]) -> dict[str, str]:
    """Installed versions, without local build labels such as ``+cpu``."""
    versions = {}
    for name in names:
        try:
            versions[name] = version(name).partition("+")[0]
        except PackageNotFoundError:
            raise StudyError(f"package '{name}' is not installed; run 'make environment'") from None
    return versions
