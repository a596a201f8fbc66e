"""Links from numbers to the artifacts, digests, keys and parameters that they were made from."""

import pandas as pd

from prunestudy.analysis.inputs import Inputs
from prunestudy.plan.plan import DENSE
from prunestudy.report import formatting
from prunestudy.report.blocks import Table

COLUMNS = ("method", "seed", "artifact", "run key", "commit", "networks and their sha256")


def anchor(task: str, method: str) -> str:
    """Where the page says what a method's numbers on a task were made from."""
    return f"from-{task}-{method}"


def params_anchor(kind: str, name: str) -> str:
    """Where the page has the parameters of one of the ``tasks`` or ``methods``."""
    return f"params-{kind}-{name}"


def sources_table(inputs: Inputs, table: pd.DataFrame, task: str) -> Table:
    """Artifacts, keys and digests behind a task's numbers, one row a trajectory.

    Args:
        table: as :func:`prunestudy.analysis.provenance.provenance` returns it.
    """
    rows, anchors, links = [], [], []
    for method in (DENSE, *inputs.methods):
        found = table[(table["task"] == task) & (table["method"] == method)]
        for place, (seed, networks) in enumerate(found.groupby("seed", sort=True)):
            first = networks.iloc[0]
            digests = [
                f"{formatting.point_name(row['point'])} {str(row['network_sha256'])[:8]}"
                for row in networks.to_dict("records")
            ]
            key, commit = str(first["run_key"])[:12], formatting.commit(first["git_commit"])
            artifact = str(first["artifact"])
            rows.append((method, str(seed), artifact, key, commit, ", ".join(digests)))
            # Others link a method; its first row is where they lead.
            anchors.append("" if place else anchor(task, method))
            kind, name = ("tasks", task) if method == DENSE else ("methods", method)
            links.append((params_anchor(kind, name), *[""] * (len(COLUMNS) - 1)))
    return Table(
        f"{task}: the trajectories behind every number of a method.",
        COLUMNS,
        tuple(rows),
        "provenance.csv",
        name=f"provenance-{task}",
        anchors=tuple(anchors),
        links=tuple(links),
    )
