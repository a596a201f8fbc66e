"""A sentence has the numbers of its own statement, and changes with the tables that it cites."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from unittest.mock import patch

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunestudy.analysis.budget import TEST
from prunestudy.analysis.claims import LOSSES, NO_LOSSES, Claim, Statement, statements
from prunestudy.params.report_settings import Claims, Question
from prunestudy.report import findings, formatting, words
from prunestudy.report.blocks import Sentence
from prunestudy.report.contents import Contents
from tests.report.fabricated import EVERY, QUESTION, contents_of, make_study, uneven

CLAIMED = QUESTION.model_copy(update={"claims": Claims(params=0.6, time=0.6)})
ASIDE = Question(method="traditional", against="other")
NUMBER = re.compile(r"[−+]?\d[\d.\u202f]*\d×?|[−+]?\d×?")
LATENCY_BATCH = "64"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """Two questions, every kind of method, a failed cell, and losses of quality."""
    study = make_study(seeds=5, methods=EVERY, compare=(CLAIMED, ASIDE))
    failed = frozenset({("numbers", 0, "other")})
    folder = tmp_path_factory.mktemp("sentences")
    return contents_of(folder, study, 300, -0.02, failed, networks=uneven)


def told(contents: Contents, said: list[Statement]) -> list[str]:
    """The finding's sentences for these statements."""
    with patch.object(findings, "statements", lambda *_tables: said):
        tables = (contents.headline, contents.comparisons, contents.latency_headline)
        return [one.text for one in findings.finding(contents.inputs, *tables)]


def any_statements(contents: Contents, number: int) -> list[Statement]:
    """The statements of a study with any numbers and outcomes; a sentence has one family."""
    chance = Random(number)

    def drawn(claim: Claim, family: int) -> Claim:
        low, estimate, high = sorted(chance.uniform(0.2, 0.9) for _ in range(3))
        n = chance.choice([1, 2, 4, 5, 5, 5])
        outcome = "one seed" if n == 1 else chance.choice([*LOSSES, *NO_LOSSES])
        numbers = {"estimate": estimate, "low": low, "high": high, "n": n}
        return replace(claim, **numbers, family=family, outcome=outcome)

    found = []
    tables = (contents.headline, contents.comparisons, contents.latency_headline)
    for one in statements(contents.inputs, *tables):
        family = chance.randrange(100, 999)
        claims = tuple(drawn(claim, family) for claim in one.claims)
        points = {name: [drawn(each, 0) for each in own] for name, own in one.points.items()}
        found.append(replace(one, claims=claims, points=points))
    return found


def numbers_of(one: Statement, seeds: int, first: bool) -> Counter[str]:
    """Every number that its sentence may have and must: its claims', and the words' own."""
    found = Counter([str(seeds)] * first + [LATENCY_BATCH] * (one.kind == "time"))
    claims = list(one.claims)
    if one.kind == "gained":
        # Who is alike is told by name alone.
        claims = [claim for claim in claims if claim.outcome != "no difference"]
    for claim in claims:
        write = formatting.change if claim.measure is TEST else formatting.ratio
        found[write(claim.estimate)] += 1
        if claim.n > 1:
            found.update(formatting.bound(end, write) for end in (claim.low, claim.high))
        if claim.n != seeds:
            found[str(claim.n)] += 1
    places = [
        (claim.measure, claim.second) for claim in claims if claim.outcome == "perhaps better"
    ]
    found.update(str(claims[0].family) for _place in set(places))
    # Methods whose comparisons came out alike are told together.
    outcomes = [sorted(claim.outcome for claim in points) for points in one.points.values()]
    for alike in {tuple(own) for own in outcomes if own}:
        found.update(counted(Counter(alike), len(alike)))
    return found


def counted(count: Counter[str], total: int) -> list[str]:
    """How many comparisons at points came out how, of how many."""
    unknown = count["one seed"] + count["not measured"]
    if unknown == total:
        return [str(total)] * 2
    within = [count["worse within"], count["better within"]]
    gains = count["better"] + count["perhaps better"]
    shown = [count["worse"], count["no difference"] + sum(within), gains, total]
    shown += [one for one in (*within, unknown) if one]
    return [str(one) for one in shown + ([count["better"]] if gains else [])]


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_the_numbers_of_a_sentence_are_those_of_its_own_claims(made: Contents, number: int) -> None:
    said = any_statements(made, number)
    sentences = told(made, said)
    ruled = [one.kind in findings.RULED for one in said].index(True)
    for place, (one, text) in enumerate(zip(said, sentences, strict=True)):
        found = Counter(NUMBER.findall(text))
        # The level is said once, where there is an interval.
        assert found.pop("95", 0) <= 1
        assert found == numbers_of(one, len(made.inputs.study.seeds), place == ruled), text


@pytest.mark.parametrize("number", range(3))
def test_a_claim_that_changes_changes_its_own_sentence_alone(made: Contents, number: int) -> None:
    said = any_statements(made, number)
    before = told(made, said)
    changes = 0
    for place, one in enumerate(said):
        mutants = []
        for at, claim in enumerate(one.claims):
            silent = one.kind == "gained" and claim.outcome == "no difference"
            for changed in mutations(claim, silent):
                claims = (*one.claims[:at], changed, *one.claims[at + 1 :])
                mutants.append(replace(one, claims=claims))
        for other, points in one.points.items():
            for at, claim in enumerate(points):
                outcome = "worse" if claim.outcome != "worse" else "better"
                own = [*points[:at], replace(claim, outcome=outcome), *points[at + 1 :]]
                mutants.append(replace(one, points={**one.points, other: own}))
        for mutant in mutants:
            after = told(made, [*said[:place], mutant, *said[place + 1 :]])
            differ = [
                n for n, pair in enumerate(zip(before, after, strict=True)) if len({*pair}) > 1
            ]
            assert differ == [place], (one.kind, mutant)
            changes += 1
    assert changes > 100


def mutations(claim: Claim, silent: bool) -> list[Claim]:
    """The claim with one field changed that its sentence tells; of silent ones it is the task."""
    outcome = {"outcome": "worse" if claim.outcome not in LOSSES else "better"}
    if silent:
        return [replace(claim, **one) for one in (outcome, {"task": "elsewhere"})]
    numbers = ["estimate", *(["low", "high"] if claim.n > 1 else [])]
    changes = [outcome, {"n": 3}, *({name: getattr(claim, name) + 0.1} for name in numbers)]
    return [replace(claim, **one) for one in changes]


Edit = Callable[[pd.DataFrame], pd.DataFrame]


def scaled(factor: float, table: pd.DataFrame) -> pd.DataFrame:
    """Other ratios, differences and intervals, and one more seed with the dense network."""
    names = [f"{name}_{part}" for name in ("params", "time") for part in ("ratio", "low", "high")]
    table = table.assign(first_dense=table["first_dense"] + 1)
    table["test_difference"] += 0.1
    return table.assign(**{name: factor * table[name] for name in names})


# Tables that sentences cite, with a change that every sentence of theirs tells.
EDITS: dict[str, Edit] = {
    "headline": partial(scaled, 3),
    "latency_headline": partial(scaled, 0.3),
    "comparisons": lambda table: table.assign(verdict="higher", p_t_holm=0.0),
    "cost": lambda table: table.assign(epochs_trained_mean=77.0),
    "datasets": lambda table: table.assign(test_rows=77),
    "failures": lambda table: pd.concat([table, table.assign(seed=1)]),
}


def sentences(contents: Contents) -> dict[str, list[Sentence]]:
    """Every sentence, without the rule that whatever comes first begins with."""
    rule = words.text("finding.rule", seeds="5 seeds")
    parts = {name: getattr(contents, name) for name in ("finding", "claims", "limitations")}
    for name, own in parts.items():
        texts = [one.text.removeprefix(rule) for one in own]
        parts[name] = [
            replace(one, text=text[:1].upper() + text[1:])
            for one, text in zip(own, texts, strict=True)
        ]
    return parts


@pytest.mark.parametrize("name", EDITS)
def test_a_sentence_changes_with_a_table_where_it_cites_it(made: Contents, name: str) -> None:
    before = sentences(made)
    # Nothing else changes, not even what is made from the table.
    tables = {one: getattr(made, one) for one in ("headline", "latency_headline", "cost")}
    tables["comparisons"] = made.comparisons
    inputs = made.inputs
    if name in tables:
        tables[name] = EDITS[name](tables[name])
    else:
        inputs = replace(inputs, **{name: EDITS[name](getattr(inputs, name))})
    changed = Contents(inputs)
    changed.__dict__.update(tables)
    after = sentences(changed)
    citing = {part: [one for one in own if name in one.sources] for part, own in before.items()}
    assert any(citing.values()), "nothing cites the table"
    for part, own in before.items():
        assert [one for one in own if one not in after[part]] == citing[part], part
