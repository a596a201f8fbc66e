"""Group lasso on the incoming weights of each unit (Yuan & Lin 2006)."""

from torch import nn

from prunestudy.networks.cost_model import LAYERS
from prunestudy.pruning.regularisers.proximal import group_threshold


def step(network: nn.Module, amount: float) -> None:
    """One proximal step on whole units; the output layer is spared."""
    layers = [module for module in network.modules() if isinstance(module, LAYERS)]
    for module in layers[:-1]:
        # What an embedding gives each word lies along rows, its units along columns.
        weight = module.weight.T if isinstance(module, nn.Embedding) else module.weight
        weight.copy_(group_threshold(weight, amount))
