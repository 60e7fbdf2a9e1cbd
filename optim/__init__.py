"""Optimizers: rules that change parameters so that a loss becomes smaller.

They take what `autograd` differentiates: a model's parameters, a list of Tensors, a list of Values.

>>> from autograd import Value
>>> from optim import SGD
>>> x = Value(3.0)
>>> optimizer = SGD([x], lr=0.1)
>>> for _ in range(100):
...     loss = (x - 1) * (x - 1)
...     optimizer.zero_grad()
...     loss.backward()
...     optimizer.step()
>>> round(x.data, 6)
1.0
"""

import sys
import warnings
from typing import Any

try:
    from autograd import GraphError as _  # noqa: F401 (which only glassgrad's has)
except (ImportError, AttributeError) as err:  # AttributeError: autograd.py is the script that runs
    if isinstance(err, ImportError) and err.name not in ("autograd", __name__):
        raise
    raise ImportError(
        f"optim: needs glassgrad's autograd, but Python finds another first: {err}. Rename the "
        "file or folder autograd, if it is yours. PyPI's autograd is another project and cannot "
        "share an environment with glassgrad: pip uninstall autograd, then "
        "pip install --force-reinstall glassgrad."
    ) from err

from optim import landscapes, schedules, trajectories
from optim.adam import Adam, AdamW, Nadam
from optim.adaptive import Adadelta, Adagrad, RMSprop
from optim.clip import clip_grad_norm_, clip_grad_value_
from optim.first_order import SGD, Momentum, Nesterov
from optim.line_search import Armijo, FixedRate, StrongWolfe, find_rate
from optim.optimizer import Optimizer
from optim.quasi_newton import BFGS, LBFGS
from optim.rate_finder import RateSweep, sweep_rates
from optim.report import Report
from optim.second_order import GaussNewton, LevenbergMarquardt, Newton
from optim.update_rule import UpdateRule

NAdam = Nadam  # as PyTorch writes it

__all__ = [
    "SGD", "Momentum", "Nesterov",
    "Adagrad", "Adadelta", "RMSprop",
    "Adam", "AdamW", "Nadam", "NAdam",
    "Newton", "GaussNewton", "LevenbergMarquardt", "BFGS", "LBFGS",
    "Armijo", "StrongWolfe", "FixedRate", "find_rate", "Report",
    "Optimizer", "UpdateRule",
    "clip_grad_norm_", "clip_grad_value_", "sweep_rates", "RateSweep",
    "landscapes", "schedules", "trajectories",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "Rule":
        warnings.warn(
            "optim.Rule is called optim.UpdateRule now.", DeprecationWarning, stacklevel=2
        )
        return UpdateRule
    # With the module, Python can ask "Did you mean: 'Adam'?"
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__]
    )
