"""|w·∂L/∂w| at initialisation (Lee et al. 2019): Taylor's formula at another moment."""

from prunestudy.pruning.criteria.taylor import weights

__all__ = ["weights"]
