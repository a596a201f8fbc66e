"""The command: its options, the parts one by one, and where their page goes."""

import argparse
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from prunestudy.errors import StudyError
from prunestudy.gpu_check.machine import circumstances
from prunestudy.gpu_check.outcome import FAILED, Outcome, attempted, tell
from prunestudy.gpu_check.page import as_json, page
from prunestudy.gpu_check.parts import Check
from prunestudy.gpu_check.speed import LOADS
from prunestudy.gpu_check.studies import ACCELERATOR
from prunestudy.networks.determinism import set_up_torch
from prunestudy.store.accelerators import missing_gpu
from prunestudy.store.files import write_text
from prunestudy.store.scratch import scratch_folder
from prunestudy.training.device import device_of
from prunestudy.training.settings import Compute

# The page in docs tells of a GPU alone.
OUT = {"cuda": Path("docs"), "cpu": Path(".scratch/gpu-check")}
PAGE, JSON = "gpu.md", "gpu.json"
# A part begins within so many seconds only, so that all end within eight minutes.
LATEST = 360.0


def run(arguments: list[str]) -> int:
    """Run the check.

    Returns:
        0 if no part has failed, 1 if one has, 2 if there is no such device.
    """
    begin = time.monotonic()
    asked = _parser().parse_args(arguments)
    # Before CUDA starts, since it reads some of it only then.
    set_up_torch(0)
    try:
        device = device_of(Compute.model_validate({"accelerator": ACCELERATOR[asked.device]}))
    except StudyError as error:
        tell(missing_gpu() or str(error))
        return 2
    load = LOADS["quick" if asked.quick else asked.device]
    if asked.steps is not None:
        load = replace(load, steps=asked.steps)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    ran_on = circumstances(device, asked.commit)
    out = asked.out or OUT[asked.device]
    out.mkdir(parents=True, exist_ok=True)
    outcomes: dict[str, Outcome] = {}
    with scratch_folder() as folder:
        check = Check(device, load, folder, asked.quick)
        parts = {
            "Tests on the device": check.tests,
            "Two runs, the same bytes": check.repeated,
            "Agreement with the CPU": check.agrees,
            "Residual networks": check.speed,
        }
        for title, part in parts.items():
            outcomes[title] = attempted(title, part, LATEST - (time.monotonic() - begin))
            # After each, in case that something ends the check itself.
            write_text(out / PAGE, page(ran_on, outcomes, at))
            write_text(out / JSON, as_json(ran_on, outcomes, at))
    tell(f"{sum(one.seconds for one in outcomes.values()):.0f} s; the page is {out / PAGE}")
    return int(any(one.verdict == FAILED for one in outcomes.values()))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gpu-check", description="Try what needs a GPU.")
    parser.add_argument("--device", choices=OUT, default="cuda")
    parser.add_argument("--out", type=Path, help="folder of the page (default: by the device)")
    parser.add_argument("--quick", action="store_true", help="the least of each part")
    parser.add_argument("--steps", type=_positive, help="steps of a timed training")
    parser.add_argument("--commit", default="", help="what is checked, where git does not tell")
    return parser
