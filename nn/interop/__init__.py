"""Programs and models that were written for other libraries."""

import importlib
import sys
from typing import Any


def __getattr__(name: str) -> Any:
    if name in ("aten", "micrograd", "torch"):
        return importlib.import_module(f"nn.interop.{name}")
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__]
    )
