"""More of the checklists: Blalock et al. 2020, appendix (C), Wang et al. 2023, Feng et al. 2024.

Each line is judged from the study's own tables and parameters, and says from what.
"""

from collections.abc import Callable

import pandas as pd
from ruamel.yaml import YAML

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.rank_correlation import oracle
from prunestudy.params.documented import documented
from prunestudy.params.reader import check_study
from prunestudy.pruning.settings import Baseline, Method, OpenLoop, criteria_of
from prunestudy.report import formatting
from prunestudy.report.checks import Outcome, judged
from prunestudy.settings.parts import is_dotted
from prunestudy.store.names import DENSE, FINAL

# Criteria by the decade of their source: OBD is LeCun et al. 1990, magnitude Han et al. 2015 (and
# older), the others are of 2016 and later.
OLD = ("obd",)
RECENT = ("taylor", "snip", "bn_scale", "gradient", "sensitivity", "activation_entropy")
# A method has collapsed where it lost more than this share of the dense quality.
COLLAPSE = 0.1


def _plain_methods(inputs: Inputs) -> dict[str, Method]:
    """Methods with networks that choose by themselves what goes: no controls, no proportions."""
    return {name: inputs.study.methods[name] for name in inputs.compared if name in inputs.measured}


def _baselines(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    methods = _plain_methods(inputs).values()
    criteria = {one.criterion for one in methods if isinstance(one, OpenLoop)}
    found = {
        "magnitude": "magnitude" in criteria,
        "a criterion of recent work": bool(criteria & set(RECENT)),
        "one from before 2010 (OBD)": bool(criteria & set(OLD)),
    }
    lacking = [name for name, there in found.items() if not there]
    named = formatting.listed(sorted(criteria))
    evidence = f"methods by {named}"
    if lacking:
        evidence += f"; without {formatting.listed(lacking)}"
    return judged(not lacking, evidence)


def _reimplementable(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    criteria = {name for one in inputs.study.methods.values() for name in criteria_of(one)}
    own = sorted(name for name in criteria if is_dotted(name))
    if own:
        return "FAIL", f"the code of {formatting.listed(own)} is not part of this page; describe it"
    return judged(
        check_study(YAML(typ="safe", pure=True).load(documented(inputs.study))) == inputs.study,
        "the parameters under “How to reproduce” read back as this very study, defaults included; "
        "the code is pinned by the run keys",
    )


def _claims(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    largest = inputs.networks.loc[inputs.networks["method"] == DENSE, "params"].max()
    lost = [task for task in inputs.study.tasks if task not in inputs.tasks]
    unmeasured = [name for name in inputs.methods if name not in inputs.measured]
    evidence = (
        f"sentences are generated from the tables of {formatting.listed(inputs.tasks)}, and followed "
        f"by their scope: dense networks of at most {formatting.count(largest)} parameters"
    )
    if lost or unmeasured:
        evidence += f"; without a network: {formatting.listed([*lost, *unmeasured])}"
    return judged(not lost and not unmeasured, evidence)


def _code(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    commits = sorted({formatting.commit(one) for one in inputs.timings["git_commit"].dropna()})
    link = inputs.study.report.code
    if not link:
        return "FAIL", "no link; give the address of the code as report.code"
    evidence = f"{link}, commit {formatting.listed(commits) or 'unknown'}"
    # What ran was edited after its commit, so that no address leads to it.
    edited = any(name.endswith(formatting.EDITED) for name in commits)
    return judged(bool(commits) and not edited, evidence)


def _architectures(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    names = sorted(set(inputs.networks["network"]))
    return judged(
        bool(names), f"{formatting.listed(names)} in the table of tasks, layers in the parameters"
    )


def _pipeline(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    described = set(inputs.datasets["task"])
    return judged(
        set(inputs.tasks) <= described,
        "rows of each part, split seed and scaling in the table of data sets; one prepared data "
        "set for every method of a task",
    )


def _environment(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    machines = [
        f"{row['processor']} with {row['cores']:g} cores and {row['memory_gb']:g} GiB"
        for row in inputs.timings[["processor", "cores", "memory_gb"]]
        .dropna()
        .drop_duplicates()
        .to_dict("records")
    ]
    return judged(
        bool(machines), f"{formatting.listed(machines)}; packages under “How to reproduce”"
    )


def _until_collapse(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    told: list[str] = []
    whole = True
    for task in inputs.tasks:
        of_task = summary[summary["task"] == task]
        rows = of_task[of_task["point"].isin(inputs.points)]
        rows = rows[rows["method"].isin(inputs.compared)]
        dense = of_task.loc[of_task["method"] == DENSE, "test_mean"].mean()
        if rows.empty:
            continue
        last = max(rows["point"], key=float)
        lost = float(1 - rows.loc[rows["point"] == last, "test_mean"].min() / dense)
        smallest = _is_smallest(inputs, task, last)
        whole &= lost > COLLAPSE or smallest
        told.append(
            f"{formatting.percent(round(lost, 3))} on {task} at {last}×"
            f"{', beyond which the floor of layers allows no network' if smallest else ''}"
        )
    if not told:
        return "FAIL", "no network at an operating point"
    return judged(whole, f"largest loss of a method: {'; '.join(told)}")


def _is_smallest(inputs: Inputs, task: str, last: str) -> bool:
    """Whether the study asks for smaller networks of a task than there can be."""
    asked = [point for point in inputs.points if float(point) > float(last)]
    listed = inputs.unreachable[inputs.unreachable["task"] == task]
    return bool(asked) and set(asked) <= set(listed["point"])


def _raw_quality(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    whole = inputs.networks[["val", "test"]].notna().all(axis=1)
    return judged(
        bool(whole.all()),
        f"validation and test quality of {int(whole.sum())} of {len(whole)} networks, results.csv",
    )


def _seeds(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    dense = inputs.networks[inputs.networks["method"] == DENSE]
    differing = dense.groupby("task")["artifact_sha256"].nunique()
    seeds = len(inputs.study.seeds)
    return judged(
        seeds >= 2 and bool((differing == dense.groupby("task").size()).all()),
        f"{formatting.plural(seeds, 'seed')}; each has a dense network of its own, from its own "
        "initialisation and order of batches",
    )


def _error_bars(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    points = summary[summary["point"].isin(inputs.points)]
    having = points["test_low"].notna()
    return judged(
        len(points) > 0 and bool(having.all()),
        f"{formatting.percent(inputs.level)} t intervals over seeds for {int(having.sum())} of "
        f"{len(points)} means at operating points, named in figures and tables; sd is the sample "
        "standard deviation",
    )


def _macs(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    return judged(
        bool(inputs.networks["macs"].notna().all()),
        "multiply–adds of every network beside its measured latency",
    )


def _like(criterion: str, *allocations: str) -> Callable[[Inputs, pd.DataFrame], Outcome]:
    """Baselines of a criterion: by itself, and with the reference method's own proportions."""

    def rule(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
        methods = inputs.study.methods
        alone = [
            name
            for name, one in _plain_methods(inputs).items()
            if isinstance(one, OpenLoop)
            and one.criterion == criterion
            and one.allocation in allocations
        ]
        like = [
            name
            for name, one in methods.items()
            if isinstance(one, OpenLoop)
            and one.criterion == criterion
            and one.reference == inputs.reference
            and name in inputs.measured
        ]
        missing = [] if alone else [f"by itself ({' or '.join(allocations)})"]
        missing += [] if like else [f"with the proportions of {inputs.reference}"]
        evidence = formatting.listed([*alone, *like]) or "none"
        if missing:
            evidence += f"; without one {formatting.listed(missing)}"
        return judged(not missing, evidence)

    return rule


def _others_numbers(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    jobs = set(inputs.timings.loc[inputs.timings["step"].isin(["train", "prune"]), "run_key"])
    own = inputs.networks["run_key"].isin(jobs)
    return judged(
        bool(own.all()),
        f"{int(own.sum())} of {len(own)} networks are of this study's own jobs; no number is "
        "copied from elsewhere",
    )


def setup_level(inputs: Inputs) -> tuple[str, str]:
    """The level of fairness of the comparison and what speaks for it.

    S1: the same data sets; S2: the same dense networks too; S3.1: the same retraining epochs too;
    S3.2: the same learning-rate schedule of retraining too.
    """
    compared = [inputs.study.methods[name] for name in inputs.compared]
    if any(isinstance(method, OpenLoop) and method.start != "trained" for method in compared):
        return "S1", "some methods do not start from the trained dense network"
    pruned = inputs.networks[
        inputs.networks["method"].isin(inputs.compared) & (inputs.networks["point"] != FINAL)
    ]
    if pruned.empty:
        return "S1", "no network at an operating point"
    if (pruned.groupby("task")["epochs"].nunique() > 1).any():
        return "S2", "the retraining epochs differ between methods"
    schedules = {
        "finetune" if method.retraining == "distill" else method.retraining for method in compared
    }
    if len(schedules) > 1:
        return "S3.1", f"the retraining differs: {formatting.listed(sorted(schedules))}"
    return "S3.2", "the same dense network, retraining epochs and learning-rate schedule"


def _fair(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    level, why = setup_level(inputs)
    return judged(level == "S3.2", f"{level}: {why}")


def _scratch(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    methods = inputs.study.methods
    measured = {name: methods[name] for name in inputs.methods if name in inputs.measured}
    controls = {one.control: name for name, one in measured.items() if isinstance(one, Baseline)}
    missing = [name for name in ("scratch_e", "scratch_b") if name not in controls]
    found = [controls[name] for name in ("scratch_e", "scratch_b") if name in controls]
    evidence = formatting.listed(found) or "none"
    if "scratch_b" in controls:
        evidence += "; equal compute up to twice the epochs, as its authors do"
    if missing:
        evidence += f"; without {formatting.listed(missing)}"
    return judged(not missing, evidence)


def _after_retraining(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    table = oracle(inputs)
    if table.empty:
        return "N/A", "too few networks of equal size to rank"
    pruned = inputs.networks[inputs.networks["compression"] > 1]
    retrained = pruned["epochs"] > 0
    return judged(
        bool(retrained.all()),
        f"{int(retrained.sum())} of {len(pruned)} pruned networks were retrained before their "
        "quality was read; Kendall's τ between quality before and after, within a seed: from "
        f"{formatting.effect(table['tau'].min())} to {formatting.effect(table['tau'].max())} at "
        f"{formatting.plural(len(table), 'operating point')} (oracle.csv)",
    )


RULES: dict[str, tuple[str, Callable[[Inputs, pd.DataFrame], Outcome]]] = {
    "C1": ("Compared with magnitude, with recent and with pre-2010 work", _baselines),
    "C2": ("Algorithm and hyper-parameters suffice to implement it again", _reimplementable),
    "C3": ("Claims are limited to what was tested", _claims),
    "C4": ("Link to the code", _code),
    "C5": ("Architectures described", _architectures),
    "C6": ("Data pipeline described", _pipeline),
    "C7": ("Library and hardware named", _environment),
    "C8": ("Ratios up to where quality collapses, or networks end", _until_collapse),
    "C9": ("Raw quality at every point, not only differences", _raw_quality),
    "C10": ("Several seeds, initialisation included", _seeds),
    "C11": ("Error bars defined", _error_bars),
    "C12": ("Multiply–adds where efficiency is claimed", _macs),
    "C13": (
        "Random baselines, global and with the method's own proportions",
        _like("random", "global"),
    ),
    "C14": (
        "Magnitude baselines, global or uniform, and with the method's own proportions",
        _like("magnitude", "global", "uniform"),
    ),
    "C15": ("Where other methods' numbers come from", _others_numbers),
    "S": ("Setup of the comparison is at least S3.2 (Wang et al. 2023)", _fair),
    "S-scratch": ("Small dense networks from scratch: Scratch-E and Scratch-B", _scratch),
    "O": ("Evaluated after retraining; τ against before (Feng et al. 2024)", _after_retraining),
}
