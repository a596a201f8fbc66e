"""What architectures for text ask of their input, and what of it is padding."""

from torch import Tensor

from prunestudy.errors import StudyError

PADDING = 0


def need_words(input_shape: tuple[int, ...], vocabulary: int | None) -> int:
    """How many indices a word has, where inputs are rows of words.

    Raises:
        StudyError: they are not.
    """
    if vocabulary is None or len(input_shape) != 1:
        shape = "×".join(map(str, input_shape))
        raise StudyError(f"a network for text needs rows of words, the data has shape {shape}")
    return vocabulary


def real(words: Tensor) -> Tensor:
    """1 where there is a word and 0 where a row is padded, n × words × 1."""
    return words.ne(PADDING).unsqueeze(-1).float()
