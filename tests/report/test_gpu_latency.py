"""Latency on the GPU: a section where networks were timed on one, and nowhere else."""

from dataclasses import replace

import pytest

from prunestudy.report import tables
from prunestudy.report.blocks import Table
from prunestudy.report.contents import Contents
from prunestudy.report.paper import methods_paragraph
from prunestudy.report.sections import _gpu_latency, sections
from tests.report.fabricated import contents_of, timed_on_gpu


@pytest.fixture(scope="module")
def on_gpu(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    inputs = contents_of(tmp_path_factory.mktemp("gpu"), networks=timed_on_gpu).inputs
    return Contents(replace(inputs, timings=inputs.timings.assign(gpu="Another GPU")))


@pytest.fixture(scope="module")
def on_cpu(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    return contents_of(tmp_path_factory.mktemp("cpu"))


def test_a_study_on_a_gpu_has_a_table_of_it_for_each_task(on_gpu: Contents) -> None:
    section = next(one for one in sections(on_gpu) if one.title == "Latency on the GPU")
    shown = [one for one in section.blocks if isinstance(one, Table)]
    assert [one.label for one in shown] == ["gpu-latency-numbers", "gpu-latency-classes"]
    assert all("on A GPU" in one.caption for one in shown)
    rows = {row[:2]: row[3:] for row in shown[0].rows}
    # 1000 parameters, and 500 of them: milliseconds at 1, 64, 512, compiled, and of a graph.
    dense, half = rows["dense", "dense"], rows["traditional", "2×"]
    assert dense == (
        *("1.00 (1.00×)", "64.0 (1.00×)", "512 (1.00×)"),
        *("0.500 (1.00×)", "32.0 (1.00×)", "–"),
        "0.250 (1.00×)",
    )
    assert half == (
        *("0.500 (2.00×)", "32.0 (2.00×)", "256 (2.00×)"),
        *("0.250 (2.00×)", "16.0 (2.00×)", "–"),
        "0.125 (2.00×)",
    )
    assert len(rows) == len(on_gpu.summary[on_gpu.summary["task"] == "numbers"])


def test_its_file_has_means_and_intervals(on_gpu: Contents) -> None:
    table = on_gpu.tables["gpu_latency"].set_index(["task", "method", "point"])
    row = table.loc[("numbers", "adaptive", "final")]
    # 300 to 304 parameters over five seeds.
    assert row["cuda_eager_ms_b64_mean"] == pytest.approx(64 * 0.302)
    middle = row["cuda_eager_ratio_b64_geomean"]
    assert row["cuda_eager_ratio_b64_low"] < middle < row["cuda_eager_ratio_b64_high"]
    assert middle == pytest.approx(1000 / 302, rel=1e-3)


def test_a_study_on_the_cpu_has_nothing_of_it(on_cpu: Contents) -> None:
    assert _gpu_latency(on_cpu) == []
    assert "gpu_latency" not in on_cpu.tables


def test_where_results_are_from_is_told_as_it_is(on_gpu: Contents, on_cpu: Contents) -> None:
    told = [(tables.machines(one.inputs).caption, one.inputs) for one in (on_cpu, on_gpu)]
    assert [caption.partition(". ")[2].partition(";")[0] for caption, _inputs in told] == [
        "Training and latency are on the CPU.",
        "Training is on Another GPU",
    ]
    endings = [methods_paragraph(inputs).rpartition("results are from ")[2] for _, inputs in told]
    assert endings == ["CPUs.", "Another GPU."]
