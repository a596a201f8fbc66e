"""Labels: what tables call networks and methods."""

import pytest

from prunestudy.networks.architectures.settings import LeNet5, Mlp, TextCnn
from prunestudy.params.labels import method_labels, network_label
from prunestudy.params.settings import Study


@pytest.mark.parametrize(
    ("network", "label"),
    [
        (Mlp(hidden=[5, 4]), "mlp-5-4"),
        (LeNet5(), "lenet_5"),
        (TextCnn(channels=8, kernels=[2, 3]), "textcnn-8-8"),
    ],
)
def test_a_network_is_called_by_architecture_and_widths(network, label: str):
    assert network_label(network) == label


def test_a_method_is_called_by_its_parts(study: Study):
    assert method_labels(study.methods["iterative"], study.methods) == {
        "criterion": "gradient",
        "granularity": "structured",
        "allocation": "global",
        "schedule": "cubic",
    }
    assert method_labels(study.methods["adaptive"], study.methods) == {
        "criterion": "magnitude+taylor",
        "granularity": "structured",
        "allocation": "global",
        "schedule": "closed_loop",
    }


def test_a_baseline_has_no_parts(changed):
    study = changed("methods", "longer", {"baseline": "dense_longer"})
    assert set(method_labels(study.methods["longer"], study.methods).values()) == {"none"}


def test_a_baseline_that_prunes_has_the_parts_of_what_it_names(changed):
    equal = {"baseline": "equal_compute", "method": "iterative", "effort_of": "adaptive"}
    study = changed("methods", "equal", equal)
    iterative = method_labels(study.methods["iterative"], study.methods)
    assert method_labels(study.methods["equal"], study.methods) == iterative
    best = {"baseline": "best_of_fixed", "among": ["traditional", "iterative"]}
    study = changed("methods", "best", best)
    assert method_labels(study.methods["best"], study.methods) == {
        "criterion": "magnitude+gradient",
        "granularity": "structured",
        "allocation": "uniform+global",
        "schedule": "one_shot+cubic",
    }
