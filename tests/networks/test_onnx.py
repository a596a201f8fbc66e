"""Export to ONNX: both runtimes answer the same, or nothing is written."""

from pathlib import Path

import numpy as np
import pytest
import torch

from prunestudy.cli.main import main
from prunestudy.errors import StudyError
from prunestudy.networks import onnx as export
from prunestudy.networks.onnx import TOLERANCE, export_network, session
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.storage import write_network
from prunestudy.pruning.surgery import remove_units

SPEC = NetworkSpec("cnn", {"channels": [6, 5]}, (1, 8, 8), 3)


def test_a_shrunk_network_answers_the_same_in_both_runtimes(tmp_path: Path):
    torch.manual_seed(0)
    network = SPEC.build()
    remove_units(network, SPEC, {"0": [1, 2], "4": [0]})
    difference = export_network(network, SPEC.example(), tmp_path / "n.onnx")
    assert 0 <= difference < 1e-5 < TOLERANCE
    runtime = session((tmp_path / "n.onnx").read_bytes())
    inputs = torch.randn(37, 1, 8, 8)
    [found] = runtime.run(None, {"input": inputs.numpy()})
    with torch.no_grad():
        assert np.abs(found - network.eval()(inputs).numpy()).max() < 1e-5


def test_a_network_that_answers_otherwise_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    torch.manual_seed(0)
    network, other = SPEC.build(), SPEC.build()
    wrong = export.onnx_bytes(other, SPEC.example())
    monkeypatch.setattr(export, "onnx_bytes", lambda *_: wrong)
    with pytest.raises(StudyError, match="not written"):
        export_network(network, SPEC.example(), tmp_path / "n.onnx")
    assert not (tmp_path / "n.onnx").exists()


def test_a_network_with_broken_weights_is_not_written(tmp_path: Path):
    network = SPEC.build()
    with torch.no_grad():
        network[0].weight.fill_(float("nan"))
    with pytest.raises(StudyError, match="not written"):
        export_network(network, SPEC.example(), tmp_path / "n.onnx")
    assert not (tmp_path / "n.onnx").exists()


def test_export_by_hand_names_the_shape_and_the_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    write_network(tmp_path / "n.safetensors", SPEC.build(), SPEC, "key")
    out = tmp_path / "deep" / "n.onnx"
    assert main(["export", str(tmp_path / "n.safetensors"), "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "input n×1×8×8" in shown
    assert "largest output difference" in shown
    assert out.exists()
    assert main(["export", str(out), "--out", str(tmp_path / "other.onnx")]) == 1
    assert "is not a network of this library" in capsys.readouterr().err
