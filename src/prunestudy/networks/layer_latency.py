"""Layer latency: how long each layer takes at each width, measured once on this machine.

A closed loop that is bound by latency weighs its actions by this table (as NetAdapt does, Yang
et al. 2018), so that its trajectory is a function of its inputs.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from prunestudy.data.tensors import read_prepared
from prunestudy.networks.architectures.settings import Architecture
from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.onnx import onnx_bytes, session
from prunestudy.networks.settings import Latency
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.timing import Call, interleaved
from prunestudy.networks.unit_graph import LAYERS, UnitGraph
from prunestudy.settings.base import plain
from prunestudy.store.tables import write_table

BATCH_SIZE = 64
# A search by these times decides by their differences, so they are measured more often than the
# latencies of the tables.
MORE_REPEATS = 10


def measure_layers(
    architecture: Architecture, granule: int, settings: Latency, data: Path, out: Path
) -> None:
    """Write a row a layer and pair of widths: ``layer, inputs, outputs, ms``; batch 64.

    The first row, of no layer, is the whole network, from which what lies between layers follows.
    """
    set_up_torch(0)
    prepared = read_prepared(data)
    spec = NetworkSpec.from_params(plain(architecture), prepared.input_shape, prepared.outputs)
    network = spec.build().eval()
    units = UnitGraph(network, spec.input_shape)
    rows = [(None, 0, 0, _call(network, spec.input_shape))]
    shapes = _input_shapes(network, spec.input_shape)
    for name, module in network.named_modules():
        if isinstance(module, LAYERS):
            for inputs, outputs in units.cost.layer_grid(name, granule):
                layer, shape = _resized(module, shapes[name], inputs, outputs)
                rows.append((name, inputs, outputs, _call(layer, shape)))
    often = settings.model_copy(update={"repeats": MORE_REPEATS * settings.repeats})
    samples = interleaved([call for *_place, call in rows], often)
    table = pd.DataFrame(
        [(name, inputs, outputs) for name, inputs, outputs, _call in rows],
        columns=["layer", "inputs", "outputs"],
    )
    table["ms"] = np.median(samples, axis=0)
    write_table(table, out)


def _call(network: nn.Module, shape: tuple[int, ...]) -> Call:
    runtime = session(onnx_bytes(network, shape))
    generator = torch.Generator().manual_seed(0)
    feed = {"input": torch.randn((BATCH_SIZE, *shape), generator=generator).numpy()}
    return lambda: runtime.run(None, feed)


def _input_shapes(network: nn.Module, input_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Shape of one input of each layer."""
    shapes: dict[str, tuple[int, ...]] = {}
    handles = []
    for name, module in network.named_modules():
        if isinstance(module, LAYERS):

            def note(_module: nn.Module, inputs: tuple[Tensor, ...], name: str = name) -> None:
                shapes[name] = tuple(inputs[0].shape[1:])

            handles.append(module.register_forward_pre_hook(note))
    with torch.inference_mode():
        network(torch.zeros(1, *input_shape))
    for handle in handles:
        handle.remove()
    return shapes


def _resized(
    module: nn.Module, shape: tuple[int, ...], inputs: int, outputs: int
) -> tuple[nn.Module, tuple[int, ...]]:
    """A layer of the same kind with other widths, and the shape of its input."""
    if isinstance(module, nn.Linear):
        return nn.Linear(inputs, outputs, bias=module.bias is not None), (inputs,)
    assert isinstance(module, nn.Conv2d), "layers are convolutions or linear"
    layer = nn.Conv2d(
        inputs,
        outputs,
        module.kernel_size,  # type: ignore[arg-type]
        module.stride,  # type: ignore[arg-type]
        module.padding,  # type: ignore[arg-type]
        module.dilation,  # type: ignore[arg-type]
        bias=module.bias is not None,
    )
    # A convolution runs with the ReLU behind it fused.
    return nn.Sequential(layer, nn.ReLU()), (inputs, *shape[1:])
