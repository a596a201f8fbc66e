"""A study to ask the command line about."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, Any]) -> Path:
    """A working folder with a valid ``params.yaml``."""
    monkeypatch.chdir(tmp_path)
    YAML(typ="safe", pure=True).dump(content, tmp_path / "params.yaml")
    return tmp_path
