"""Whether a task's data fit its network and its loss, before anything runs."""

from prunestudy.data.catalogue import CATALOGUE
from prunestudy.errors import Problem
from prunestudy.params import Cnn, LeNet5, ResNet, Study, Task

LOSS_OF_TARGET = {"value": "mse", "class": "cross_entropy"}
LENET_5_SIDE = 16


def problems_of_data(study: Study) -> list[Problem]:
    """Losses and networks that the tasks' data sets cannot feed."""
    return [problem for name, task in study.tasks.items() for problem in _problems(name, task)]


def _problems(name: str, task: Task) -> list[Problem]:
    dataset = CATALOGUE[task.data.name]
    found = []
    loss = LOSS_OF_TARGET[dataset.target]
    if task.loss != loss:
        kind = {"value": "values", "class": "classes"}[dataset.target]
        reason = f"'{task.loss}' does not fit '{task.data.name}', whose targets are {kind}"
        found.append(Problem(f"tasks.{name}.loss", reason, loss))
    network = task.network
    place = f"tasks.{name}.network"
    if isinstance(network, Cnn | LeNet5 | ResNet):
        if len(dataset.input_shape) != 3:
            reason = f"'{network.name}' needs images, '{task.data.name}' has a row of numbers each"
            return [*found, Problem(place, reason, "mlp, lenet_300_100")]
        side = min(dataset.input_shape[1:])
        least = LENET_5_SIDE if isinstance(network, LeNet5) else 1
        if isinstance(network, Cnn):
            least = 2 ** (len(network.channels) - 1)
        if side < least:
            reason = f"'{network.name}' needs images of {least}×{least}, found {side}×{side}"
            found.append(Problem(place, reason))
    return found
