"""Embeddings of words and categories."""

from torch import nn

# Kim 2014 draws what no training before has told from here.
BOUND = 0.25


class Embedding(nn.Embedding):
    """An embedding whose numbers begin as small as other layers' weights.

    Torch's own begin with a variance of one: beside them a ranking by magnitude would take all
    weights that read them first.
    """

    def reset_parameters(self) -> None:
        """U(−0.25, 0.25); zero for padding."""
        nn.init.uniform_(self.weight, -BOUND, BOUND)
        self._fill_padding_idx_with_zero()
