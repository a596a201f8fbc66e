"""What the study's jobs were, on which machine they ran, and how long they took."""

import html

from prunestudy.analysis.inputs import Inputs
from prunestudy.report import formatting
from prunestudy.report.blocks import Grid

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 84, 40, 26, 16, 2
LOOP = 18
HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path class="head" d="M0 0 L8 4 L0 8 Z"/></marker></defs>'
)


def steps_grid(inputs: Inputs) -> Grid:
    """How many jobs each step took, how long, and how much memory."""
    rows = []
    timings = inputs.timings
    lacking = timings["benchmark_seconds"].isna()
    wall = timings["benchmark_seconds"].fillna(timings["seconds"])
    for step, jobs in timings.groupby("step", sort=False):
        seconds = wall[jobs.index]
        rows.append(
            (
                str(step),
                str(len(jobs)),
                *map(formatting.significant, (seconds.sum(), seconds.median(), seconds.max())),
                formatting.significant(jobs["cpu_seconds"].sum()),
                formatting.count(jobs["peak_memory_mb"].max()),
            )
        )
    columns = ("step", "jobs", "seconds in all", "median", "longest", "CPU seconds", "memory, MB")
    caption = (
        "Duration of every rule's jobs before this report: wall-clock seconds by Snakemake's "
        "benchmarks, one job after the other; seconds on the processor and most memory by the jobs "
        "themselves."
    )
    if lacking.any():
        caption += (
            f" {formatting.plural(int(lacking.sum()), 'job')} of {len(lacking)} have no benchmark "
            "here; for them it is the seconds that the job itself noted."
        )
    return Grid(caption, columns, tuple(rows), "timings.csv", name="steps")


def machines_grid(inputs: Inputs) -> Grid:
    """The machines whose jobs the study is made of."""
    names = ["processor", "cores", "memory_gb", "platform", "kernel"]
    rows = [
        (
            str(row["processor"]),
            formatting.count(row["cores"]),
            formatting.significant(row["memory_gb"]),
            str(row["platform"]),
            str(row["kernel"]),
            str(row["jobs"]),
        )
        for row in inputs.timings.groupby(names, dropna=False)
        .size()
        .rename("jobs")
        .reset_index()
        .to_dict("records")
    ]
    columns = ("processor", "cores", "memory, GiB", "platform", "kernel", "jobs")
    caption = "Machines that ran the jobs. Training and latency are on the CPU."
    return Grid(caption, columns, tuple(rows), "timings.csv", name="machines")


def graph(inputs: Inputs) -> str:
    """The study's steps and how many jobs each has, as an SVG that takes the page's colours."""
    ranks = _ranks(inputs)
    stages = [
        [step for step in inputs.steps if ranks[step] == rank]
        for rank in range(max(ranks.values()) + 1)
    ]
    tallest = max(len(stage) for stage in stages)
    width = len(stages) * (BOX_WIDTH + GAP_X) - GAP_X + 2 * MARGIN
    height = tallest * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN + LOOP
    places = {}
    for across, stage in enumerate(stages):
        top = LOOP + (height - LOOP - len(stage) * (BOX_HEIGHT + GAP_Y) + GAP_Y) / 2
        for down, step in enumerate(stage):
            x = MARGIN + across * (BOX_WIDTH + GAP_X)
            places[step] = (x, top + down * (BOX_HEIGHT + GAP_Y))
    boxes = "".join(_box(step, *places[step], inputs.steps[step]) for step in inputs.steps)
    lines = "".join(
        _arrow(places[first], places[second]) for first, second in sorted(_reduced(inputs.waits))
    )
    loops = "".join(_loop(places[one]) for one, other in sorted(inputs.waits) if one == other)
    return (
        f'<svg class="graph" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{html.escape(graph_words(inputs))}">{HEAD}{lines}{loops}{boxes}</svg>'
    )


def graph_words(inputs: Inputs) -> str:
    """What the graph shows, in words."""
    waiting = {
        step: [first for first, second in sorted(_reduced(inputs.waits)) if second == step]
        for step in inputs.steps
    }
    told = [
        f"{step} ({formatting.plural(number, 'job')})"
        + (f" after {formatting.listed(waiting[step])}" if waiting[step] else "")
        for step, number in inputs.steps.items()
    ]
    loops = [one for one, other in sorted(inputs.waits) if one == other]
    own = (
        f"; some jobs of {formatting.listed(loops)} wait for others of the same step, those of the "
        "method that they refer to"
        if loops
        else ""
    )
    return f"The steps of the study and what each waits for: {', '.join(told)}{own}."


def _ranks(inputs: Inputs) -> dict[str, int]:
    """How many steps come before each one, at most."""
    ranks = dict.fromkeys(inputs.steps, 0)
    for _step in inputs.steps:
        for first, second in inputs.waits:
            if first != second:
                ranks[second] = max(ranks[second], ranks[first] + 1)
    return ranks


def _reduced(waits: frozenset[tuple[str, str]]) -> set[tuple[str, str]]:
    """The edges that do not follow from others."""
    edges = {(first, second) for first, second in waits if first != second}

    def leads(first: str, second: str) -> bool:
        return any(
            one == first and (other == second or leads(other, second)) for one, other in edges
        )

    return {
        (first, second)
        for first, second in edges
        if not any(
            one == first and other != second and leads(other, second) for one, other in edges
        )
    }


def _box(step: str, x: float, y: float, number: int) -> str:
    middle = x + BOX_WIDTH / 2
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="5"/>'
        f'<text x="{middle:g}" y="{y + 17:g}">{html.escape(step)}</text>'
        f'<text class="count" x="{middle:g}" y="{y + 31:g}">{formatting.plural(number, "job")}</text>'
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1 = start[0] + BOX_WIDTH, start[1] + BOX_HEIGHT / 2
    x2, y2 = end[0], end[1] + BOX_HEIGHT / 2
    bend = (x1 + x2) / 2
    way = f"M{x1:g} {y1:g} C{bend:g} {y1:g} {bend:g} {y2:g} {x2:g} {y2:g}"
    return f'<path d="{way}" marker-end="url(#head)"/>'


def _loop(place: tuple[float, float]) -> str:
    """An arrow from a box to itself, above it."""
    x, y = place[0] + BOX_WIDTH / 2, place[1]
    left, right, up = x - 12, x + 12, y - LOOP
    bend = f"C{right:g} {up:g} {left:g} {up:g}"
    return f'<path d="M{right:g} {y:g} {bend} {left:g} {y:g}" marker-end="url(#head)"/>'
