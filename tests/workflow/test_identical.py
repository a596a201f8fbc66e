"""The same study elsewhere: other folder, user, hour, time zone and number of cores, same bytes."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.conftest import STUDY, Checkout, contents, new_checkout

NOBODY = 65534
# Python may lie in a folder of root's; reading is all that this user may do beyond its own.
AS_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Checkout]:
    """A checkout of another user's, in a folder whose name asks for trouble."""
    place = new_checkout(tmp_path / "another user's folder, ünïcode")
    if os.geteuid() == 0:
        for path in [tmp_path, *place.folder.rglob("*"), place.folder]:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    yield place
    shutil.rmtree(place.folder)


@pytest.mark.slow
def test_one_core_another_user_and_another_folder_give_the_same_bytes(
    finished: Checkout, elsewhere: Checkout
) -> None:
    run = ("prunestudy", "run", "--params", f"studies/{STUDY}.yaml", "--cores", "1")
    as_another = AS_NOBODY if os.geteuid() == 0 and shutil.which("setpriv") else ()
    home = elsewhere.folder / "home"
    home.mkdir()
    home.chmod(0o777)
    environment = {
        **elsewhere.environment,
        **{"USER": "somebody", "LOGNAME": "somebody", "HOME": str(home)},
        **{"TZ": "Pacific/Chatham", "LANG": "C", "LC_ALL": "C", "PYTHONHASHSEED": "77"},
    }
    done = subprocess.run(
        [*as_another, *run],
        cwd=elsewhere.folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    if as_another:
        assert elsewhere.find(f"models/{STUDY}/tables-????????????").stat().st_uid == NOBODY
    assert contents(elsewhere) == contents(finished)
    against = ("prunestudy", "verify", "--params", f"studies/{STUDY}.yaml", "--against")
    assert "identical" in finished.call(*against, str(elsewhere.folder))
