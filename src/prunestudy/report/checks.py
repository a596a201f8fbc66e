"""What judges each line of the checklist: whether it holds, and the evidence for it.

Each is a function of the inputs and the summary of operating points; ``None``: not applicable.
"""

import re
from functools import partial

import pandas as pd
from ruamel.yaml import YAML

from prunestudy.analysis.fairness import equally_retrained, retrainings, setup_level
from prunestudy.analysis.inputs import SMALL, Inputs
from prunestudy.analysis.rank_correlation import rank_correlation
from prunestudy.data.dataset import dataset_of
from prunestudy.params.documented import documented
from prunestudy.params.reader import check_study
from prunestudy.plan.keys import package_versions
from prunestudy.pruning.criteria.settings import criterion_info
from prunestudy.pruning.settings import Baseline, FixedRatios, criteria_of
from prunestudy.report import words
from prunestudy.report.formatting import (
    EDITED,
    commit,
    count,
    effect,
    listed,
    numbers_of_seeds,
    percent,
    plural,
)
from prunestudy.settings.parts import is_dotted
from prunestudy.store.names import DENSE, FINAL, point_label

Outcome = tuple[bool | None, str]
MANY_CLASSES = 100
STANDARD_POINTS = tuple(point_label(point) for point in (2, 4, 8, 16, 32))
# Work before this year is old, other than magnitude recent from then on.
RECENT_FROM = 2010
OLD = f"one from before {RECENT_FROM} (OBD)"
YEAR = re.compile(r"\b\d{4}\b")
# A method has collapsed where it lost more than this share of the dense quality.
COLLAPSE = 0.1


def setting(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    named = inputs.networks.groupby("task")[["network", "metric"]].nunique()
    holds = set(named.index) == set(inputs.study.tasks) and bool((named == 1).all(axis=None))
    return holds, f"{plural(len(inputs.tasks), 'task')} in the table of tasks"


def pairs(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    networks = inputs.networks.drop_duplicates("task").set_index("task")["network"]
    found = {(inputs.study.tasks[name].data.called, networks[name]) for name in inputs.tasks}
    largest = inputs.networks["params"].max()
    size = "all are small" if largest < SMALL else "not all are small"
    evidence = f"{plural(len(found), 'pair')}; {size}: at most {count(largest)} parameters"
    return len(found) >= 3, evidence


def _whole(columns: list[str], evidence: str, inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    """Whether every network has values in these columns."""
    whole = inputs.networks[columns].notna().all(axis=1)
    said = {"there": whole.sum(), "number": len(whole)}
    return bool(whole.all()), words.text(f"evidence.{evidence}", **said)


both_costs = partial(_whole, ["compression", "speedup_macs"], "both_costs")
raw_quality = partial(_whole, ["val", "test"], "raw_quality")
macs = partial(_whole, ["macs"], "macs")


def top_five(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    found = {task.data.called: task.data for task in inputs.study.tasks.values()}
    many = sorted(
        name for name, data in found.items() if len(dataset_of(data).classes) >= MANY_CLASSES
    )
    if not many:
        return None, f"no data set has {MANY_CLASSES} classes or more"
    told = {
        task.data.called
        for task in inputs.study.tasks.values()
        if "top_5" in (task.metric, *(task.metrics or ()))
    }
    lacking = [name for name in many if name not in told]
    if lacking:
        return False, f"no top-5 quality for {listed(lacking)}"
    return True, f"top-5 quality for {listed(many)}"


def dense_rows(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    wanted = {(task, seed) for task in inputs.tasks for seed in inputs.study.seeds}
    dense = inputs.networks[inputs.networks["method"] == DENSE]
    measured = dense.dropna(subset=["val", "test", "macs", "latency_ms_b64"])
    found = set(measured[["task", "seed"]].itertuples(index=False, name=None))
    there = len(found & wanted)
    return found == wanted, f"dense rows for {there} of {len(wanted)} tasks and seeds"


def curve(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    pruned = summary[summary["point"].isin(inputs.points)].groupby("task", sort=False)
    numbers = pruned[["method", "point"]].nunique()
    whole = set(numbers.index) == set(inputs.tasks) and bool((numbers >= 2).all(axis=None))
    told = [
        f"{task} {plural(methods, 'method')} at {plural(points, 'point')}"
        for task, methods, points in numbers.itertuples(name=None)
    ]
    return whole, listed(told) or "no network at an operating point"


def operating_points(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    missing = [point for point in STANDARD_POINTS if point not in inputs.points]
    evidence = f"points {', '.join(inputs.points)}"
    evidence += f"; without {', '.join(missing)}" if missing else ""
    # A network can be too small for a ratio: then the largest one that it allows is the last.
    reasons = set(inputs.unreachable[["task", "point"]].itertuples(index=False, name=None))
    short, unexplained = [], 0
    for task in inputs.tasks:
        reached = set(summary.loc[summary["task"] == task, "point"])
        lacking = [point for point in inputs.points_on(task) if point not in reached]
        unexplained += sum((task, point) not in reasons for point in lacking)
        if lacking:
            short.append(f"{task} has no network at {listed([f'{one}×' for one in lacking])}")
    evidence += f"; {'; '.join(short)}, listed as unreachable with reasons" if short else ""
    return len(inputs.points) >= 5 and not missing and not unexplained, evidence


def spread(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    seeds = summary.loc[summary["point"] != FINAL, "n"]
    return len(seeds) > 0 and bool((seeds >= 2).all()), f"{numbers_of_seeds(seeds)} seeds a point"


def same_code(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    library, same = package_versions(("prunestudy",))["prunestudy"], equally_retrained(inputs)
    evidence = f"every network by prunestudy {library} from the same data of a task and seed, "
    return same, evidence + ("the same" if same else "differing") + " retraining epochs"


def other_work(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    alone = [inputs.study.methods[name] for name in inputs.compared if name in inputs.measured]
    criteria = {one.criterion for one in alone if isinstance(one, FixedRatios)}
    sources = [criterion_info(name).source for name in criteria - {"magnitude"}]
    years = [int(year) for source in sources for year in YEAR.findall(source)]
    missing = [] if "magnitude" in criteria else ["magnitude"]
    missing += [] if max(years, default=0) >= RECENT_FROM else ["a criterion of recent work"]
    missing += [] if min(years, default=RECENT_FROM) < RECENT_FROM else [OLD]
    return not missing, f"methods by {listed(sorted(criteria))}" + _without(*missing)


def _without(*missing: str) -> str:
    return f"; without {listed(missing)}" if missing else ""


def reimplementable(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    methods = inputs.study.methods.values()
    own = sorted({name for one in methods for name in criteria_of(one) if is_dotted(name)})
    if own:
        return False, f"the code of {listed(own)} is not part of this page; describe it"
    read = check_study(YAML(typ="safe", pure=True).load(documented(inputs.study)))
    return read == inputs.study, words.text("evidence.reimplementable")


def claims(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    largest = inputs.networks.loc[inputs.networks["method"] == DENSE, "params"].max()
    lost = [task for task in inputs.study.tasks if task not in inputs.tasks]
    lost += [name for name in inputs.methods if name not in inputs.measured]
    evidence = words.text("evidence.claims", tasks=listed(inputs.tasks), largest=count(largest))
    return not lost, evidence + (f"; without a network: {listed(lost)}" if lost else "")


def code(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    commits = sorted({commit(one) for one in inputs.timings["git_commit"].dropna()})
    link = inputs.study.report.code
    if not link:
        return False, "no link; give the address of the code as report.code"
    # What ran was edited after its commit, so that no address leads to it.
    edited = any(name.endswith(EDITED) for name in commits)
    return bool(commits) and not edited, f"{link}, commit {listed(commits) or 'unknown'}"


def architectures(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    names = sorted(set(inputs.networks["network"]))
    return bool(names), f"{listed(names)} in the table of tasks, layers in the parameters"


def pipeline(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    return set(inputs.tasks) <= set(inputs.datasets["task"]), words.text("evidence.pipeline")


def environment(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    known = inputs.timings[["processor", "cores", "memory_gb"]].dropna().drop_duplicates()
    machines = [
        f"{processor} with {cores:g} cores and {memory:g} GiB"
        for processor, cores, memory in known.itertuples(index=False)
    ]
    return bool(machines), f"{listed(machines)}; packages under “How to reproduce”"


def until_collapse(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    told, whole = [], True
    pruned = summary[summary["point"].isin(inputs.points) & summary["method"].isin(inputs.compared)]
    for task, rows in pruned.groupby("task", sort=False):
        last = max(rows["point"], key=float)
        quality = summary.set_index(["task", "method"])["test_mean"]
        sign, at_last = inputs.sign(str(task)), rows.loc[rows["point"] == last, "test_mean"]
        dense = quality[task, DENSE]
        worst = float((sign * at_last).min())
        lost = float(sign * dense - worst) / abs(dense) if dense else 0.0
        # Whether the study asks for smaller networks of the task than there can be.
        asked = {point for point in inputs.points_on(str(task)) if float(point) > float(last)}
        listed_points = inputs.unreachable.loc[inputs.unreachable["task"] == task, "point"]
        ends = bool(asked) and asked <= set(listed_points)
        whole &= lost > COLLAPSE or ends
        end = ", beyond which min_width_ratio allows no network" if ends else ""
        told.append(f"{percent(round(lost, 3))} on {task} at {last}×{end}")
    if not told:
        return False, "no network at an operating point"
    return whole, f"largest loss of a method: {'; '.join(told)}"


def seeds(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    dense = inputs.networks[inputs.networks["method"] == DENSE].groupby("task")
    number = len(inputs.study.seeds)
    own = bool((dense["artifact_sha256"].nunique() == dense.size()).all())
    return number >= 2 and own, words.text("evidence.seeds", seeds=plural(number, "seed"))


def error_bars(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    having = summary.loc[summary["point"].isin(inputs.points), "test_low"].notna()
    said = {"level": percent(inputs.level), "there": having.sum(), "number": len(having)}
    return len(having) > 0 and bool(having.all()), words.text("evidence.error_bars", **said)


def _baselines_by(
    criterion: str, allocations: tuple[str, ...], inputs: Inputs, summary: pd.DataFrame
) -> Outcome:
    """Baselines of a criterion: by itself, and with the focus's own layer ratios."""
    named = {
        name: method
        for name, method in inputs.study.methods.items()
        if name in inputs.measured
        and isinstance(method, FixedRatios)
        and method.criterion == criterion
    }
    alone = [name for name, one in named.items() if getattr(one, "allocation", "") in allocations]
    like = [name for name, method in named.items() if method.reference == inputs.focus]
    missing = [] if alone else [f"one by itself ({' or '.join(allocations)})"]
    missing += [] if like else [f"one with the layer ratios of {inputs.focus}"]
    return not missing, (listed([*alone, *like]) or "none") + _without(*missing)


random = partial(_baselines_by, "random", ("global",))
magnitude = partial(_baselines_by, "magnitude", ("global", "uniform"))


def own_numbers(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    jobs = set(inputs.timings.loc[inputs.timings["step"].isin(["train", "prune"]), "run_key"])
    own = inputs.networks["run_key"].isin(jobs)
    evidence = words.text("evidence.own_numbers", there=own.sum(), number=len(own))
    return bool(own.all()), evidence


def setup(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    level = setup_level(inputs)
    told: str = words.WORDS["evidence"]["setup"][level]
    evidence = told.format(retrainings=listed(retrainings(inputs)))
    return level == "S3.2", f"{level}: {evidence}"


def scratch(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    found = {
        method.baseline: name
        for name, method in inputs.study.methods.items()
        if name in inputs.measured and isinstance(method, Baseline)
    }
    wanted = ("scratch_e", "scratch_b")
    evidence = listed([found[name] for name in wanted if name in found]) or "none"
    if "scratch_b" in found:
        evidence += "; equal compute up to twice the epochs, as its authors do"
    missing = [name for name in wanted if name not in found]
    return not missing, evidence + _without(*missing)


def after_retraining(inputs: Inputs, summary: pd.DataFrame) -> Outcome:
    table = rank_correlation(inputs)
    if table.empty:
        return None, "too few networks of equal size to rank"
    retrained = inputs.networks.loc[inputs.networks["compression"] > 1, "epochs"] > 0
    said = {"least": effect(table["tau"].min()), "most": effect(table["tau"].max())}
    said |= {"there": str(retrained.sum()), "number": str(len(retrained))}
    said["points"] = plural(len(table), "operating point")
    return bool(retrained.all()), words.text("evidence.after_retraining", **said)
