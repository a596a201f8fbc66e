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
from prunestudy.networks.cost_model import LAYERS
from prunestudy.networks.determinism import set_up_torch
from prunestudy.networks.onnx import onnx_bytes, session
from prunestudy.networks.settings import Latency
from prunestudy.networks.spec import NetworkSpec
from prunestudy.networks.timing import Call, interleaved
from prunestudy.networks.unit_graph import UnitGraph
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
    spec = NetworkSpec.from_params(plain(architecture), prepared.description)
    network = spec.build().eval()
    units = UnitGraph(network, spec.example())
    rows = [(None, 0, 0, _call(network, spec.sample(BATCH_SIZE)))]
    shapes = _input_shapes(network, spec.example())
    for name, module in network.named_modules():
        if isinstance(module, LAYERS):
            for inputs, outputs in units.cost.layer_grid(name, granule):
                layer, read = _resized(module, shapes[name], inputs, outputs)
                rows.append((name, inputs, outputs, _call(layer, read)))
    often = settings.model_copy(update={"repeats": MORE_REPEATS * settings.repeats})
    samples = interleaved([call for *_place, call in rows], often)
    table = pd.DataFrame(
        [(name, inputs, outputs) for name, inputs, outputs, _call in rows],
        columns=["layer", "inputs", "outputs"],
    )
    table["ms"] = np.median(samples, axis=0)
    write_table(table, out)


def _call(network: nn.Module, inputs: Tensor) -> Call:
    runtime = session(onnx_bytes(network, inputs))
    feed = {"input": inputs.numpy()}
    return lambda: runtime.run(None, feed)


def _input_shapes(network: nn.Module, example: Tensor) -> dict[str, tuple[int, ...]]:
    """Shape of one input of each layer."""
    shapes: dict[str, tuple[int, ...]] = {}
    handles = []
    for name, module in network.named_modules():
        if isinstance(module, LAYERS):

            def note(_module: nn.Module, inputs: tuple[Tensor, ...], name: str = name) -> None:
                shapes[name] = tuple(inputs[0].shape[1:])

            handles.append(module.register_forward_pre_hook(note))
    with torch.inference_mode():
        network(example[:1])
    for handle in handles:
        handle.remove()
    return shapes


def _resized(
    module: nn.Module, shape: tuple[int, ...], inputs: int, outputs: int
) -> tuple[nn.Module, Tensor]:
    """A layer of the same kind with other widths, and a batch of its inputs."""
    generator = torch.Generator().manual_seed(0)
    if isinstance(module, nn.Embedding):
        chosen = torch.randint(inputs, (BATCH_SIZE, *shape), generator=generator)
        return nn.Embedding(inputs, outputs), chosen
    if isinstance(module, nn.Linear):
        linear = nn.Linear(inputs, outputs, bias=module.bias is not None)
        return linear, torch.randn((BATCH_SIZE, inputs), generator=generator)
    assert isinstance(module, nn.Conv1d | nn.Conv2d), "no layer of another kind has units"
    layer = type(module)(
        inputs,
        outputs,
        module.kernel_size,  # type: ignore[arg-type]
        module.stride,  # type: ignore[arg-type]
        module.padding,  # type: ignore[arg-type]
        module.dilation,  # type: ignore[arg-type]
        bias=module.bias is not None,
    )
    read = torch.randn((BATCH_SIZE, inputs, *shape[1:]), generator=generator)
    # A convolution runs with the ReLU behind it fused.
    return nn.Sequential(layer, nn.ReLU()), read
