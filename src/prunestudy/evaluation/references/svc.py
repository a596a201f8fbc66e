"""Support vector machine with a Gaussian kernel (Cortes & Vapnik 1995)."""

from sklearn.svm import SVC

from prunestudy.data.settings import Kind


def candidates(_target: Kind) -> dict[str, SVC]:
    """Machines of several penalties; the width of the kernel is by the inputs' variance."""
    return {f"C = {penalty:g}": SVC(C=penalty) for penalty in (1, 10, 100)}
