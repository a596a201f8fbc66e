"""What the checklist holds a study to, line by line; its evidence is among the golden texts."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from prunestudy.data.settings import Data
from prunestudy.report import checks
from prunestudy.report.contents import Contents
from tests.report.fabricated import EVERY, contents_of, make_study


def status(contents: Contents, line: str, **tables: pd.DataFrame) -> str:
    """How a line comes out, with other tables."""
    changed = Contents(replace(contents.inputs, **tables))
    [item] = [one for one in changed.checklist if one.id == line]
    return item.status


def test_ratios_go_up_to_where_quality_collapses_or_networks_end(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    networks, unreachable = contents.inputs.networks, contents.inputs.unreachable
    # Networks of the made-up study lose almost half at 4×, and next to nothing at 2×.
    assert status(contents, "C8") == "PASS"
    large = networks[networks["point"] != "4"]
    assert status(contents, "C8", networks=large, unreachable=unreachable.iloc[:0]) == "FAIL"
    # One task's networks end at 2×: that is not enough; both tasks' are.
    assert status(contents, "C8", networks=large) == "FAIL"
    both = pd.concat([unreachable, unreachable.assign(task="numbers")])
    assert status(contents, "C8", networks=large, unreachable=both) == "PASS"


def test_a_line_fails_where_what_it_asks_for_is_missing(tmp_path: Path) -> None:
    contents = contents_of(tmp_path, make_study(methods=EVERY))
    networks, timings = contents.inputs.networks, contents.inputs.timings
    dense = networks["method"] == "dense"
    lacking = {
        "R1": {"networks": networks.assign(metric=["r2", *["accuracy"] * (len(networks) - 1)])},
        "R3": {"networks": networks.assign(speedup_macs=networks["speedup_macs"].mask(dense))},
        "R5": {"networks": networks[~(dense & (networks["seed"] == 1))]},
        "R8": {"networks": networks[networks["seed"] == 0]},
        "R9": {"networks": networks.assign(epochs=range(len(networks)))},
        "C3": {"networks": networks[networks["method"] != "other"]},
        "C6": {"datasets": contents.inputs.datasets.iloc[:1]},
        "C7": {"timings": timings.assign(processor=None)},
        "C9": {"networks": networks.assign(val=networks["val"].mask(dense))},
        "C10": {"networks": networks.assign(artifact_sha256="the same")},
        "C12": {"networks": networks.assign(macs=networks["macs"].mask(dense))},
        "C14": {"networks": networks[networks["method"] != "alike"]},
        "C15": {"networks": networks.assign(run_key="another")},
        "S": {"networks": networks.assign(epochs=range(len(networks)))},
    }
    whole = {item.id: item.status for item in contents.checklist}
    for line, tables in lacking.items():
        assert whole[line] == "PASS", line
        assert status(contents, line, **tables) == "FAIL", line


@pytest.mark.parametrize("data", [{"csv": "birds.csv", "target": "bird"}, {"name": "digits"}])
def test_data_of_many_classes_need_top_five(data: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks, "dataset_of", lambda _data: SimpleNamespace(classes=range(120)))
    [task, *_] = make_study().tasks.values()

    def told(**metrics: Any) -> tuple[bool | None, str]:
        own = task.model_copy(update={"data": Data(**data), "metric": "accuracy", **metrics})
        inputs: Any = SimpleNamespace(study=SimpleNamespace(tasks={"birds": own}))
        return checks.top_five(inputs, pd.DataFrame())

    name = Data(**data).called
    assert told() == (False, f"no top-5 quality for {name}")
    assert told(metrics=["top_5"]) == (True, f"top-5 quality for {name}")


def test_a_network_that_gained_has_a_minus_sign(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    summary = contents.summary
    better = summary["test_mean"].mask(summary["method"] != "dense", 2.0)
    told = checks.until_collapse(contents.inputs, summary.assign(test_mean=better))[1]
    assert "−" in told
    assert "-" not in told
