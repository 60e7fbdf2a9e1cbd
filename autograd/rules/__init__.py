"""THE RULEBOOK: every operation, once.

A declaration holds the forward computation in plain NumPy, its derivative, and how it is written.
To add an operation, add a declaration; the function `autograd.<name>`, the methods on `Value` and
`Tensor`, NumPy's function on a Tensor, pictures, captions and tests follow.

The rules stand in files by what they act on: single numbers (`elementwise`), many numbers into one
(`reductions`), the places of numbers (`shapes`), matrices (`matrices`), and the scores of networks
(`networks`). What can be made of other operations is an ordinary function there or in `choices`, a
`@composition`, with no derivative of its own.
"""

from autograd.op import COMPOSITIONS, RULEBOOK
from autograd.rules.choices import *  # noqa: F403
from autograd.rules.elementwise import *  # noqa: F403
from autograd.rules.matrices import *  # noqa: F403
from autograd.rules.networks import *  # noqa: F403
from autograd.rules.reductions import *  # noqa: F403
from autograd.rules.reductions import amax, amin
from autograd.rules.shapes import *  # noqa: F403

__all__ = [name for name in (*RULEBOOK, *COMPOSITIONS)]  # noqa: C416 (a list, as checkers want)
__all__ += ["amax", "amin"]  # NumPy's other names of max and min
