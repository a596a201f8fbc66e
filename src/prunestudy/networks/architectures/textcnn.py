"""Convolutional network for text (Kim 2014)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunestudy.networks.embedding import Embedding
from prunestudy.networks.words import PADDING, need_words, real


class TextCnn(nn.Module):
    """Convolutions of several widths over embedded words, their maxima, a linear classifier."""

    def __init__(
        self, vocabulary: int, outputs: int, embedding: int, channels: int, kernels: Sequence[int]
    ) -> None:
        super().__init__()
        self.embedding = Embedding(vocabulary, embedding, padding_idx=PADDING)
        # Half a kernel on each side, so that texts shorter than a kernel have a position, too.
        self.convolutions = nn.ModuleList(
            nn.Conv1d(embedding, channels, kernel, padding=kernel // 2) for kernel in kernels
        )
        self.kernels = tuple(kernels)
        self.linear = nn.Linear(channels * len(kernels), outputs)

    def forward(self, words: Tensor) -> Tensor:
        """Input n × words, output n × outputs."""
        there = real(words)
        # Whatever shared weights or masks make of padding's own numbers, it stays silent.
        embedded = (self.embedding(words) * there).transpose(1, 2)
        there = there.transpose(1, 2)
        found = []
        for kernel, convolution in zip(self.kernels, self.convolutions, strict=True):
            # Of an even kernel there is one more position than there are words.
            middle = functional.pad(there, (0, 1 - kernel % 2))
            # A position counts where its middle is a word: in padding it holds little but the bias,
            # which must not be the maximum. Zero is the least that ReLU gives.
            found.append((functional.relu(convolution(embedded)) * middle).amax(2))
        return self.linear(torch.cat(found, dim=1))


def build(
    input_shape: tuple[int, ...],
    outputs: int,
    embedding: int,
    channels: int,
    kernels: Sequence[int],
    vocabulary: int | None = None,
) -> nn.Module:
    """TextCNN of Kim 2014; input n × words, 0 where there is none, output n × outputs."""
    return TextCnn(need_words(input_shape, vocabulary), outputs, embedding, channels, kernels)
