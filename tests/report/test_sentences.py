"""A sentence has the numbers of its own statement, and changes with the tables that it cites."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prunestudy.analysis.claims import Claim, Standing, Statement
from prunestudy.analysis.measures import MATCHED
from prunestudy.params.report_settings import Claims, Question
from prunestudy.report import findings, formatting
from prunestudy.report.blocks import Sentence
from prunestudy.report.clauses import writer
from prunestudy.report.contents import Contents
from tests.report.fabricated import EVERY, QUESTION, contents_of, make_study, uneven

CLAIMED = QUESTION.model_copy(update={"claims": Claims(params=0.6, time=0.6)})
ASIDE = Question(method="traditional", against="other")
NUMBER = re.compile(r"[−+]?\d[\d.\u202f]*\d×?|[−+]?\d×?")
DECIDED = ("better", "worse", "equivalent", "undecided")
COUNTED = ("matched", "others", "baselines")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """Two questions, every kind of method, a failed cell, and losses of quality."""
    study = make_study(seeds=5, methods=EVERY, compare=(CLAIMED, ASIDE))
    failed = frozenset({("numbers", 0, "other")})
    folder = tmp_path_factory.mktemp("sentences")
    return contents_of(folder, study, 300, -0.02, failed, networks=uneven)


def told(contents: Contents, said: list[Statement]) -> list[str]:
    """The finding's sentences for these statements, each."""
    given = (contents.inputs, contents.size_within_budget)
    parts = (findings.answers, findings.further, findings.beside)
    return [
        sentence.text
        for one in said
        for part in parts
        for sentence in part(given[0], [one], given[1])
    ]


def any_statements(contents: Contents, number: int) -> list[Statement]:
    """The statements of a study with any numbers and verdicts."""
    chance = Random(number)

    def drawn(claim: Claim) -> Claim:
        low, estimate, high = sorted(chance.uniform(0.2, 0.9) for _ in range(3))
        n = chance.choice([1, 2, 4, 5, 5, 5])
        verdict = "one seed" if n == 1 else chance.choice(DECIDED)
        flags = {name: chance.random() < 0.5 for name in ("within", "not_inferior")}
        numbers = {"estimate": estimate, "low": low, "high": high, "n": n}
        return replace(claim, **numbers, **flags, verdict=verdict, reason="")

    def ranked(standing: Standing) -> Standing:
        low, mean, high = sorted(chance.uniform(1, 9) for _ in range(3))
        return replace(standing, mean_rank=mean, low=low, high=high)

    return [
        replace(
            one,
            claims=tuple(map(drawn, one.claims)),
            standings=tuple(map(ranked, one.standings)),
        )
        for one in contents.statements
    ]


def numbers_of(contents: Contents, one: Statement) -> Counter[str]:
    """Every number that its sentence may have and must."""
    found: Counter[str] = Counter()
    claims = list(one.claims)
    if one.kind in COUNTED:
        found.update(map(str, Counter(claim.verdict for claim in claims).values()))
        found[str(len(claims))] += 1
        # Who loses is told with its numbers.
        claims = [claim for claim in claims if claim.verdict == "worse"]
    for claim in claims:
        write = writer(claim.measure)
        found[write(claim.estimate)] += 1
        if claim.n > 1:
            found.update(formatting.bound(end, write) for end in (claim.low, claim.high))
        if claim.n != len(contents.inputs.study.seeds):
            found[str(claim.n)] += 1
        if claim.measure is MATCHED:
            found[formatting.size(claim.at)] += 1
    if one.kind == "size":
        sizes = contents.size_within_budget
        for method in one.pair:
            own = sizes[(sizes["method"] == method) & sizes["task"].isin([c.task for c in claims])]
            found.update([str(own["held"].sum()), str(own["n"].sum())])
        for claim in claims:
            capped = [claim.capped_first, claim.capped_second]
            both = [claim.both_capped] if claim.both_capped else []
            if any(capped):
                found.update(map(str, [*capped, *both, claim.n + claim.both_capped]))
    for standing in one.standings:
        if standing.method == one.pair[0]:
            numbers = (standing.mean_rank, standing.low, standing.high)
            found.update(map(formatting.decimal, numbers))
            found.update([str(standing.methods), str(standing.tasks)])
            first = one.standings[0].mean_rank
            found.update([formatting.decimal(first)] * (first < standing.mean_rank))
    return found


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_the_numbers_of_a_sentence_are_those_of_its_own_claims(made: Contents, number: int) -> None:
    said = any_statements(made, number)
    for one, text in zip(said, told(made, said), strict=True):
        found = Counter(NUMBER.findall(text))
        # The level is said once, where there is an interval.
        assert found.pop("95", 0) <= 1
        assert found == numbers_of(made, one), text


@pytest.mark.parametrize("number", range(3))
def test_a_claim_that_changes_changes_its_own_sentence_alone(made: Contents, number: int) -> None:
    said = any_statements(made, number)
    before = told(made, said)
    changes = 0
    for place, one in enumerate(said):
        for at, claim in enumerate(one.claims):
            for changed in mutations(claim, one.kind in COUNTED and claim.verdict != "worse"):
                claims = (*one.claims[:at], changed, *one.claims[at + 1 :])
                mutant = replace(one, claims=claims)
                after = told(made, [*said[:place], mutant, *said[place + 1 :]])
                differ = [
                    n for n, pair in enumerate(zip(before, after, strict=True)) if len({*pair}) > 1
                ]
                assert differ == [place], (one.kind, mutant)
                changes += 1
    assert changes > 50


def mutations(claim: Claim, silent: bool) -> list[Claim]:
    """The claim with one field changed that its sentence tells; of silent ones the verdict."""
    verdict = {"verdict": "worse" if claim.verdict != "worse" else "better"}
    if silent:
        return [replace(claim, **verdict)]
    numbers = ["estimate", *(["low", "high"] if claim.n > 1 else [])]
    changes = [verdict, {"n": 3}, *({name: getattr(claim, name) + 0.1} for name in numbers)]
    return [replace(claim, **one) for one in changes]


Edit = Callable[[pd.DataFrame], pd.DataFrame]


def moved(table: pd.DataFrame) -> pd.DataFrame:
    """Other estimates and intervals, all of them losses; ratios below what others claim."""
    ratios = table["measure"].isin(["size", "time"])
    ends = ("estimate", "low", "high", "joint_low", "joint_high")
    numbers = {name: (3 * table[name].abs() + 1).mask(ratios, 0.1) for name in ends}
    return table.assign(**numbers, verdict="worse", within=False)


# Tables that sentences cite, with a change that every sentence of theirs tells.
EDITS: dict[str, Edit] = {
    "comparisons": moved,
    "regret": moved,
    "mean_rank": lambda table: table.assign(mean_rank=7.0),
    "cost": lambda table: table.assign(epochs_trained_mean=77.0),
    "datasets": lambda table: table.assign(test_rows=77),
    "failures": lambda table: pd.concat([table, table.assign(seed=1)]),
}


def sentences(contents: Contents) -> dict[str, list[Sentence]]:
    """Every sentence, by its place."""
    parts = ("answers", "further", "claims", "beside", "limitations")
    return {name: getattr(contents, name) for name in parts}


@pytest.mark.parametrize("name", EDITS)
def test_a_sentence_changes_with_a_table_where_it_cites_it(made: Contents, name: str) -> None:
    before = sentences(made)
    # Nothing else changes, not even what is made from the table.
    kept = ("comparisons", "regret", "mean_rank", "cost", "area", "size_within_budget")
    tables = {one: getattr(made, one) for one in kept}
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
