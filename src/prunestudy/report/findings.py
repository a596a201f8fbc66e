"""The finding and others' claims in a few sentences, rendered from typed claims.

Sentences with a loss come first, each sorts the tasks by outcome, losses first, and gives every
number its interval. What the statistics call no difference is called so here.
"""

from collections import Counter

import pandas as pd

from prunestudy.analysis.claims import (
    JUDGEMENTS,
    Claim,
    Statement,
    among,
    same_rounding,
    statements,
    tested,
)
from prunestudy.analysis.inputs import Inputs
from prunestudy.params.report_settings import Question
from prunestudy.report import words
from prunestudy.report.blocks import Sentence
from prunestudy.report.clauses import clauses
from prunestudy.report.formatting import listed, plural

RULED: dict[str, str] = words.WORDS["finding"]["ruled"]
CLAIMED_MEASURES = {"params": "the parameters", "time": "the time"}


def finding(
    inputs: Inputs, headline: pd.DataFrame, compared: pd.DataFrame, latency: pd.DataFrame
) -> list[Sentence]:
    """The study's finding, losses first; the tables are those of :func:`statements`."""
    seeds = plural(len(inputs.study.seeds), "seed")
    rule = words.text("finding.rule", seeds=seeds)
    sentences = []
    for said in statements(inputs, headline, compared, latency):
        text = _text(inputs, said)
        if said.kind in RULED:
            # The rule is said once.
            text = rule + text if rule else text[0].upper() + text[1:]
            rule = ""
        sentences.append(Sentence(text, said.sources))
    if inputs.questions:
        return sentences
    methods, tasks = plural(len(inputs.methods), "method"), plural(len(inputs.tasks), "task")
    names = {"method_names": listed(inputs.methods), "task_names": listed(inputs.tasks)}
    scope = words.text("finding.scope", methods=methods, tasks=tasks, seeds=seeds, **names)
    known = "with its interval" if len(inputs.study.seeds) > 1 else "of the one seed"
    tables = Sentence(f"The tables give every number {known}.")
    return [Sentence(scope, ("parameters",)), *sentences, tables]


def _text(inputs: Inputs, said: Statement) -> str:
    first, second = said.pair
    alike = said.kind == "latency" and second in same_rounding(inputs, first)
    rounded = ", rounded to the same widths" if alike else ""
    told = _gained(inputs, said) if said.kind == "gained" else clauses(inputs, said.claims)
    points = _points(first, said.points)
    values = {"first": first, "second": second, "rounded": rounded, "points": points}
    kind = "ruled" if said.kind in RULED else "others"
    return words.text(f"finding.{kind}.{said.kind}", told=told, **values)


def _gained(inputs: Inputs, said: Statement) -> str:
    """No difference to whom, by the name of the method alone, then gains with their numbers."""
    tasks: dict[str, list[str]] = {}
    for claim in among(said.claims, "no difference"):
        tasks.setdefault(claim.second, []).append(claim.task)
    methods: dict[str, list[str]] = {}
    for method, names in tasks.items():
        methods.setdefault(listed(names), []).append(method)
    alike = [f"{listed(names)} on {places}" for places, names in methods.items()]
    same = [f"{said.pair[0]} shows no difference to {'; nor to '.join(alike)}"] if alike else []
    gains = [claim for claim in said.claims if claim.outcome != "no difference"]
    return "; ".join(same + ([clauses(inputs, gains)] if gains else []))


def _points(first: str, points: dict[str, list[Claim]]) -> str:
    """How comparisons at the same operating point came out, methods of equal counts together."""
    others: dict[str, list[str]] = {}
    for other, claims in points.items():
        if claims:
            others.setdefault(_counted(claims), []).append(other)
    if not others:
        return "there is no common operating point to compare at"
    counts = [
        f"{text} with {listed(names)}{' each' if len(names) > 1 else ''}"
        for text, names in others.items()
    ]
    return f"at the same operating point, test quality of {first} is {'; '.join(counts)}"


def _counted(claims: list[Claim]) -> str:
    """How many are lower, not different and higher, and what intervals and correction say."""
    count = Counter(claim.outcome for claim in claims)
    total = f"of {plural(len(claims), 'paired comparison')}"
    unknown = count["one seed"] + count["not measured"]
    if unknown == len(claims):
        return f"without a verdict in {unknown} {total}"
    sides = {"lower": count["worse within"], "higher": count["better within"]}
    within = [f"{side} in {number}" for side, number in sides.items() if number]
    same = count["no difference"] + sum(sides.values())
    gains = count["better"] + count["perhaps better"]
    counts = [
        f"lower in {count['worse']}",
        f"not different in {same}"
        + (f" (by the interval, but within the spread, {listed(within)})" if within else ""),
        f"higher in {gains}"
        + (f" (in {count['better']} once corrected for a task's comparisons)" if gains else ""),
    ]
    counts += [f"without a verdict in {unknown}"] if unknown else []
    return f"{listed(counts)} {total}"


def claims(inputs: Inputs, headline: pd.DataFrame, latency: pd.DataFrame) -> list[Sentence]:
    """A sentence a question on what the intervals say of the ratios that others claim."""
    parts: dict[Question, dict[str, list[str]]] = {}
    for one in tested(inputs, headline, latency):
        verdicts = [
            f"{words.text(f'finding.judged.{verdict}')} {listed(one.tasks[verdict])}"
            for verdict in JUDGEMENTS
            if verdict in one.tasks
        ]
        claim = f"{one.ratio:g}× {CLAIMED_MEASURES[one.measure]} is "
        own = one.method == one.question.method
        fastest = "" if own else f"with the fastest networks of {one.method} "
        of_claim = parts.setdefault(one.question, {}).setdefault(claim, [])
        of_claim.append(fastest + ", ".join(verdicts))
    sentences = []
    for question, found in parts.items():
        told = "; ".join(claim + ", and ".join(verdicts) for claim, verdicts in found.items())
        said = {"first": question.method, "second": question.against, "source": question.source}
        timed = ("latency_headline",) if "time" in question.claimed else ()
        tables = ("headline", *timed, "parameters")
        sentences.append(Sentence(words.text("finding.claimed", told=told, **said), tables))
    return sentences
