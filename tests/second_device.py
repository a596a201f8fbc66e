"""A second device where there is none: tensors that say they lie on ``meta``, and compute here.

As on a GPU, an operation on tensors of both devices is an error (scalars and indices aside). The
numbers are the CPU's, so that whatever runs on it must leave the same bytes.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from pytorch_lightning.accelerators import CPUAccelerator
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from prunestudy.pruning import cell, trajectory
from prunestudy.training import dense, loop

THERE = torch.device("meta")
HERE = torch.device("cpu")
# What a GPU takes from the CPU as it is: the places that are read or written.
INDEXED = ("aten::index", "aten::index_put_", "aten::index_put")
COPIED = "aten::copy_"


class There(Tensor):
    """A tensor on the second device."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> "There":
        return Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=THERE,
            requires_grad=inner.requires_grad,
        )

    def __init__(self, inner: Tensor) -> None:
        self.inner = inner

    def __repr__(self) -> str:
        return f"There({self.inner!r})"

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None):
        return computed(function, args, kwargs or {}, Counter())


class SecondDevice(TorchDispatchMode):
    """While it is entered, ``meta`` is the second device.

    Attributes:
        moves: how many tensors of more than one number went there and came back.
    """

    def __init__(self) -> None:
        super().__init__()
        self.moves: Counter[str] = Counter()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None):
        return computed(function, args, kwargs or {}, self.moves)


class _Constants(TorchFunctionMode):
    """Numbers and indices become tensors before any operation is dispatched."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None):
        kwargs = kwargs or {}
        device = kwargs.get("device")
        if function is torch.tensor and device is not None and torch.device(device) == THERE:
            return function(*args, **{**kwargs, "device": HERE}).to(THERE)
        if function in (Tensor.__getitem__, Tensor.__setitem__) and isinstance(args[0], There):
            tensor, index, *value = args
            several = isinstance(index, tuple)
            found = [_index(one) for one in (index if several else (index,))]
            return function(tensor, tuple(found) if several else found[0], *value)
        return function(*args, **kwargs)


def _index(one: Any) -> Any:
    if isinstance(one, list):
        return torch.tensor(one).to(THERE)
    return one.to(THERE) if isinstance(one, Tensor) else one


def computed(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], moves: Counter[str]
) -> Any:
    """Compute one operation here, and put the outcome where it belongs."""
    name = function._schema.name
    tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
    there = [one for one in tensors if isinstance(one, There)]
    asked = kwargs.get("device")
    goes_there = bool(there) if asked is None else torch.device(asked) == THERE
    if name == COPIED:
        goes_there = isinstance(args[0], There)
    elif (
        there
        and name not in INDEXED
        and any(one.dim() for one in tensors if not isinstance(one, There))
    ):
        raise RuntimeError(f"{name}: tensors on two devices")
    if tensors and tensors[-1].numel() > 1 and isinstance(tensors[-1], There) != goes_there:
        moves["there" if goes_there else "back"] += 1
    if asked is not None:
        kwargs = {**kwargs, "device": HERE}
    known = {id(one.inner): one for one in there}
    inner_args, inner_kwargs = tree_map(_inner, (args, kwargs))
    found = function(*inner_args, **inner_kwargs)

    def placed(one: Any) -> Any:
        if not isinstance(one, Tensor) or not goes_there:
            return one
        return known[id(one)] if id(one) in known else There(one)

    return tree_map(placed, found)


def _inner(one: Any) -> Any:
    return one.inner if isinstance(one, There) else one


class _Accelerator(CPUAccelerator):
    def setup_device(self, device: torch.device) -> None:
        assert device == THERE


def _applied(module: nn.Module, change: Callable[[Tensor], Tensor], *_: bool) -> nn.Module:
    """``Module._apply``, for parameters and buffers that come to the second device or stay."""
    for inner in module.children():
        inner._apply(change)
    for members in (module._parameters, module._buffers):
        for name, value in members.items():
            if value is None:
                continue
            with torch.no_grad():
                new = change(value)
            if new is not value:
                is_parameter = isinstance(value, nn.Parameter)
                members[name] = nn.Parameter(new, value.requires_grad) if is_parameter else new
    return module


@contextmanager
def second_device() -> Iterator[SecondDevice]:
    """Have trainings and trajectories run on the second device."""
    with pytest.MonkeyPatch.context() as patch, SecondDevice() as device, _Constants():
        for room in (loop, dense, cell, trajectory):
            patch.setattr(room, "device_of", lambda _compute: THERE)
        patch.setitem(loop.ACCELERATORS, THERE.type, _Accelerator())
        patch.setattr(nn.Module, "_apply", _applied)
        # Tensors of inference mode cannot be wrapped.
        patch.setattr(torch, "inference_mode", torch.no_grad)
        yield device
