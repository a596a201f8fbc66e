"""Export to ONNX, with a check that both runtimes answer the same."""

import io
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from prunestudy.errors import StudyError

TOLERANCE = 1e-4
CHECK_ROWS = 8


def onnx_bytes(network: nn.Module, example: Tensor) -> bytes:
    """The network as ONNX; input ``input`` n × input shape, output ``output`` n × outputs.

    Args:
        example: inputs of the network, rows × input shape.
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter that traces takes a hundredth of the other one's time and is enough for
        # networks without data-dependent control flow; torch announces its end at each call.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (torch.zeros_like(example[:1]),),
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
    network: nn.Module, runtime: onnxruntime.InferenceSession, inputs: Tensor
) -> float:
    """Largest absolute difference between torch's and ONNX Runtime's outputs for some inputs."""
    with torch.inference_mode():
        expected = network.eval()(inputs).numpy()
    found = runtime.run(None, {"input": inputs.numpy()})[0]
    return float(np.abs(expected - found).max())


def export_network(network: nn.Module, inputs: Tensor, path: Path) -> float:
    """Write the ONNX file and return the largest output difference for some inputs.

    Raises:
        StudyError: the two runtimes differ by more than the tolerance; nothing is written.
    """
    model = onnx_bytes(network, inputs)
    difference = output_difference(network, session(model), inputs)
    if not difference <= TOLERANCE:
        raise StudyError(
            f"{path}: not written, since ONNX Runtime's outputs differ by {difference:.2e} "
            f"(tolerance {TOLERANCE:.0e})"
        )
    path.write_bytes(model)
    return difference
