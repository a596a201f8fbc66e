"""The summary of operating points, and rank correlations, worked out by hand."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from prunestudy.analysis.gpu_latency import gpu_latency
from prunestudy.analysis.rank_correlation import rank_correlation
from prunestudy.analysis.summaries import summary
from tests.analysis.raw import folded, inputs_of, network
from tests.report.fabricated import make_study

STUDY = make_study(seeds=3, methods=("traditional", "other", "rounded"))
TIMES = [[3.0, 2.0], [2.0, 1.0], [4.0, 1.5]]


def rows() -> list[dict]:
    """Networks with four times fewer MACs; latencies differ by seed and batch."""
    plain = {"latency_ratio_b1": 1.0, "latency_ms_b1": 1.0, "bytes_gzip": 9, "epochs": 4}
    plain |= {"metric": "r2", "val_before_retraining": 0.5}
    found = [
        network(task, seed, "dense", "1", **plain)
        for task, seed in product(STUDY.tasks, STUDY.seeds)
    ]
    for seed, (b1, b64) in enumerate(TIMES):
        own = {"speedup_macs": 4.0, "latency_ratio_b1": b1, "latency_ratio_b64": b64}
        for place, name in enumerate(STUDY.methods):
            quality = {"val": 0.9 - place / 10, "val_before_retraining": 0.5 - place / 10}
            # In one seed of three, retraining turns the order about.
            quality["val_before_retraining"] *= 1 if seed else -1
            numbers = {**plain, **own, **quality, "test": 0.8 + seed / 100}
            found.append(network("numbers", seed, name, "4", params=250.0, **numbers))
    return found


def test_beside_every_latency_is_how_much_of_the_cut_of_macs_arrives() -> None:
    table = summary(inputs_of(STUDY, rows())).set_index(["task", "method", "point"])
    own = table.loc[("numbers", "traditional", "4")]
    for place, batch in enumerate(("b1", "b64")):
        shares = [one[place] / 4 for one in TIMES]
        logs = np.log(shares)
        ends = stats.t.interval(0.95, 2, loc=logs.mean(), scale=stats.sem(logs))
        assert own[f"realised_{batch}_geomean"] == pytest.approx(stats.gmean(shares))
        assert own[f"realised_{batch}_low"] == pytest.approx(math.exp(ends[0]))
        assert own[f"realised_{batch}_high"] == pytest.approx(math.exp(ends[1]))
        assert table.loc[("numbers", "dense", "1"), f"realised_{batch}_geomean"] == 1


def test_folds_widen_a_points_interval() -> None:
    plain, wide = (
        summary(inputs_of(study, rows())).set_index(["task", "method", "point"])
        for study in (STUDY, folded(STUDY))
    )
    place = ("numbers", "traditional", "4")
    assert (plain.loc[place, "generalises"], wide.loc[place, "generalises"]) == (
        "initialisation and order of batches, at one split",
        "rows as well",
    )
    width = [one.loc[place, "test_high"] - one.loc[place, "test_low"] for one in (plain, wide)]
    # One fold of five to the four others, three seeds.
    assert width[1] / width[0] == pytest.approx(math.sqrt(1 + 3 / 4))


def test_folds_widen_the_latency_on_a_gpu() -> None:
    timed = [
        row | {"cuda_eager_ms_b1": 1.0, "cuda_eager_ratio_b1": row["latency_ratio_b1"]}
        for row in rows()
    ]
    plain, wide = (
        gpu_latency(inputs_of(study, timed)).set_index(["task", "method", "point"])
        for study in (STUDY, folded(STUDY))
    )
    name, place = "cuda_eager_ratio_b1", ("numbers", "traditional", "4")
    width = [
        math.log(one.loc[place, f"{name}_high"] / one.loc[place, f"{name}_low"])
        for one in (plain, wide)
    ]
    assert width[1] / width[0] == pytest.approx(math.sqrt(1 + 3 / 4))


def test_an_interval_of_a_rank_correlation_stays_where_it_can_be() -> None:
    [found] = rank_correlation(inputs_of(STUDY, rows())).to_dict("records")
    taus = [-1.0, 1.0, 1.0]
    low, high = stats.t.interval(0.95, 2, loc=1 / 3, scale=stats.sem(taus))
    assert (low, high) != (-1, 1) == (found["tau_low"], found["tau_high"])
    assert found["tau"] == pytest.approx(1 / 3)
