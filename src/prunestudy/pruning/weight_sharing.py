"""Weight sharing (Deep Compression, Han et al. 2016): few values a layer, in a codebook.

Zero is a value of its own where weights are masked, so that sharing never revives a weight.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from prunestudy.pruning.masks import maskable
from prunestudy.training.loop import AfterStep

KMEANS_STARTS = 1


@dataclass(frozen=True)
class Shared:
    """The shared form of one weight.

    Attributes:
        codebook: float32 values.
        indices: uint8 index of each weight's value, in the weight's shape.
        counts: how many weights have each value, at least one.
        frozen: whether the first value is zero and stays so.
    """

    codebook: Tensor
    indices: Tensor
    counts: Tensor
    frozen: bool

    def to(self, device: torch.device) -> "Shared":
        """The same on a device."""
        return Shared(
            self.codebook.to(device), self.indices.to(device), self.counts.to(device), self.frozen
        )

    def values(self) -> Tensor:
        """The weight that the codebook and the indices stand for."""
        return self.codebook[self.indices.long()]


def sharing(
    network: nn.Module, clusters: int, masks: Mapping[str, Tensor] | None
) -> tuple[dict[str, Shared], AfterStep]:
    """Share a network's weights, and what tunes the centroids after each optimiser step."""
    shared = share_weights(network, clusters, masks)

    def after_step(network: nn.Module, _optimizer: Optimizer, _lr: float) -> None:
        shared.update(tuned(network, shared))
        apply_sharing(network, shared)

    return shared, after_step


def share_weights(
    network: nn.Module, clusters: int, masks: Mapping[str, Tensor] | None
) -> dict[str, Shared]:
    """Cluster each layer's weights and set them to their centroids."""
    parameters = dict(network.named_parameters())
    shared = {}
    for name in maskable(network):
        mask = masks[name].cpu() if masks is not None and name in masks else None
        weights = parameters[name].detach()
        # Clustered where scikit-learn works, tuned at each step where the weights are.
        shared[name] = _cluster(weights.cpu(), clusters, mask).to(weights.device)
    apply_sharing(network, shared)
    return shared


def apply_sharing(network: nn.Module, shared: Mapping[str, Shared]) -> None:
    """Set the weights to what their shared form says."""
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for name, form in shared.items():
            parameters[name].copy_(form.values())


def tuned(network: nn.Module, shared: Mapping[str, Shared]) -> dict[str, Shared]:
    """New centroids after an optimiser step: the mean of each cluster's weights."""
    parameters = dict(network.named_parameters())
    return {name: _recentred(parameters[name].detach(), form) for name, form in shared.items()}


def _cluster(weights: Tensor, clusters: int, mask: Tensor | None) -> Shared:
    # Imported here: it costs half a second, and most methods share no weights.
    from sklearn.cluster import KMeans

    keep = torch.ones_like(weights, dtype=torch.bool) if mask is None else mask
    values = weights[keep].double().numpy()
    frozen = not bool(keep.all())
    distinct = np.unique(values)
    count = min(clusters - frozen, len(distinct))
    # Linear initialisation: large weights are rare and matter, density would lose them.
    starts = np.linspace(values.min(), values.max(), count)[:, None]
    found = KMeans(count, init=starts, n_init=KMEANS_STARTS).fit(values[:, None])
    codebook = torch.from_numpy(found.cluster_centers_[:, 0]).float()
    indices = torch.zeros(weights.shape, dtype=torch.uint8)
    labels = torch.from_numpy(found.labels_.astype(np.uint8))
    if frozen:
        codebook = torch.cat([torch.zeros(1), codebook])
        labels = labels + 1
    indices[keep] = labels
    counts = torch.bincount(indices.flatten(), minlength=len(codebook)).clamp(min=1)
    return Shared(codebook, indices, counts, frozen)


def _recentred(weights: Tensor, form: Shared) -> Shared:
    index = form.indices.long().flatten()
    sums = torch.zeros_like(form.codebook).index_add_(0, index, weights.flatten())
    codebook = sums / form.counts
    if form.frozen:
        codebook[0] = 0.0
    return replace(form, codebook=codebook)
