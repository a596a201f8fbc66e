"""The finding and others' claims in a few sentences, rendered from typed claims.

The area leads; each sentence sorts the tasks by verdict, losses first, and gives every number its
interval. An undecided comparison is told as that.
"""

from collections.abc import Sequence
from math import isnan

import pandas as pd

from prunestudy.analysis.claims import JUDGEMENTS, KINDS, Claim, Statement, tested
from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.measures import TIME
from prunestudy.params.report_settings import Question
from prunestudy.report import words
from prunestudy.report.blocks import Sentence
from prunestudy.report.clauses import clauses, counted
from prunestudy.report.formatting import decimal, interval, listed, percent, plural

# Kinds of the statements that tell more of a question than its answer, the area.
MORE = ("matched", "size")
CLAIMED_MEASURES = {"params": "the parameters", "time": "the time"}


def answers(inputs: Inputs, said: list[Statement], sizes: pd.DataFrame) -> list[Sentence]:
    """What the study's questions come to, or what it compares where it asks nothing.

    Args:
        sizes: within the budget, by task and method.
    """
    if inputs.questions:
        return _sentences(inputs, said, sizes, ("area",))
    seeds = plural(len(inputs.study.seeds), "seed")
    methods, tasks = plural(len(inputs.methods), "method"), plural(len(inputs.tasks), "task")
    names = {"method_names": listed(inputs.methods), "task_names": listed(inputs.tasks)}
    scope = words.text("finding.scope", methods=methods, tasks=tasks, seeds=seeds, **names)
    return [Sentence(scope, ("parameters",))]


def further(inputs: Inputs, said: list[Statement], sizes: pd.DataFrame) -> list[Sentence]:
    """What else is asked: qualities size by size, and sizes within the budget."""
    return _sentences(inputs, said, sizes, MORE)


def beside(inputs: Inputs, said: list[Statement], sizes: pd.DataFrame) -> list[Sentence]:
    """What stands beside the questions: time, the other methods, baselines, regret and rank."""
    return _sentences(inputs, said, sizes, [one for one in KINDS if one not in ("area", *MORE)])


def _sentences(
    inputs: Inputs, said: list[Statement], sizes: pd.DataFrame, kinds: Sequence[str]
) -> list[Sentence]:
    return [_sentence(inputs, one, sizes) for one in said if one.kind in kinds]


def _sentence(inputs: Inputs, said: Statement, sizes: pd.DataFrame) -> Sentence:
    first, second = said.pair
    sources = [one.source.table for one in said.claims]
    sources += [one.source.table for one in said.standings]
    held = capped = ""
    match said.kind:
        case "matched" | "others" | "baselines":
            told = counted(inputs, said.claims)
        case "size":
            told, held = clauses(inputs, said.claims), _held(said.claims, sizes)
            capped = _capped(said.claims)
            sources += ["size_within_budget"] if held else []
        case "time":
            told = _timed(inputs, said.claims)
        case "rank":
            told = _ranked(first, said)
        case _:
            told = clauses(inputs, said.claims)
    values = {"first": first, "second": second, "told": told, "held": held, "capped": capped}
    text = words.text(f"finding.kinds.{said.kind}", **values)
    return Sentence(text, tuple(dict.fromkeys(sources)))


def _held(claims: Sequence[Claim], sizes: pd.DataFrame) -> str:
    """In how many runs of each method the budget holds on test data at those sizes."""
    measured = [claim.task for claim in claims if not claim.reason]
    told = []
    for method in (claims[0].first, claims[0].second) if measured else ():
        own = sizes[(sizes["method"] == method) & sizes["task"].isin(measured)]
        runs = plural(int(own["n"].sum()), "run")
        told.append(f"{own['held'].sum()} of {runs} of {method}")
    return words.text("finding.held", told=listed(told)) if told else ""


def _capped(claims: Sequence[Claim]) -> str:
    """In how many seeds of each task the size of one method and of the other is only a bound."""
    told = []
    for claim in claims:
        first, second, both = claim.capped_first, claim.capped_second, claim.both_capped
        # Of what is not measured, its reason says it already.
        if first + second and not claim.reason:
            seeds = plural(claim.n + both, "seed")
            left_out = f" (in {both} both, left out)" if both else ""
            told.append(f"{first} against {second} of {seeds} on {claim.task}{left_out}")
    return words.text("finding.capped", told=listed(told)) if told else ""


def _timed(inputs: Inputs, claims: Sequence[Claim]) -> str:
    """The times, then the test quality, of networks chosen for their time."""
    times = [claim for claim in claims if claim.measure is TIME]
    tests = [claim for claim in claims if claim.measure is not TIME]
    told = f"in time {clauses(inputs, times)}"
    return f"{told}, in test quality {clauses(inputs, tests, named=False)}" if tests else told


def _ranked(focus: str, said: Statement) -> str:
    """The mean rank of the focus, and of the first one where that is another."""
    own = [one for one in said.standings if one.method == focus]
    told = []
    for one in own:
        first = next(each for each in said.standings if each.granularity == one.granularity)
        among = f"of {plural(one.methods, 'method')} over {plural(one.tasks, 'task')}"
        bounds = f"{percent(one.level)} interval {interval(one.low, one.high, decimal)}"
        bounds = "no interval" if isnan(one.low) else bounds
        text = f"{focus}'s mean rank is {decimal(one.mean_rank)} {among} ({bounds})"
        behind = f"; that of {first.method} is {decimal(first.mean_rank)}"
        told.append(text + (behind if first.mean_rank < one.mean_rank else ""))
    return listed(told) or f"{focus} has no rank, for it has no area on every task"


def claims(inputs: Inputs, compared: pd.DataFrame) -> list[Sentence]:
    """A sentence a question on what the intervals say of the ratios that others claim."""
    parts: dict[Question, dict[str, list[str]]] = {}
    for one in tested(inputs, compared):
        verdicts = [
            f"{words.text(f'finding.judged.{verdict}')} {listed(one.tasks[verdict])}"
            for verdict in JUDGEMENTS
            if verdict in one.tasks
        ]
        claim = f"“{one.ratio:g}× {CLAIMED_MEASURES[one.measure]}” "
        own = (one.method, one.against) == one.question.pair
        fastest = "" if own else f" ({one.method} against {one.against})"
        of_claim = parts.setdefault(one.question, {}).setdefault(claim, [])
        of_claim.append(", ".join(verdicts) + fastest)
    sentences = []
    for question, found in parts.items():
        told = "; ".join(claim + ", and ".join(verdicts) for claim, verdicts in found.items())
        said = {"first": question.method, "second": question.against, "source": question.source}
        text = words.text("finding.claimed", told=told, **said)
        sentences.append(Sentence(text, ("comparisons", "parameters")))
    return sentences
