"""The layers of a task's dense network, before anything is built; no torch here."""

from prunestudy.data.dataset import WORDS, Dataset, dataset_of
from prunestudy.networks.architectures.settings import Architecture
from prunestudy.networks.layer_sizes import Indices, Layer
from prunestudy.params.settings import Task

# Indices of padding and of words that training rows do not have.
NO_WORDS = 2


def misfit(network: Architecture, dataset: Dataset) -> str:
    """What a network needs that the data do not have, in words; nothing where they fit."""
    shape, widths = dataset.input_shape, dataset.widths
    if network.images:
        if len(shape) != 3:
            return "needs images, '{}' has a row of numbers each"
        side, least = min(shape[1:]), network.least_side()
        if side < least:
            return f"needs images of {least}×{least}, found {side}×{side}"
    if network.reads == "mixed" and len(shape) != 1:
        return "needs rows of a table, '{}' has images"
    if network.reads == "mixed" and widths is not None and widths.texts:
        return "reads no texts; set their columns to ignore in data.columns"
    if network.reads == "tokens":
        if widths is None or not widths.texts:
            return "needs a column of text, '{}' has none"
        if widths.texts > 1 or widths.numeric or widths.categories:
            return "reads one column of text alone; set the others to ignore in data.columns"
    return ""


def layers_of(task: Task, dataset: Dataset | None = None) -> list[Layer]:
    """The layers of a task's dense network; none where its architecture does not tell.

    Nor has it any on data that it cannot take, which is a problem of its own, or that are not made
    yet. Of words and categories it has as many as there can be: what training rows have is seen
    later.

    Args:
        dataset: the task's, where it is known already.
    """
    network = task.network
    dataset = dataset or dataset_of(task.data, network.reads)
    if dataset.untold is not None or misfit(network, dataset):
        return []
    categories = dataset.widths.categories if dataset.widths and network.reads == "mixed" else ()
    # One more is for what training rows do not have.
    counts = tuple(count + 1 for count in categories)
    indices = Indices(counts, NO_WORDS + (task.data.vocabulary or WORDS))
    return network.layers(dataset.input_shape, dataset.outputs, indices)
