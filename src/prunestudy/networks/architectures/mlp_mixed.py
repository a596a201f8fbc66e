"""Fully connected network for tables of numbers and categories (Guo & Berkhahn 2016)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunestudy.errors import StudyError
from prunestudy.networks.architectures import mlp
from prunestudy.networks.embedding import Embedding
from prunestudy.networks.layer_sizes import embedding_size


class MixedMlp(nn.Module):
    """Categories are embedded, laid beside the numbers, and read by fully connected layers.

    The first layer's weights are two blocks, of the numbers and of what is embedded: the sum of the
    two is what one layer would make of both side by side.
    """

    def __init__(
        self, numbers: int, categories: Sequence[int], outputs: int, hidden: Sequence[int]
    ) -> None:
        super().__init__()
        self.count = numbers
        sizes = [embedding_size(count) for count in categories]
        self.embeddings = nn.ModuleList(map(Embedding, categories, sizes))
        self.numbers = nn.Linear(numbers, hidden[0]) if numbers else None
        known = sum(sizes)
        self.categories = nn.Linear(known, hidden[0], bias=not numbers) if categories else None
        self.layers = mlp.build((hidden[0],), outputs, hidden[1:])

    def forward(self, rows: Tensor) -> Tensor:
        """Input n × columns, the numbers first, then an index a category; output n × outputs."""
        parts = []
        if self.numbers is not None:
            parts.append(self.numbers(rows[:, : self.count]))
        if self.categories is not None:
            indices = rows[:, self.count :].long()
            embedded = [
                embedding(indices[:, place]) for place, embedding in enumerate(self.embeddings)
            ]
            parts.append(self.categories(torch.cat(embedded, dim=1)))
        return self.layers(functional.relu(sum(parts[1:], parts[0])))


def build(
    input_shape: tuple[int, ...],
    outputs: int,
    hidden: Sequence[int],
    categories: Sequence[int] = (),
) -> nn.Module:
    """Input n × columns, of which the last are indices of categories; output n × outputs.

    Raises:
        StudyError: inputs are not rows of columns.
    """
    if len(input_shape) != 1 or input_shape[0] < len(categories):
        shape = "×".join(map(str, input_shape))
        raise StudyError(f"mlp_mixed needs rows of a table, the data has shape {shape}")
    return MixedMlp(input_shape[0] - len(categories), categories, outputs, hidden)
