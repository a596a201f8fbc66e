"""Bag of embedded words (Iyyer et al. 2015)."""

from collections.abc import Sequence

from torch import Tensor, nn

from prunestudy.networks.architectures import mlp
from prunestudy.networks.embedding import Embedding
from prunestudy.networks.words import PADDING, need_words, real


class EmbeddingBag(nn.Module):
    """The mean of a text's embedded words, then fully connected layers with ReLU."""

    def __init__(
        self, vocabulary: int, outputs: int, embedding: int, hidden: Sequence[int]
    ) -> None:
        super().__init__()
        self.embedding = Embedding(vocabulary, embedding, padding_idx=PADDING)
        self.layers = mlp.build((embedding,), outputs, hidden)

    def forward(self, words: Tensor) -> Tensor:
        """Input n × words, output n × outputs."""
        there = real(words)
        total = (self.embedding(words) * there).sum(1)
        # The mean of no words is zero.
        return self.layers(total / there.sum(1).clamp(min=1))


def build(
    input_shape: tuple[int, ...],
    outputs: int,
    embedding: int,
    hidden: Sequence[int],
    vocabulary: int | None = None,
) -> nn.Module:
    """Deep averaging network; input n × words, 0 where there is none, output n × outputs."""
    return EmbeddingBag(need_words(input_shape, vocabulary), outputs, embedding, hidden)
