"""Labels: what tables call networks and methods."""

import pytest

from prunestudy.networks.architectures.settings import LeNet5, Mlp
from prunestudy.params.labels import method_labels, network_label
from prunestudy.params.settings import Study


@pytest.mark.parametrize(("network", "label"), [(Mlp(hidden=[5]), "mlp-5"), (LeNet5(), "lenet_5")])
def test_a_network_is_called_by_architecture_and_widths(network, label: str):
    assert network_label(network) == label


def test_a_method_is_called_by_its_parts(study: Study):
    assert method_labels(study.methods["iterative"]) == {
        "criterion": "gradient",
        "granularity": "structured",
        "allocation": "global",
        "schedule": "cubic",
    }
    assert method_labels(study.methods["adaptive"]) == {
        "criterion": "magnitude+taylor",
        "granularity": "structured",
        "allocation": "global",
        "schedule": "closed_loop",
    }


def test_a_baseline_has_no_parts(changed):
    study = changed("methods", "longer", {"baseline": "dense_longer"})
    assert set(method_labels(study.methods["longer"]).values()) == {"none"}
