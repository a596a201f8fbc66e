"""User code in a study of the real tools: what runs is what the run keys say."""

import json

from tests.faults.conftest import start
from tests.workflow.conftest import STUDY, Checkout

PARAMS = ("--params", f"studies/{STUDY}.yaml")
# A criterion that says which version of the file it comes from, and who imported what.
OWN = """
from pathlib import Path

import helper


def mine(group, inputs):
    with Path("said.txt").open("a") as said:
        said.write(f"{helper.VERSION}\\n")
    return group.weights(inputs.tensors).abs().amax(1)
"""
# What the library and the tools import, and what they must not get from here.
HOSTILE = ("numpy", "torch", "pydantic", "yaml", "json", "socket", "mlflow", "os")


def test_no_file_of_the_project_stands_in_for_a_package_in_a_whole_study(
    checkout: Checkout,
) -> None:
    for name in HOSTILE:
        (checkout.folder / f"{name}.py").write_text("raise RuntimeError('taken')\n")
    (checkout.folder / "os.py").write_text(OWN.replace("def mine", "def system"))
    (checkout.folder / "helper.py").write_text("VERSION = 1\n")
    checkout.edit(f"studies/{STUDY}.yaml", "criterion: magnitude", "criterion: os.system")
    said = checkout.study()
    assert "taken" not in said
    assert set((checkout.folder / "said.txt").read_text().split()) == {"1"}
    checkout.call("prunestudy", "verify", *PARAMS)
    sidecar = checkout.find(f"models/{STUDY}/wdbc/seed0/traditional-????????????.json")
    assert set(json.loads(sidecar.read_text())["parts"]["params"]["user_code"]) == {"os.system"}


def test_jobs_of_one_forkserver_load_the_file_as_it_is(checkout: Checkout) -> None:
    (checkout.folder / "own.py").write_text(OWN)
    (checkout.folder / "helper.py").write_text("VERSION = 1\n")
    checkout.edit(f"studies/{STUDY}.yaml", "criterion: magnitude", "criterion: own.mine")
    code = """
import os, subprocess, sys
from pathlib import Path
from prunestudy.params.reader import read_study
from prunestudy.plan.plan import Plan
from prunestudy.run.forkserver import forkserver
from prunestudy.run.processes import job_environment
params = Path(sys.argv[1])
with forkserver(job_environment(), {"prune": "prunestudy.pruning.trajectory"}) as environment:
    for version in (1, 2):
        Path("helper.py").write_text(f"VERSION = {version}\\n")
        made = Plan(read_study(params)).find("prune", task="wdbc", seed=0, method="traditional")
        command = ["prunestudy", "prune", "--params", str(params), *made.arguments()]
        subprocess.run([*command, "--out", str(made.path)], env=environment, check=True)
        print(version, made.path)
"""
    process = start(checkout, "python", "-c", code, f"studies/{STUDY}.yaml")
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    versions = (checkout.folder / "said.txt").read_text().split()
    assert sorted(set(versions)) == ["1", "2"]
    assert versions == sorted(versions)
    [first, second] = [line.split()[1] for line in said.splitlines() if line[:1] in "12"]
    assert first != second
