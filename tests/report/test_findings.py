"""The finding: every number is in the tables, and a loss is called a loss, first."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from prunestudy.analysis.budget import best
from prunestudy.analysis.inputs import read_inputs
from prunestudy.plan.plan import Plan
from prunestudy.pruning.settings import Baseline, SameRatios
from prunestudy.report import formatting
from prunestudy.report.blocks import Sentence
from prunestudy.report.contents import Contents
from prunestudy.report.findings import finding
from prunestudy.report.sections import sections
from prunestudy.report.words import marked, text
from tests.report.fabricated import make_study, write_tables

METHODS = ("traditional", "other", "adaptive")


def contents_of(
    folder: Path,
    final_params: int = 300,
    test_change: float = 0.0,
    seeds: int = 5,
    methods: tuple[str, ...] = METHODS,
) -> Contents:
    study = make_study(seeds=seeds, methods=methods)
    write_tables(study, folder / "given", final_params, test_change)
    return Contents(read_inputs(Plan(study), folder / "given", "f" * 64))


def told(sentences: list[Sentence]) -> str:
    return " ".join(sentence.text for sentence in sentences)


def place_of(contents: Contents, words: str) -> int:
    """Which sentence of the finding has these words."""
    [place] = [n for n, sentence in enumerate(contents.finding) if words in sentence.text]
    return place


def test_smaller_networks_are_told_as_a_win(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    assert set(contents.headline["params_verdict"]) == {"lower"}
    assert "adaptive needs fewer parameters than traditional on numbers" in told(contents.finding)


def test_every_number_of_the_finding_is_in_the_tables(tmp_path: Path) -> None:
    contents = contents_of(tmp_path, test_change=-0.01)
    rows = contents.headline[contents.headline["second"] == "traditional"]
    known = {"95", "64", str(len(contents.inputs.study.seeds))}
    for name, mean in (("params", "params_ratio"), ("time", "time_ratio")):
        for column in (mean, f"{name}_low", f"{name}_high"):
            known |= {formatting.significant(value) for value in rows[column]}
    for column in ("test_difference", "test_low", "test_high"):
        known |= {formatting.change(value).lstrip("+−") for value in rows[column]}
    pairs = contents.comparisons[contents.comparisons["second"] == "traditional"]
    known |= {str(len(pairs))}
    known |= {str((pairs["verdict"] == name).sum()) for name in ("lower", "higher")}
    known |= {str((pairs["verdict"] == "no difference").sum())}
    numbers = re.findall(r"\d+(?:\.\d+)?", told(contents.finding))
    assert len(numbers) > 20
    assert set(numbers) <= known


def test_larger_networks_are_told_as_a_loss_first(tmp_path: Path) -> None:
    # Beyond 500 parameters the 2× network is the smallest, so take that away from adaptive.
    study = make_study()
    write_tables(study, tmp_path / "given", 800, 0.0)
    results = pd.read_csv(tmp_path / "given" / "results.csv", dtype={"point": str})
    own = (results["method"] == "adaptive") & (results["point"] == "2")
    results.loc[own, "val"] = 0.5
    results.to_csv(tmp_path / "given" / "results.csv", index=False)
    contents = Contents(read_inputs(Plan(study), tmp_path / "given", "f" * 64))
    first = contents.finding[0].text
    assert "adaptive needs more parameters than traditional on numbers (1.60×" in first
    assert "fewer" not in told(contents.finding)


def test_a_loss_of_quality_comes_before_the_gain_in_size(tmp_path: Path) -> None:
    contents = contents_of(tmp_path, test_change=-0.1)
    assert "adaptive has lower test quality than traditional" in contents.finding[0].text
    assert "needs fewer parameters" not in contents.finding[0].text


def test_the_smallest_network_is_chosen_by_validation_alone(tmp_path: Path) -> None:
    contents = contents_of(tmp_path, test_change=-0.5)
    chosen = contents.within_budget
    assert set(chosen.loc[chosen["method"] == "adaptive", "point"]) == {"final"}
    assert set(chosen.loc[chosen["method"] == "traditional", "point"]) == {"2"}
    assert (chosen["val"] >= chosen["budget"]).all()


def test_the_dense_network_stands_in_where_nothing_qualifies(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    networks = contents.inputs.networks
    none = networks.assign(
        val=networks["val"].where(networks["method"].isin(["dense", "adaptive"]), 0.1)
    )
    contents = Contents(replace(contents.inputs, networks=none))
    chosen = contents.within_budget
    assert set(chosen.loc[chosen["method"] == "traditional", "point"]) == {"1"}
    assert any("the dense network stands in" in note.text for note in contents.caveats)


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        (1, "n = 1: no interval"),
        (3, "With 3 seeds the intervals are wide"),
        (5, "cannot give a two-sided p below 0.0625"),
    ],
)
def test_small_samples_are_called_small(tmp_path: Path, seeds: int, words: str) -> None:
    contents = contents_of(tmp_path, seeds=seeds)
    assert words in told(contents.caveats)


def test_one_seed_gives_no_verdict(tmp_path: Path) -> None:
    contents = contents_of(tmp_path, seeds=1)
    words = told(contents.finding)
    assert "n = 1, no interval" in words
    assert "one seed allows no verdict in parameters between adaptive and traditional" in words
    assert "without a verdict in 4 of 4 paired comparisons with traditional" in words
    assert not re.search(r"fewer|more|lower|higher|less time", words)


def test_a_diverged_network_gives_no_verdict(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    networks = contents.inputs.networks
    lost = (networks["method"] == "traditional") & (networks["seed"] == 0)
    diverged = networks.assign(test=networks["test"].mask(lost))
    contents = Contents(replace(contents.inputs, networks=diverged))
    words = told(contents.finding)
    assert "test quality of adaptive or traditional is not measured on numbers and classes" in words
    assert "without a verdict in 4" in words


def test_a_loop_bound_by_latency_is_told_by_the_fastest_networks(tmp_path: Path) -> None:
    study = make_study(methods=("traditional", "adaptive", "hurried", "rounded"))
    write_tables(study, tmp_path / "given", 300, 0.0)
    results = pd.read_csv(tmp_path / "given" / "latency.csv", dtype={"point": str})
    # Its 2x network is four times as fast as others of that size.
    own = (results["method"] == "hurried") & (results["point"] == "2")
    results.loc[own, "latency_ratio_b64"] *= 4
    results.to_csv(tmp_path / "given" / "latency.csv", index=False)
    contents = Contents(read_inputs(Plan(study), tmp_path / "given", "f" * 64))
    rows = contents.latency_headline
    assert set(rows["first"]) == {"hurried"}
    assert set(rows["second"]) == {"traditional", "adaptive", "rounded"}
    assert set(rows["task"]) == {"numbers"}
    against = rows[rows["second"] == "traditional"]
    assert against["time_ratio"].tolist() == pytest.approx([0.25] * len(against))
    *_others, last, fair = (sentence.text for sentence in contents.finding)
    told = {"first": "hurried", "second": "traditional", "rounded": "", "told": "hurried takes"}
    assert last.startswith(text("finding.others.latency", **told).rstrip("."))
    assert "hurried takes less time than traditional on" in last
    # The fair opponent stands in the finding too.
    assert "(hurried ÷ rounded time, rounded to the same widths)" in fair
    assert "fastest-within-budget" in {figure.name for figure in contents.size_figures}
    assert contents.controller_figure is not None
    titles = [panel.title for panel in contents.controller_figure.panels]
    assert "numbers, hurried: ms for a batch of 64" in titles
    assert not any(title.startswith("classes, hurried") for title in titles)
    assert not ((contents.cost["method"] == "hurried") & (contents.cost["task"] == "classes")).any()
    logs = [block for section in sections(contents) for block in section.blocks]
    assert not any("classes, hurried" in getattr(block, "summary", "") for block in logs)


def test_a_loss_to_any_method_comes_before_what_is_won(tmp_path: Path) -> None:
    study = make_study(methods=("traditional", "other", "adaptive", "hurried", "rounded"))
    write_tables(study, tmp_path / "given", 300, 0.0)
    latency = pd.read_csv(tmp_path / "given" / "latency.csv", dtype={"point": str})
    # The loop that latency binds is ten times slower than every other method.
    own = latency["method"] == "hurried"
    latency.loc[own, "latency_ratio_b64"] /= 10
    latency.to_csv(tmp_path / "given" / "latency.csv", index=False)
    contents = Contents(read_inputs(Plan(study), tmp_path / "given", "f" * 64))
    lost = place_of(contents, "hurried takes more time than traditional")
    assert lost < place_of(contents, "adaptive needs fewer parameters than traditional")


def test_a_method_that_needs_no_more_than_the_focus_stands_in_the_finding(
    tmp_path: Path,
) -> None:
    study = make_study(methods=("traditional", "other", "adaptive"))
    write_tables(study, tmp_path / "given", 300, 0.0)
    results = pd.read_csv(tmp_path / "given" / "results.csv", dtype={"point": str})
    rows = (results["method"] == "other") & (results["point"] == "2")
    results.loc[rows, ["params", "params_nonzero"]] = 30
    results.to_csv(tmp_path / "given" / "results.csv", index=False)
    contents = Contents(read_inputs(Plan(study), tmp_path / "given", "f" * 64))
    lost = place_of(
        contents, "eside the other methods, adaptive needs more parameters than other on numbers"
    )
    assert lost < place_of(contents, "adaptive needs fewer parameters than traditional")


def test_one_network_is_measured_once(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    networks = contents.inputs.networks
    own = (networks["method"] == "traditional") & (networks["point"] == "4")
    twice = networks.copy()
    # The same file serves 2x and 4x; its two timings are far apart.
    half = (networks["method"] == "traditional") & (networks["point"] == "2")
    twice.loc[own, "artifact_sha256"] = networks.loc[half, "artifact_sha256"].iloc[0]
    twice.loc[own, ["latency_ratio_b64", "val"]] = [8.0, 0.9]
    inputs = replace(contents.inputs, networks=twice)
    chosen = Contents(inputs).fastest
    ratios = chosen.loc[chosen["method"] == "traditional", "latency_ratio_b64"]
    assert ratios.tolist() == pytest.approx([4.0] * len(ratios))


def test_networks_of_unequal_compression_are_not_compared(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    networks = contents.inputs.networks
    off = (networks["method"] == "other") & (networks["point"] == "2")
    far = networks.assign(compression=networks["compression"].where(~off, 3.0))
    pairs = Contents(replace(contents.inputs, networks=far)).comparisons
    assert set(pairs.loc[pairs["second"] == "other", "point"]) == {"4"}
    assert set(pairs.loc[pairs["second"] == "traditional", "point"]) == {"2", "4"}


def test_the_epochs_of_the_search_are_told(tmp_path: Path) -> None:
    notes = told(contents_of(tmp_path).caveats)
    # The log ends with seven epochs; each of two networks of traditional has four.
    assert "adaptive against traditional, mean: 7 against 8 on numbers" in notes


def test_layers_are_counted_stage_by_stage(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    stages = contents.layer_stages
    first = stages[(stages["task"] == "numbers") & (stages["seed"] == 0)]
    assert first["verdict"].unique().tolist() == ["analysed", "accepted", "final", "mapped"]
    assert first.loc[first["verdict"] == "analysed", "units"].tolist() == [20, 10]
    assert first.loc[first["verdict"] == "accepted", "share"].tolist() == [17 / 20, 7 / 10]
    sensitivity = contents.layer_sensitivity
    assert sensitivity["n"].tolist() == [5, 5]
    assert sensitivity["drop"].tolist() == pytest.approx([0.01, 0.01])


def test_losses_in_quality_and_time_to_any_method_are_told(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    headline = contents.headline.copy()
    other = headline["second"] == "other"
    headline.loc[other, ["test_verdict", "time_verdict"]] = ["lower", "higher"]
    words = [one.text for one in findings_of(contents, headline)]
    [said] = [text for text in words if "beside the other methods" in text.lower()]
    assert "adaptive has lower test quality than other on numbers" in said
    assert "adaptive takes more time than other on numbers" in said


def test_a_gain_that_does_not_outlast_the_correction_is_told_as_that(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    certain = contents.headline
    assert (certain["params_verdict"] == "lower").all()
    assert (certain["params_p_t_holm"] < 0.05).all()
    assert "not once corrected" not in told(findings_of(contents, certain))
    doubtful = certain.assign(params_p_t_holm=0.2)
    words = told(findings_of(contents, doubtful))
    chance = "by its interval, but not once corrected for 2 comparisons, "
    assert f"{chance}adaptive needs fewer parameters than traditional on numbers" in words
    assert f"{chance}adaptive needs fewer parameters than other on numbers" in words


def findings_of(contents: Contents, headline: pd.DataFrame) -> list[Sentence]:
    """The finding with another headline."""
    return finding(contents.inputs, headline, contents.comparisons, contents.latency_headline)


def test_methods_that_share_no_task_make_no_headline(tmp_path: Path) -> None:
    study = make_study(methods=("traditional", "adaptive"))
    apart = {
        name: method.model_copy(update={"tasks": [task]})
        for (name, method), task in zip(study.methods.items(), study.tasks, strict=True)
    }
    study = study.model_copy(update={"methods": apart})
    write_tables(study, tmp_path / "given", 300, 0.0)
    contents = Contents(read_inputs(Plan(study), tmp_path / "given", "f" * 64))
    assert contents.inputs.questions == []
    assert contents.headline_figures == []
    assert contents.finding[0].text.startswith("This study compares 2 methods")


def test_ratios_go_up_to_where_quality_collapses_or_networks_end(tmp_path: Path) -> None:
    inputs = contents_of(tmp_path).inputs

    def judged(**tables: pd.DataFrame) -> tuple[str, str]:
        [item] = [one for one in Contents(replace(inputs, **tables)).checklist if one.id == "C8"]
        return item.status, item.evidence

    # Networks of the made-up study lose almost half at 4×, and next to nothing at 2×.
    status, evidence = judged()
    assert status == "PASS"
    assert "on numbers at 4×; " in evidence
    large = inputs.networks[inputs.networks["point"] != "4"]
    status, evidence = judged(networks=large, unreachable=inputs.unreachable.iloc[:0])
    assert status == "FAIL"
    assert "allows no network" not in evidence
    # One task's networks end at 2×: that is not enough; both tasks' are.
    status, _evidence = judged(networks=large)
    assert status == "FAIL"
    both = pd.concat([inputs.unreachable, inputs.unreachable.assign(task="numbers")])
    status, evidence = judged(networks=large, unreachable=both)
    assert status == "PASS"
    assert evidence.count("at 2×, beyond which the floor of layers allows no network") == 2


def test_no_baseline_is_the_best_network(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    chosen = contents.within_budget
    study = contents.inputs.study
    assert set(best(study, chosen)["method"]) == {"adaptive"}
    baselines = {
        "small": Baseline(baseline="scratch_e", shapes_of="adaptive"),
        "alike": SameRatios(criterion="magnitude", layer_ratios_from="adaptive"),
    }
    study = study.model_copy(update={"methods": {**study.methods, **baselines}})
    smaller = chosen[chosen["method"] == "adaptive"].assign(params_nonzero=10)
    both = [smaller.assign(method=name) for name in baselines]
    assert set(best(study, pd.concat([chosen, *both]))["method"]) == {"adaptive"}
    # Dense networks are no result of pruning; test quality has no say.
    dense = chosen.assign(point="1")
    assert best(study, dense).empty
    twins = pd.concat([chosen, smaller.assign(seed=9, val=1.0, test=0.0)])
    twins = pd.concat([twins, smaller.assign(seed=8, val=0.5, test=1.0)])
    assert set(best(study, twins)["seed"]) == {9}


def test_what_only_the_interval_shows_is_told_as_that(tmp_path: Path) -> None:
    contents = contents_of(tmp_path)
    # Beside none by its interval, but within the spread between seeds.
    worse = contents.headline.assign(
        params_verdict="no difference", params_ratio=1.2, params_low=1.1, params_high=1.3
    )
    sentences = findings_of(contents, worse)
    [first] = [one.text for one in sentences if "n size (adaptive ÷ traditional)" in one.text]
    said = "by its interval, but within the spread between seeds and so no difference, "
    assert f"{said}adaptive needs more parameters than traditional on numbers (1.20×" in first
    assert "show no difference" not in first
    beside = told([one for one in sentences if one.text != first])
    assert f"{said}adaptive needs more parameters than other on numbers" in beside
    better = worse.assign(params_ratio=0.5, params_low=0.4, params_high=0.6)
    assert f"{said}adaptive needs fewer parameters than traditional on numbers" in told(
        findings_of(contents, better)
    )


@pytest.mark.parametrize(
    ("verdict", "interval", "p", "text"),
    [
        ("no difference", (0.9, 1.1), 0.5, "no difference"),
        ("no difference", (0.8, 0.9), 0.01, "no difference ↓"),
        ("no difference", (1.1, 1.2), 0.01, "no difference ↑"),
        ("lower", (0.8, 0.9), 0.01, "lower"),
        ("lower", (0.8, 0.9), 0.2, "lower †"),
        ("one seed", (float("nan"), float("nan")), float("nan"), "one seed"),
    ],
)
def test_tables_mark_what_a_verdict_leaves_out(
    verdict: str, interval: tuple[float, float], p: float, text: str
) -> None:
    assert marked(1.0, verdict, *interval, p, 0.95) == text
