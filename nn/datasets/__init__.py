"""Small datasets to learn on, each a `Dataset` that unpacks as ``x, y``.

Two come from lectures (`logic_gate`, `pass_class`), three are shapes in the plane (`moons`,
`circles`, `spirals`), two are measured (`iris`, `digits`). Nothing is downloaded.
"""

from nn.datasets.dataset import Dataset
from nn.datasets.flowers import iris
from nn.datasets.handwriting import digits
from nn.datasets.lecture import logic_gate, pass_class, xor
from nn.datasets.plane import circles, moons, spirals

__all__ = [
    "Dataset",
    "logic_gate",
    "xor",
    "pass_class",
    "moons",
    "circles",
    "spirals",
    "iris",
    "digits",
]
