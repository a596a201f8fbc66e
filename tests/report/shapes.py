"""Studies of every shape that a report has to cope with, small and made up."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from prunestudy.params.report_settings import Claims, Question
from prunestudy.params.settings import Study
from prunestudy.plan.plan import Plan
from prunestudy.report.build import build_report
from tests.report.fabricated import EVERY, QUESTION, Cell, make_study, write_tables

TWO = ("traditional", "adaptive")
LONG = "Donaudampfschifffahrtsgesellschaft" * 5
SCRIPT = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>"
HOSTILE = (
    rf"\input{{/etc/passwd}} \write18{{id}} [x] * $a$ %& # _ {{b}} ~ ^ < > | `c` -- {SCRIPT}"
    " 100 % Müller é ﬁ עברית \N{RIGHT-TO-LEFT OVERRIDE}abc 🧪"
    "\N{BELL}\n\n```\n'\"\"' ${7*7} {{ x }}"
)


def lose_latency(tables: Path) -> None:
    """No network was timed."""
    measured = ["latency_ratio_b1", "latency_ratio_b64", "latency_ms_b1", "latency_ms_b64"]
    _edit(tables / "latency.csv", lambda table: table.assign(**dict.fromkeys(measured)))


def go_beyond_numbers(tables: Path) -> None:
    """Some qualities, times and losses are infinite or missing."""
    spoilt = {"val": [float("inf"), None], "test": [None, float("-inf")]}
    _edit(tables / "results.csv", lambda table: _spoilt(table, spoilt))
    _edit(
        tables / "latency.csv",
        lambda table: _spoilt(table, {"latency_ratio_b64": [float("inf"), None]}),
    )
    _edit(tables / "history.csv", lambda table: _spoilt(table, {"val_loss": [float("inf"), None]}))
    _edit(tables / "decisions.csv", lambda table: _spoilt(table, {"val_after": [None] * 40}))


def have_hostile_words(tables: Path) -> None:
    """What jobs and machines say of themselves is hostile."""
    _edit(tables / "decisions.csv", lambda table: table.assign(reason=HOSTILE))
    _edit(tables / "unreachable.csv", lambda table: table.assign(reason=f"{HOSTILE} {LONG}"))
    _edit(tables / "failures.csv", lambda table: table.assign(cause=HOSTILE))
    _edit(tables / "results.csv", lambda table: table.assign(network=HOSTILE, worst_class=HOSTILE))
    _edit(tables / "datasets.csv", lambda table: table.assign(data=f"{HOSTILE} {LONG}"))
    _edit(tables / "timings.csv", lambda table: table.assign(processor=HOSTILE, kernel=LONG))


def _edit(file: Path, edited: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    edited(pd.read_csv(file, dtype={"point": str})).to_csv(file, index=False)


def _spoilt(table: pd.DataFrame, values: dict[str, list[float | None]]) -> pd.DataFrame:
    """The last rows of some columns have other values."""
    lost = {
        name: [*table[name].iloc[: len(table) - len(last)], *last] for name, last in values.items()
    }
    return table.assign(**lost)


def _nothing(tables: Path) -> None:
    pass


@dataclass(frozen=True)
class Shape:
    """A study, what of it failed, and what is done to its tables."""

    study: Study
    failed: frozenset[Cell] = frozenset()
    spoil: Callable[[Path], None] = _nothing

    def build(self, root: Path) -> Path:
        """The folder of its report."""
        write_tables(self.study, root / "given", 300, 0.0, self.failed)
        self.spoil(root / "given")
        build_report(Plan(self.study), root / "given", root / "reports", "f" * 64)
        return root / "reports"


def one_task(study: Study) -> Study:
    """The same study on its first task."""
    return study.model_copy(update={"tasks": {"numbers": study.tasks["numbers"]}})


def hostile(study: Study) -> Study:
    """The same with hostile words wherever words are free."""
    claims = Claims(source=f"{HOSTILE} {LONG}", params=0.5, time=0.5)
    words = {"title": f"{LONG[:60]} {HOSTILE}"[:200], "authors": [HOSTILE, LONG], "code": HOSTILE}
    words["compare"] = [QUESTION.model_copy(update={"claims": claims})]
    return study.model_copy(update={"report": study.report.model_copy(update=words)})


def _every_cell(study: Study, *methods: str) -> frozenset[Cell]:
    return frozenset(
        (task, seed, one) for task in study.tasks for seed in study.seeds for one in methods
    )


EVERY_KIND = make_study(methods=EVERY)
ASIDE = Question(method="traditional", against="other")
SHAPES = {
    "every kind of method": Shape(EVERY_KIND, frozenset({("numbers", 0, "other")})),
    "like smoke": Shape(make_study(seeds=1, methods=TWO)),
    "one seed": Shape(make_study(seeds=1, methods=EVERY, compare=(QUESTION, ASIDE))),
    "one task": Shape(one_task(make_study())),
    "one loop, one task, one seed": Shape(one_task(make_study(seeds=1, methods=("adaptive",)))),
    "one method": Shape(make_study(methods=("traditional",))),
    "no comparison": Shape(make_study(compare=())),
    "no comparison, one seed": Shape(make_study(seeds=1, compare=())),
    "a failed task": Shape(EVERY_KIND, frozenset({("classes", n, "dense") for n in range(5)})),
    "every pruned network failed": Shape(EVERY_KIND, _every_cell(EVERY_KIND, *EVERY)),
    "one seed, a side failed": Shape(
        make_study(seeds=1), frozenset({("numbers", 0, "adaptive"), ("classes", 0, "traditional")})
    ),
    "one seed is left": Shape(
        make_study(seeds=2), frozenset({("numbers", 1, "adaptive"), ("classes", 1, "adaptive")})
    ),
    "nothing was timed": Shape(make_study(methods=EVERY), spoil=lose_latency),
    "not all are numbers": Shape(make_study(methods=EVERY), spoil=go_beyond_numbers),
    "hostile": Shape(hostile(EVERY_KIND), frozenset({("numbers", 0, "other")}), have_hostile_words),
}
