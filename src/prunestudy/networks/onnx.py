"""Export to ONNX, with a check that both runtimes answer the same."""

import io
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from prunestudy.errors import StudyError

TOLERANCE = 1e-4
CHECK_ROWS = 8


def onnx_bytes(network: nn.Module, input_shape: tuple[int, ...]) -> bytes:
    """The network as ONNX; input ``input`` n × input shape, output ``output`` n × outputs."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter that traces takes a hundredth of the other one's time and is enough for
        # networks without data-dependent control flow; torch announces its end at each call.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (torch.zeros(1, *input_shape),),
            buffer,  # type: ignore[arg-type]
            dynamo=False,
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": {0: "rows"}, "output": {0: "rows"}},
        )
    return buffer.getvalue()


def session(model: bytes) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session on one CPU thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def output_difference(
    network: nn.Module, runtime: onnxruntime.InferenceSession, input_shape: tuple[int, ...]
) -> float:
    """Largest absolute difference between torch's and ONNX Runtime's outputs."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn((CHECK_ROWS, *input_shape), generator=generator)
    with torch.inference_mode():
        expected = network.eval()(inputs).numpy()
    found = runtime.run(None, {"input": inputs.numpy()})[0]
    return float(np.abs(expected - found).max())


def export_network(network: nn.Module, input_shape: tuple[int, ...], path: Path) -> float:
    """Write the ONNX file and return the largest output difference.

    Raises:
        StudyError: the two runtimes differ by more than the tolerance; nothing is written.
    """
    model = onnx_bytes(network, input_shape)
    difference = output_difference(network, session(model), input_shape)
    if not difference <= TOLERANCE:
        raise StudyError(
            f"{path}: not written, since ONNX Runtime's outputs differ by {difference:.2e} "
            f"(tolerance {TOLERANCE:.0e})"
        )
    path.write_bytes(model)
    return difference
