"""The finding in a few sentences, generated from the tables by rules that cannot overclaim.

Each sentence sorts the tasks by verdict, losses first, and gives every number its interval. What
the statistics call no difference is called so here.
"""

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.pruning.settings import ClosedLoop, OpenLoop
from prunestudy.report import formatting
from prunestudy.report.blocks import Sentence
from prunestudy.report.other_methods import (
    COUNTS,
    against_others,
    beside_controls,
    equal_compression,
    lost_to,
)
from prunestudy.report.telling import PARAMS, TEST, TIME, Claim, loses, told

LATENCY = "latency_headline"
FASTEST = "With each method's fastest network within the allowed validation drop"


def finding(
    inputs: Inputs, headline: pd.DataFrame, compared: pd.DataFrame, latency: pd.DataFrame
) -> list[Sentence]:
    """The study's finding, a sentence for each of size, quality and time, losses first.

    Args:
        headline: the reference method against the others, each with its smallest network.
        latency: closed loops that latency binds against the others, each with its fastest.
    """
    if inputs.duel is None:
        return _neutral(inputs, compared)
    pair = inputs.duel
    other = pair[1]
    rows = headline[headline["second"] == other]
    at_points = equal_compression(inputs, compared, other)
    seeds = formatting.plural(len(inputs.study.seeds), "seed")
    rule = f"With each method's smallest network within the allowed validation drop ({seeds}),"
    claims: list[Claim] = [
        (
            loses(rows, PARAMS),
            f"{rule} in size ({pair[0]} ÷ {pair[1]} parameters), {told(inputs, rows, PARAMS)}.",
            ("headline",),
        ),
        (
            loses(rows, TEST) or bool((compared["verdict"] == TEST.worse).any()),
            f"{rule} on test data ({pair[0]} − {pair[1]}), {told(inputs, rows, TEST)}; "
            f"{at_points}{lost_to(inputs, compared)}.",
            ("headline", *COUNTS),
        ),
        (
            loses(rows, TIME),
            f"{rule} in inference time ({pair[0]} ÷ {pair[1]}; ONNX Runtime, batch 64, one CPU "
            f"thread), {told(inputs, rows, TIME)}.",
            ("headline",),
        ),
        *against_others(inputs, headline, rule),
        *beside_controls(inputs, compared),
        *_bound_by_latency(inputs, latency, other),
    ]
    # Sentences with a loss come first; beside the question itself, with one beyond chance. The
    # order is kept otherwise.
    sentences, ruled = [], False
    for _loss, text, sources in sorted(claims, key=lambda item: not item[0]):
        if ruled and text.startswith(rule):
            # The rule is said once.
            short = text.removeprefix(f"{rule} ")
            sentences.append(Sentence(f"{short[0].upper()}{short[1:]}", sources))
        else:
            sentences.append(Sentence(text, sources))
        ruled = ruled or text.startswith(rule)
    return sentences


def _bound_by_latency(inputs: Inputs, latency: pd.DataFrame, other: str) -> list[Claim]:
    """A claim for each closed loop that latency binds, and one for each fair opponent.

    That is the other method of the headline, and fixed ratios with the same rounding of widths.
    """
    claims: list[Claim] = []
    methods = inputs.study.methods
    for name in inputs.bound_by_latency:
        loop = methods[name]
        assert isinstance(loop, ClosedLoop), "only closed loops are bound by latency"
        twins = [
            twin
            for twin, method in methods.items()
            if isinstance(method, OpenLoop) and method.round_to == loop.round_to
        ]
        for second in dict.fromkeys([other, *twins]):
            rows = latency[(latency["first"] == name) & (latency["second"] == second)]
            if len(rows):
                rounded = ", rounded to the same widths" if second in twins else ""
                text = (
                    f"{FASTEST} ({name} ÷ {second} time{rounded}),"
                    f" {told(inputs, rows, TIME)}; on test data ({name} − {second}), "
                    f"{told(inputs, rows, TEST)}."
                )
                claims.append((loses(rows, TIME) or loses(rows, TEST), text, (LATENCY,)))
    return claims


def _neutral(inputs: Inputs, compared: pd.DataFrame) -> list[Sentence]:
    study = inputs.study
    scope = (
        f"This study compares {formatting.plural(len(inputs.methods), 'method')} "
        f"({formatting.listed(inputs.methods)}) on {formatting.plural(len(inputs.tasks), 'task')} "
        f"({formatting.listed(inputs.tasks)}) with {formatting.plural(len(study.seeds), 'seed')}; it "
        "has no task with methods named adaptive and traditional, so it makes no headline claim."
    )
    sentences = [Sentence(scope, ("parameters",))]
    others = [method for method in inputs.methods if method != inputs.reference]
    if others:
        counts = [equal_compression(inputs, compared, other) for other in others]
        joined = "; ".join(counts)
        sentences.append(Sentence(joined[0].upper() + joined[1:] + ".", COUNTS))
    return [*sentences, Sentence("The tables give every number with its interval.")]
