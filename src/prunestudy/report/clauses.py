"""Claims in clauses by verdict, each number with its interval, losses first."""

import math
from collections import Counter
from collections.abc import Callable, Sequence

from prunestudy.analysis.claims import Claim, among
from prunestudy.analysis.inputs import AT_ONE_SPLIT, Inputs
from prunestudy.analysis.measures import MATCHED, RATIO, VERDICTS, Measure
from prunestudy.analysis.size_curves import size_range
from prunestudy.analysis.statistics import smallest_p
from prunestudy.report import formatting, words

PHRASES: dict[str, str] = words.WORDS["finding"]["clauses"]
COUNTED: dict[str, str] = words.WORDS["finding"]["counted"]
ORDER = ("worse", *(verdict for verdict in VERDICTS if verdict != "worse"))


def writer(measure: Measure) -> Callable[[float], str]:
    """How the numbers of a measure are written."""
    return formatting.ratio if measure.kind == "ratio" else formatting.change


def clauses(inputs: Inputs, claims: Sequence[Claim], named: bool = True) -> str:
    """Claims in clauses by verdict: on which tasks it is so, with the numbers.

    Args:
        named: whether the first interval says its level; a sentence says it once.
    """
    parts: list[str] = []
    told: set[str] = set()
    for place in sorted({_place(claim) for claim in claims}):
        alike = [claim for claim in claims if _place(claim) == place]
        numbers = [
            _number(inputs, one, named and one is alike[0] and not parts, told) for one in alike
        ]
        parts.append(f"{place[-1]} {formatting.listed(numbers)}{_because(alike)}")
    return "; ".join(parts)


def _place(claim: Claim) -> tuple[int, bool, str, str]:
    """Where a claim is told, why it is not measured, and the words for what it comes to."""
    said = {
        name: PHRASES[name] if getattr(claim, name) else "" for name in ("within", "not_inferior")
    }
    phrase = PHRASES[claim.verdict].format(**said)
    later = claim.within or not claim.not_inferior
    return ORDER.index(claim.verdict), later, claim.reason, phrase


def _because(claims: Sequence[Claim]) -> str:
    """Why these claims, all for one reason, are not measured."""
    return f" ({claims[0].reason})" if claims[0].reason else ""


def directed(inputs: Inputs, task: str, told: set[str] | None = None) -> str:
    """A task's metric beside a difference; that lower is better, unless it is told already."""
    label, known = inputs.metric(task), set() if told is None else told
    if inputs.higher_is_better(task) or label in known:
        return label
    known.add(label)
    return f"{label}, lower is better"


def _number(inputs: Inputs, claim: Claim, named: bool, told: set[str]) -> str:
    """A claim's task with its estimate and interval.

    Args:
        told: metrics of which the sentence says already that lower is better.
    """
    if math.isnan(claim.estimate):
        return claim.task
    write = writer(claim.measure)
    unit = f" {directed(inputs, claim.task, told)}" if claim.measure.kind == "difference" else ""
    if claim.n < 2 or math.isnan(claim.low):
        return f"{claim.task} ({write(claim.estimate)}{unit}, n = {claim.n}, no interval)"
    # Of a family the interval is wider than of one comparison.
    corrected = "corrected " if claim.family > 1 else ""
    level = f"{corrected}{formatting.percent(inputs.level)} interval " if named else ""
    seeds = "" if claim.n == len(inputs.study.seeds) else f", n = {claim.n}"
    interval = formatting.interval(claim.low, claim.high, write)
    return f"{claim.task} ({write(claim.estimate)}{unit}, {level}{interval}{seeds})"


def counted(inputs: Inputs, claims: Sequence[Claim]) -> str:
    """How many comparisons come to each verdict, and what the losses are.

    Those that are not measured do not count, unless none is.
    """
    claims = [claim for claim in claims if claim.verdict != "not measured"] or claims
    count: Counter[str] = Counter(claim.verdict for claim in claims)
    told = [
        f"{COUNTED.get(verdict, verdict)} in {count[verdict]}"
        for verdict in ORDER
        if count[verdict]
    ]
    text = f"{formatting.listed(told)} of {formatting.plural(len(claims), 'comparison')}"
    losses: list[str] = []
    lower: set[str] = set()
    for second in dict.fromkeys(claim.second for claim in claims):
        lost = [claim for claim in among(claims, "worse") if claim.second == second]
        numbers = [_loss(inputs, claim, not losses and claim is lost[0], lower) for claim in lost]
        losses += [f"than {second} on {formatting.listed(numbers)}"] if lost else []
    return f"{text}; worse {'; '.join(losses)}" if losses else text


def _loss(inputs: Inputs, claim: Claim, named: bool, told: set[str]) -> str:
    number = _number(inputs, claim, named, told)
    place = f"{claim.task} at {formatting.size(claim.at)}"
    return number.replace(claim.task, place, 1) if claim.measure is MATCHED else number


def allowed_drop(inputs: Inputs, task: str) -> str:
    """How much validation quality the requirements of a task allow to lose."""
    limits = inputs.study.tasks[task].requirements
    metric, higher = inputs.metric(task), inputs.higher_is_better(task)
    metric = metric if higher else f"{metric} more"
    if limits.relative:
        share = formatting.percent(limits.max_drop)
        return (
            f"{share} of the dense {metric} on {task}" if higher else f"{share} {metric} on {task}"
        )
    return f"{limits.max_drop:g} {metric} on {task}"


def best_quality(inputs: Inputs) -> str:
    """The best quality that there can be, by metric where they differ."""
    infos = {inputs.metric(task): inputs.study.tasks[task].metric_info for task in inputs.tasks}
    found: dict[float, list[str]] = {}
    for label, info in infos.items():
        if info.best is not None:
            found.setdefault(info.best, []).append(label)
    if list(found) == [1.0]:
        return "1, the best quality"
    told = [f"{best:g} of {formatting.listed(labels)}" for best, labels in found.items()]
    return f"the best quality ({formatting.listed(told)})" if told else "the data"


def ranges(inputs: Inputs) -> str:
    """The range of compressions over which each task is compared, tasks of one range together."""
    found: dict[str, list[str]] = {}
    for task in inputs.tasks:
        begin, end = size_range(inputs.points_on(task))
        told = f"{formatting.size(begin)} to {formatting.size(end)}"
        found.setdefault(told, []).append(task)
    if len(found) == 1:
        return next(iter(found))
    return formatting.listed([f"{told} on {formatting.listed(on)}" for told, on in found.items()])


def margins(inputs: Inputs) -> str:
    """The margins of the metrics of the study's tasks, and of ratios."""
    metrics = {inputs.metric_name(task): inputs.metric(task) for task in inputs.tasks}
    told = [f"{inputs.margin(name):g} {label}" for name, label in metrics.items()]
    return formatting.listed([*told, f"{formatting.percent(inputs.margin(RATIO))} of a ratio"])


def smallest(inputs: Inputs) -> str:
    """What the signed-rank test cannot show, where there are too few seeds for the questions."""
    seeds, asked = len(inputs.study.seeds), len(inputs.questions) * len(inputs.tasks)
    least = smallest_p(seeds)
    if least * max(1, asked) <= 1 - inputs.level:
        return ""
    return words.text("limitation.smallest", seeds=formatting.plural(seeds, "seed"), p=f"{least:g}")


def scope(inputs: Inputs) -> str:
    """What intervals hold for, tasks alike together."""
    found: dict[str, list[str]] = {}
    for task in inputs.tasks:
        holds = inputs.generalises(task)
        told = holds if holds == AT_ONE_SPLIT else words.text("limitation.folds")
        found.setdefault(told, []).append(task)
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{told} on {formatting.listed(on)}" for told, on in found.items())
