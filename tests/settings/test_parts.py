"""Parts: what params can name has a file, and what has a file can be named."""

from typing import get_args

import pytest

from prunestudy.data.settings import DATASETS
from prunestudy.networks.architectures.settings import Network
from prunestudy.pruning.allocation.settings import ALLOCATIONS
from prunestudy.pruning.baselines.settings import BASELINES
from prunestudy.pruning.criteria.settings import CRITERIA
from prunestudy.pruning.regularisers.settings import REGULARISERS
from prunestudy.pruning.retraining.settings import RETRAINING
from prunestudy.pruning.schedules.settings import SCHEDULES
from prunestudy.settings.parts import load_part, part_names
from prunestudy.training.losses.settings import LOSSES
from prunestudy.training.metrics.settings import METRICS

ARCHITECTURES = [kind.model_fields["name"].default for kind in get_args(get_args(Network)[0])]
# Folder, names that params take, one of the functions that each file has.
REGISTRIES = [
    ("prunestudy.data.sets", DATASETS, {"DATASET"}),
    (
        "prunestudy.networks.architectures",
        part_names("prunestudy.networks.architectures"),
        {"build"},
    ),
    ("prunestudy.training.losses", LOSSES, {"loss"}),
    ("prunestudy.training.metrics", METRICS, {"metric"}),
    ("prunestudy.pruning.criteria", CRITERIA, {"units", "weights"}),
    ("prunestudy.pruning.allocation", [*ALLOCATIONS, "same_ratios"], {"units", "weights"}),
    ("prunestudy.pruning.schedules", SCHEDULES, {"shares"}),
    ("prunestudy.pruning.regularisers", REGULARISERS, {"step"}),
    ("prunestudy.pruning.retraining", RETRAINING, {"retrainer"}),
    ("prunestudy.pruning.baselines", BASELINES, {"run"}),
]


@pytest.mark.parametrize(("folder", "named", "functions"), REGISTRIES)
def test_every_name_has_a_file_with_the_part(folder: str, named: list[str], functions: set[str]):
    for name in named:
        assert functions & set(vars(load_part(folder, name))), (folder, name)


@pytest.mark.parametrize(("folder", "named", "functions"), REGISTRIES)
def test_every_file_of_a_part_has_a_name(folder: str, named: list[str], functions: set[str]):
    parts = {name for name in part_names(folder) if functions & set(vars(load_part(folder, name)))}
    assert parts == set(named)
