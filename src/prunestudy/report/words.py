"""What the report says by itself: texts, tables and figures by the templates of ``words.toml``."""

import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from importlib.resources import files
from operator import getitem
from typing import Any

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.analysis.measures import MEASURES
from prunestudy.report import formatting
from prunestudy.report.blocks import Table
from prunestudy.report.figures import Figure, Panel
from prunestudy.report.formatting import NOTHING, interval, listed, significant
from prunestudy.training.metrics.settings import MetricInfo

Row = dict[Any, Any]
WORDS = tomllib.loads(files("prunestudy.report").joinpath("words.toml").read_text("utf-8"))
VERDICTS: dict[str, str] = WORDS["verdicts"]
# Columns that name a method, and lead to what its numbers on the row's task were made from.
METHODS = ("method", "against")
TRAITS = {"final": ("final loss", "ratio"), "roughness": ("roughness", "difference")}


def anchor(task: str, method: str) -> str:
    """Where the page says what a method's numbers on a task were made from."""
    return f"from-{task}-{method}"


def _spread(mean: float, sd: float, write: Callable[[float], str]) -> str:
    """``mean ± sd``, or the mean alone where there is no spread."""
    return write(mean) if pd.isna(sd) else f"{write(mean)} ± {write(sd)}"


def _timed(milliseconds: float, ratio: float) -> str:
    """Milliseconds, and in brackets how many times faster than the dense network that is."""
    told = formatting.significant(milliseconds)
    return told if pd.isna(milliseconds) else f"{told} ({formatting.ratio(ratio)})"


def _changed(before: float, after: float, write: Callable[[float], str]) -> str:
    return f"{write(before)} → {write(after)}"


def _verdict(verdict: str, within: bool = False, not_inferior: bool = False) -> str:
    """A verdict with its sign; what else is known of a certain and of an undecided one."""
    more = VERDICTS["within"] if within else ""
    if verdict == "undecided" and not_inferior:
        more = VERDICTS["not_inferior"]
    return VERDICTS.get(verdict, verdict) + more


def _measured(measure: str, *numbers: float) -> str:
    """An estimate, or the ends of an interval, as the numbers of a measure are written."""
    write = formatting.ratio if MEASURES[measure].kind == "ratio" else formatting.change
    if len(numbers) == 1:
        return write(numbers[0])
    low, high = numbers
    return interval(low, high, write)


def _of_trait(trait: str, low: float, high: float) -> str:
    return f"{TRAITS[trait][1]} {interval(low, high, significant)}"


PLAIN = (
    *("change", "commit", "count", "decimal", "effect", "fine", "mean_count", "point_name"),
    *("probability", "quality", "ratio", "significant", "size"),
)
# Writers by name, and those that write several numbers by one of them: ``spread of quality``.
WRITERS: dict[str, Callable[..., str]] = {
    **{name: getattr(formatting, name) for name in PLAIN},
    "text": str,
    "known": lambda value: NOTHING if pd.isna(value) or not value else str(value),
    "milliseconds": "{:.3g} ms".format,
    "share": "{:.0%}".format,
    "measure": lambda name: WORDS["finding"]["measures"][name],
    "measured": _measured,
    "verdict": _verdict,
    "yes": lambda holds: "yes" if holds else "no",
    "trait": lambda trait: TRAITS[trait][0],
    "trait_interval": _of_trait,
    "timed": _timed,
}
OF: dict[str, Callable[..., str]] = {
    "spread": _spread,
    "interval": interval,
    "estimate": formatting.estimate,
    "changed": _changed,
}


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and what writes which numbers of a row."""

    heading: str
    write: Callable[..., str]
    sources: tuple[str, ...]

    @classmethod
    def read(cls, spec: str | list[str], words: dict[str, object]) -> "Column":
        """A column as words.toml has it."""
        given = [spec] if isinstance(spec, str) else spec
        heading, *rest = (one.format(**words) for one in given)
        writer, *sources = rest or ["text"]
        several, _, one = writer.rpartition(" of ")
        write = partial(OF[several], write=WRITERS[one]) if several else WRITERS[one]
        return cls(heading, write, tuple(sources) or (heading,))

    def text(self, row: Row) -> str:
        """The cell of a row."""
        return self.write(*(row[name] for name in self.sources))

    def link(self, row: Row) -> str:
        """What that cell leads to, if anything."""
        is_method = self.heading in METHODS and "task" in row
        return anchor(row["task"], self.text(row)) if is_method else ""


def text(place: str, /, **words: object) -> str:
    """A text of the report: its name in ``[text]``, or its whole place, with dots."""
    *parts, name = place.split(".")
    found: Any = reduce(getitem, [*(parts or ["text"]), name], WORDS)
    return str(found.format(**words))


def metric_notes(metrics: Iterable[MetricInfo]) -> dict[str, str]:
    """What captions say of metrics: ``lower``, of which that is better, and their ``units``."""
    infos = {info.label: info for info in metrics}
    lower = [label for label, info in infos.items() if not info.higher_is_better]
    units: dict[str, list[str]] = {}
    for label, info in infos.items():
        if info.unit:
            units.setdefault(info.unit, []).append(label)
    told = "; in ".join(f"{unit}: {listed(labels)}" for unit, labels in units.items())
    unit = text("metrics.units", told=told) if units else ""
    return {
        "lower": (text("metrics.lower", told=listed(lower)) if lower else "") + unit,
        "also": text("metrics.also", told=listed(lower)) if lower else "",
        "aside": text("metrics.aside", told=listed(lower)) if lower else "",
        "units": unit,
    }


def notes(inputs: Inputs) -> dict[str, str]:
    """The same of the metrics of a study's tasks."""
    return metric_notes(inputs.study.tasks[task].metric_info for task in inputs.tasks)


def table(
    name: str,
    rows: pd.DataFrame | Iterable[Row],
    strong: str = "",
    without: Sequence[str] = (),
    **words: object,
) -> Table:
    """A table of these rows, without the columns of some headings.

    A row may have an ``anchor``, a name that others lead to, and a ``link`` that its first cell
    has.
    """
    template = WORDS["table"][name]
    records = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else list(rows)
    columns = [Column.read(spec, words) for spec in template["columns"]]
    columns = [column for column in columns if column.heading not in without]
    links = [[column.link(row) for column in columns] for row in records]
    for own, row in zip(links, records, strict=True):
        own[0] = row.get("link", own[0])
    return Table(
        template["caption"].format(**words),
        tuple(column.heading for column in columns),
        tuple(tuple(column.text(row) for column in columns) for row in records),
        template.get("source", "").format(**words),
        strong,
        template.get("name", "").format(**words),
        tuple(row.get("anchor", "") for row in records),
        tuple(map(tuple, links)),
    )


def hover(name: str, rows: pd.DataFrame, **words: object) -> pd.DataFrame:
    """What hovering over the marks of a figure tells of these rows, a column a line."""
    columns = [Column.read(spec, words) for spec in WORDS["figure"][name]["hover"]]
    records = rows.to_dict("records")
    texts = {column.heading: [column.text(row) for row in records] for column in columns}
    return pd.DataFrame(texts, index=rows.index)


def figure(
    inputs: Inputs,
    template: str,
    panels: Iterable[Panel],
    n: pd.Series,
    name: str = "",
    methods: Iterable[str] = (),
    cost: str = "",
    named: bool = False,
    **words: object,
) -> Figure | None:
    """A figure of the panels that have something to draw; none without any.

    Args:
        n: the numbers of seeds behind its marks.
        words: what its texts have in braces; those that start with ``with_`` say whether a part
            of the template is there.
    """
    panels = tuple(panel for panel in panels if panel.chart.layer)
    methods, texts = tuple(methods), WORDS["figure"][template]
    if not panels:
        return None
    if len(n) and n.max() == 1:
        texts = {**texts, **texts.get("one_seed", {})}
    words = {
        "level": formatting.percent(inputs.level),
        "seeds": formatting.numbers_of_seeds(n),
        "focus": inputs.focus,
        "tasks": listed(list(dict.fromkeys(panel.task for panel in panels))),
        "methods": listed(methods),
        **notes(inputs),
        **words,
    }
    for part in [word.removeprefix("with_") for word in words if word.startswith("with_")]:
        words[part] = texts[part].format(**words) if words[f"with_{part}"] else ""
    told = {one: texts[one].format(**words) for one in ("title", "caption", "alt", "source", "key")}
    return Figure(
        name=name or template, panels=panels, methods=methods, cost=cost, named=named, **told
    )
