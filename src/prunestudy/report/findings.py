"""The finding and others' claims in a few sentences, rendered from typed claims.

The area leads; each sentence sorts the tasks by verdict, losses first, and gives every number its
interval. An undecided comparison is told as that.
"""

import pandas as pd

from prunestudy.analysis.claims import JUDGEMENTS, Claim, Statement, statements, tested
from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.measures import TIME
from prunestudy.params.report_settings import Question
from prunestudy.report import words
from prunestudy.report.blocks import Sentence
from prunestudy.report.clauses import clauses, counted
from prunestudy.report.formatting import interval, listed, mean_rank, percent, plural

# Kinds of the statements that answer a question; the others stand beside them.
ASKED = ("area", "matched", "size")
CLAIMED_MEASURES = {"params": "the parameters", "time": "the time"}


def asked(
    inputs: Inputs, compared: pd.DataFrame, regret: pd.DataFrame, ranks: pd.DataFrame, sizes: pd.DataFrame
) -> list[Sentence]:
    """What the study's questions come to; what it compares where it asks nothing.

    The tables are those of :func:`statements`, and sizes within the budget.
    """
    told = statements(inputs, compared, regret, ranks)
    found = [_sentence(inputs, said, sizes) for said in told if said.kind in ASKED]
    if inputs.questions:
        return found
    seeds = plural(len(inputs.study.seeds), "seed")
    methods, tasks = plural(len(inputs.methods), "method"), plural(len(inputs.tasks), "task")
    names = {"method_names": listed(inputs.methods), "task_names": listed(inputs.tasks)}
    scope = words.text("finding.scope", methods=methods, tasks=tasks, seeds=seeds, **names)
    return [Sentence(scope, ("parameters",))]


def beside(
    inputs: Inputs, compared: pd.DataFrame, regret: pd.DataFrame, ranks: pd.DataFrame, sizes: pd.DataFrame
) -> list[Sentence]:
    """What stands beside the questions: time, the other methods, baselines, regret and rank."""
    told = statements(inputs, compared, regret, ranks)
    return [_sentence(inputs, said, sizes) for said in told if said.kind not in ASKED]


def _sentence(inputs: Inputs, said: Statement, sizes: pd.DataFrame) -> Sentence:
    first, second = said.pair
    values = {"first": first, "second": second, "told": "", "held": ""}
    sources = [one.source.table for one in (*said.claims, *said.standings)]
    match said.kind:
        case "matched" | "others" | "baselines":
            values["told"] = counted(inputs, said.claims)
        case "size":
            values |= {"told": clauses(inputs, said.claims), "held": _held(said.claims, sizes)}
            sources.append("size_within_budget")
        case "time":
            values["told"] = _timed(inputs, said.claims)
        case "rank":
            values["told"] = _ranked(first, said)
        case _:
            values["told"] = clauses(inputs, said.claims)
    return Sentence(words.text(f"finding.kinds.{said.kind}", **values), tuple(dict.fromkeys(sources)))
