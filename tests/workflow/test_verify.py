"""Verify on a finished study: silent when all is well, and it names whatever is not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow.conftest import STUDY, Checkout

VERIFY = ("prunestudy", "verify", "--params", f"studies/{STUDY}.yaml")
CELL = f"models/{STUDY}/wdbc/seed0"


def found(place: Checkout) -> list[str]:
    """What verify names; it ends with exit code 1."""
    done = place.attempt(*VERIFY)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout
    *lines, total = done.stdout.splitlines()
    assert total.startswith(f"study '{STUDY}': {len(lines)} finding")
    return lines


def test_a_finished_study_is_what_its_jobs_wrote(place: Checkout) -> None:
    assert "are what their jobs wrote" in place.call(*VERIFY)


def edit_table(place: Checkout) -> str:
    file = f"reports/{STUDY}/tables/results.csv"
    place.edit(file, "wdbc", "wdbd")
    return f"{file}: was edited"


def edit_collected_table(place: Checkout) -> str:
    file = place.find(f"models/{STUDY}/tables-????????????/results.csv")
    place.edit(str(file.relative_to(place.folder)), "wdbc", "wdbd")
    return f"{file.relative_to(place.folder)}: is not what its job wrote"


def swap_networks(place: Checkout) -> str:
    one = place.find(f"{CELL}/adaptive-????????????/2.safetensors")
    shutil.copyfile(one.with_name("4.safetensors"), one)
    return f"{one.relative_to(place.folder)}: is not what its job wrote"


def flip_a_bit(place: Checkout) -> str:
    file = place.find(f"{CELL}/dense-????????????/dense.safetensors")
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    return f"{file.relative_to(place.folder)}: is not what its job wrote"


def cut_a_table(place: Checkout) -> str:
    file = place.find(f"{CELL}/evaluation-????????????.csv")
    file.write_bytes(file.read_bytes()[:100])
    return f"{file.relative_to(place.folder)}: is not what its job wrote"


def lose_a_member(place: Checkout) -> str:
    file = place.find(f"{CELL}/traditional-????????????/history.csv")
    file.unlink()
    return f"{file.relative_to(place.folder)}: is gone"


def add_a_member(place: Checkout) -> str:
    file = place.find(f"{CELL}/traditional-????????????") / "extra.csv"
    file.touch()
    return f"{file.relative_to(place.folder)}: does not belong there"


def lose_a_sidecar(place: Checkout) -> str:
    file = place.find(f"{CELL}/traditional-????????????.json")
    file.unlink()
    return f"{file.relative_to(place.folder)}: missing or damaged"


def forge_a_sidecar(place: Checkout) -> str:
    file = place.find(f"{CELL}/traditional-????????????.json")
    content = json.loads(file.read_text(encoding="utf-8"))
    content["parts"]["params"]["seed"] = 7
    file.write_text(json.dumps(content), encoding="utf-8")
    return f"{file.relative_to(place.folder)}: names another run key or parts"


def edit_params(place: Checkout) -> str:
    place.edit(f"studies/{STUDY}.yaml", "max_drop: 0.02", "max_drop: 0.03")
    return "prune wdbc/seed0/adaptive: not up to date: prune.adaptive.requirements.max_drop 0.02"


def edit_the_library(place: Checkout) -> str:
    place.add("src/prunestudy/training/loop.py", "\nSWITCH = 1\n")
    return "train wdbc/seed0/dense: not up to date: the source code of train changed"


OF_FILES = (
    *(edit_table, edit_collected_table, swap_networks, flip_a_bit, cut_a_table),
    *(lose_a_member, add_a_member),
)


@pytest.mark.parametrize(
    "harms",
    [OF_FILES, (lose_a_sidecar, edit_params), (forge_a_sidecar,), (edit_the_library,)],
)
def test_what_is_not_as_it_should_be_is_named(
    checkout: Checkout, harms: tuple[Callable[[Checkout], str], ...]
) -> None:
    expected = [harm(checkout) for harm in harms]
    lines = found(checkout)
    for one in expected:
        assert any(line.startswith(one) for line in lines), (one, lines)


# A trajectory comes out again where a trace says how.
@pytest.mark.parametrize("cell", ["prepare wdbc", "train wdbc/seed0/dense", "evaluate wdbc/seed0"])
def test_a_cell_comes_out_again_byte_for_byte(finished: Checkout, cell: str) -> None:
    assert "identical, byte for byte; both on " in finished.call(*VERIFY, "--rerun", cell)


def test_a_network_that_its_job_did_not_make_is_different(checkout: Checkout) -> None:
    swap_networks(checkout)
    done = checkout.attempt(*VERIFY, "--rerun", "wdbc/seed0/adaptive")
    assert done.returncode == 1
    assert "different (2.safetensors" in done.stdout


def test_a_cell_that_cannot_be_compared_is_said_so(finished: Checkout) -> None:
    done = finished.attempt(*VERIFY, "--rerun", "latency wdbc/seed0")
    assert done.returncode == 1
    assert "cannot be compared" in done.stdout
    done = finished.attempt(*VERIFY, "--rerun", "wdbc/seed0/adaptve")
    assert "did you mean 'wdbc/seed0/adaptive'?" in done.stdout


def test_studies_of_two_checkouts_are_compared(finished: Checkout, checkout: Checkout) -> None:
    assert "13 identical" in checkout.call(*VERIFY, "--against", str(finished.folder))
    swap_networks(checkout)
    done = checkout.attempt(*VERIFY, "--against", str(finished.folder))
    assert done.returncode == 1
    assert "prune wdbc/seed0/adaptive: different" in done.stdout


def test_another_platform_may_differ_within_the_tolerance(
    checkout: Checkout, tmp_path: Path
) -> None:
    other = checkout.copy(tmp_path / "other")
    sidecar = other.find(f"{CELL}/evaluation-????????????.csv.json")
    content = json.loads(sidecar.read_text(encoding="utf-8"))
    content["made"]["processor"] = "Another CPU"
    sidecar.write_text(json.dumps(content), encoding="utf-8")
    table = other.find(f"{CELL}/evaluation-????????????.csv")
    text = table.read_text(encoding="utf-8")
    header, first = (line.split(",") for line in text.splitlines()[:2])
    loss = first[header.index("test_loss")]
    table.write_text(text.replace(loss, repr(float(loss) + 1e-7)), encoding="utf-8")
    said = checkout.call(*VERIFY, "--against", str(other.folder))
    assert "12 identical, 1 equal" in said
    assert "Another CPU" in said
