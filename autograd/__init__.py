"""glassgrad's engine: numbers and arrays that remember how they were computed.

>>> from autograd import Value
>>> x = Value(2.0)
>>> y = x * x + 3 * x
>>> y.backward()
>>> x.grad
7.0
"""

import builtins
import sys
from typing import TYPE_CHECKING, Any

from autograd import rules
from autograd.declarations import elementwise, structural
from autograd.errors import (
    AnomalyError,
    CompileError,
    GradcheckError,
    GraphError,
    GrowingGraphWarning,
    LostGradientWarning,
    ShapeError,
)
from autograd.modes import no_grad
from autograd.op import RULEBOOK as RULEBOOK
from autograd.shadowing import warn_of_shadowing
from autograd.spellings import function_hint
from autograd.tensor import Tensor
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.rules import *  # noqa: F403 (every operation is a function: `autograd.tanh`)
else:  # without looking for a file of each name
    globals().update({name: vars(rules)[name] for name in rules.__all__})

if TYPE_CHECKING:
    from autograd.anomalies import detect_anomaly
    from autograd.compiler.function import compile as compile
    from autograd.custom_gradients import custom_vjp
    from autograd.numerical_check import gradcheck
    from autograd.source_lines import record_lines
    from autograd.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
    from autograd.viz.backprop import backprop
    from autograd.viz.draw import draw
    from autograd.viz.explain import explain

_LAZY = {
    "draw": "autograd.viz.draw",
    "backprop": "autograd.viz.backprop",
    "explain": "autograd.viz.explain",
    "compile": "autograd.compiler.function",
    "custom_vjp": "autograd.custom_gradients",
    "detect_anomaly": "autograd.anomalies",
    "gradcheck": "autograd.numerical_check",
    "record_lines": "autograd.source_lines",
    **dict.fromkeys(
        ("grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"),
        "autograd.transforms",
    ),
}

__all__ = [
    "AnomalyError", "CompileError", "GradcheckError", "GraphError", "GrowingGraphWarning",
    "LostGradientWarning", "ShapeError", "Tensor", "Value",
    "backprop", "custom_vjp", "detect_anomaly", "draw", "elementwise", "explain", "grad",
    "gradcheck", "hessian", "hvp", "jacobian", "jvp", "no_grad", "record_lines", "structural",
    "value_and_grad", "vjp",
]  # fmt: skip
__all__ += rules.__all__
# `from autograd import *` leaves Python's own abs, max and sum alone, and its modules copy, select.
for _name in vars(builtins).keys() & __all__ | sys.stdlib_module_names & set(__all__):
    __all__.remove(_name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


if not TYPE_CHECKING:  # else checkers take every name for one that there is

    def __getattr__(name: str) -> Any:
        """Load what few programs use when first asked for: `import autograd` stays quick."""
        if name in _LAZY:
            import importlib

            return getattr(importlib.import_module(_LAZY[name]), name)
        # With the module, Python can ask "Did you mean: 'sigmoid'?"
        hint = function_hint(name)
        raise AttributeError(
            f"module 'autograd' has no attribute {name!r}{hint}",
            name=name,
            obj=sys.modules[__name__],
        )


warn_of_shadowing()
