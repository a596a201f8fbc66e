"""Group lasso on the incoming weights of each unit (Yuan & Lin 2006)."""

from torch import nn

from prunestudy.pruning.regularisers.proximal import group_threshold


def step(network: nn.Module, amount: float) -> None:
    """One proximal step on whole units; the output layer is spared."""
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    for module in layers[:-1]:
        module.weight.copy_(group_threshold(module.weight, amount))
