"""Methods can be told apart in every figure, by readers with colour-blindness too."""

from itertools import combinations

import numpy as np
import pytest

from prunestudy.report.palette import looks
from tests.analysis.raw import inputs_of
from tests.report.fabricated import EVERY, make_study

# Machado, Oliveira and Fernandes 2009, full severity, on linear RGB.
NUMBERS = {
    "all colours": "1 0 0 0 1 0 0 0 1",
    "protanopia": "0.152286 1.052583 -0.204868 0.114503 0.786281 0.099216 "
    "-0.003882 -0.048116 1.051998",
    "deuteranopia": "0.367322 0.860646 -0.227968 0.280085 0.672501 0.047413 "
    "-0.011820 0.042940 0.968881",
    "tritanopia": "1.255528 -0.076749 -0.178779 -0.078411 0.930809 0.147602 "
    "0.004733 0.691367 0.303900",
}


def matrix(numbers: str) -> np.ndarray:
    """Three rows of three numbers."""
    return np.array(list(map(float, numbers.split()))).reshape(3, 3)


SEEN_BY = {name: matrix(numbers) for name, numbers in NUMBERS.items()}
# A difference of CIELAB that eyes see at a glance; just noticeable is 2.3.
APART = 10.0
XYZ = matrix(
    "0.4124564 0.3575761 0.1804375 0.2126729 0.7151522 0.0721750 0.0193339 0.1191920 0.9503041"
)


def lab(colour: str, seen: np.ndarray) -> np.ndarray:
    """CIELAB of a hexadecimal colour as some eyes see it."""
    rgb = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(seen @ linear, 0, 1) / XYZ.sum(axis=1)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("seen", SEEN_BY)
@pytest.mark.parametrize("more", [0, 8])
def test_methods_of_one_shape_differ_in_colour(more: int, seen: str) -> None:
    study = make_study(methods=EVERY)
    others = {"random": study.methods["other"]}
    others |= {f"other_{place}": study.methods["other"] for place in range(more)}
    study = study.model_copy(update={"methods": {**study.methods, **others}})
    told = looks(inputs_of(study, []))
    assert len(told) == len(EVERY) + 1 + more
    assert len({(look.colour, look.shape) for look in told}) == len(told)
    alike = [
        (one.method, other.method, round(float(distance), 1))
        for one, other in combinations(told, 2)
        if one.shape == other.shape
        for distance in [
            np.linalg.norm(lab(one.colour, SEEN_BY[seen]) - lab(other.colour, SEEN_BY[seen]))
        ]
        if distance < APART
    ]
    assert alike == []
