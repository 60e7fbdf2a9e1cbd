"""Functions of images and sequences to compare with PyTorch, their operands' shapes, and options.

The stored figures (tests/oracles/functions_torch.npz) go by the text of a case.
"""

import itertools
from typing import NamedTuple

import numpy as np


class Case(NamedTuple):
    function: str
    shapes: tuple
    options: dict

    def __str__(self):
        options = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"{self.function}{self.shapes} {options}".strip()

    def inputs(self):
        """Numbers in no order, no two of them equal; the same on every machine."""
        return [spread(shape, 50 * i) for i, shape in enumerate(self.shapes)]

    def run(self, module, xs):
        """Call the function of a module, ours or PyTorch's, on whatever xs are."""
        named = dict(zip(("weight", "bias"), xs[1:]))
        return getattr(module, self.function)(xs[0], **named, **self.options)


def spread(shape, seed):
    n = np.arange(1, int(np.prod(shape)) + 1)
    return ((n + seed) * 0.6180339887498949 % 1.0 * 2 - 1).reshape(shape)


def _convolutions():
    yield Case("conv1d", ((2, 3, 7), (4, 3, 3)), {})
    yield Case("conv1d", ((2, 3, 7), (4, 3, 3), (4,)), {"stride": 2, "padding": 1})
    yield Case("conv1d", ((3, 8), (4, 3, 3), (4,)), {"dilation": 2})
    yield Case("conv1d", ((2, 4, 9), (6, 2, 2), (6,)), {"stride": 3, "groups": 2})
    yield Case("conv1d", ((2, 3, 6), (2, 3, 4)), {"padding": "same"})
    yield Case("conv1d", ((2, 3, 6), (2, 3, 6)), {"padding": "valid"})
    for stride, padding, dilation, groups in itertools.product((1, 2, 3), (0, 1), (1, 2), (1, 2)):
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        yield Case("conv2d", ((2, 2, 5, 6), (2, 2 // groups, 3, 2), (2,)), options)
    yield Case("conv2d", ((1, 5, 4), (3, 1, 2, 3)), {"stride": (1, 2), "padding": (0, 2)})
    yield Case("conv2d", ((2, 2, 6, 5), (3, 2, 2, 3)), {"padding": "same", "dilation": (3, 1)})
    yield Case("conv2d", ((2, 3, 4, 4), (6, 1, 3, 3), (6,)), {"groups": 3, "padding": 1})
    yield Case("conv2d", ((2, 3, 4, 4), (5, 3, 1, 1), (5,)), {})
    yield Case("conv2d", ((2, 3, 4, 4), (5, 3, 1, 1)), {"stride": 2})
    yield Case("conv2d", ((2, 1, 3, 4), (2, 1, 3, 4)), {})
    yield Case("conv2d", ((1, 1, 2, 2), (1, 1, 3, 3)), {"padding": 3})


def _transposed():
    yield Case("conv_transpose1d", ((2, 3, 4), (3, 2, 3)), {})
    yield Case("conv_transpose1d", ((3, 4), (3, 2, 3), (2,)), {"stride": 2, "output_padding": 1})
    yield Case("conv_transpose1d", ((2, 4, 3), (4, 3, 2), (6,)), {"groups": 2, "stride": 3})
    for stride, padding, dilation, groups in itertools.product((1, 2, 3), (0, 1), (1, 2), (1, 2)):
        options = {"stride": stride, "padding": padding, "groups": groups, "dilation": dilation}
        yield Case("conv_transpose2d", ((2, 2, 3, 2), (2, 2 // groups, 3, 2), (2,)), options)
    options = {"stride": (2, 3), "padding": (1, 0), "output_padding": (1, 2)}
    yield Case("conv_transpose2d", ((2, 2, 3, 3), (2, 3, 3, 2)), options)
    options = {"output_padding": 1, "dilation": 2, "padding": (0, 1)}
    yield Case("conv_transpose2d", ((2, 3, 3), (2, 1, 2, 2)), options)
    yield Case("conv_transpose2d", ((2, 3, 4, 4), (3, 1, 4, 4)), {"stride": 2, "padding": 1})


def _pooling():
    for function in ("max_pool1d", "avg_pool1d"):
        yield Case(function, ((2, 3, 6),), {"kernel_size": 2})
        yield Case(function, ((3, 7),), {"kernel_size": 3, "stride": 2, "padding": 1})
        yield Case(function, ((2, 3, 8),), {"kernel_size": 3, "stride": 2, "ceil_mode": True})
    for function, ceil_mode in itertools.product(("max_pool2d", "avg_pool2d"), (False, True)):
        options = {"ceil_mode": True} if ceil_mode else {}
        yield Case(function, ((2, 3, 4, 6),), {"kernel_size": 2, **options})
        yield Case(function, ((2, 3, 5, 7),), {"kernel_size": 3, "stride": 2, **options})
        yield Case(function, ((2, 3, 5, 6),), {"kernel_size": 2, "padding": 1, **options})
        yield Case(function, ((3, 5, 6),), {"kernel_size": (2, 3), "stride": (3, 1), **options})
        yield Case(function, ((1, 2, 4, 5),), {"kernel_size": 3, "stride": 1, **options})
        options["padding"] = (1, 0)
        yield Case(function, ((2, 3, 7, 5),), {"kernel_size": 3, "stride": (3, 2), **options})
    yield Case("max_pool2d", ((2, 2, 7, 6),), {"kernel_size": 3, "dilation": 2, "stride": 1})
    yield Case("max_pool2d", ((2, 2, 7, 6),), {"kernel_size": 2, "dilation": (3, 1), "padding": 1})
    options = {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}
    yield Case("avg_pool1d", ((2, 3, 6),), options)
    yield Case("avg_pool2d", ((2, 3, 6, 5),), options)
    yield Case("avg_pool2d", ((2, 3, 6, 6),), {**options, "ceil_mode": True})
    yield Case("avg_pool2d", ((2, 3, 6, 6),), {"kernel_size": 2, "divisor_override": 3})


def _adaptive():
    for function in ("adaptive_avg_pool1d", "adaptive_max_pool1d"):
        yield Case(function, ((2, 3, 6),), {"output_size": 3})
        yield Case(function, ((3, 7),), {"output_size": 4})
    for function in ("adaptive_avg_pool2d", "adaptive_max_pool2d"):
        yield Case(function, ((2, 3, 6, 4),), {"output_size": 1})
        yield Case(function, ((2, 3, 6, 4),), {"output_size": (3, 2)})
        yield Case(function, ((2, 3, 5, 7),), {"output_size": (2, 3)})
        yield Case(function, ((3, 5, 4),), {"output_size": (None, 3)})
        yield Case(function, ((2, 1, 2, 3),), {"output_size": (4, 5)})


def _normalisation():
    yield Case("layer_norm", ((4, 5), (5,), (5,)), {"normalized_shape": (5,)})
    yield Case("layer_norm", ((2, 3, 4), (3, 4), (3, 4)), {"normalized_shape": (3, 4)})
    yield Case("layer_norm", ((2, 3, 4),), {"normalized_shape": (4,), "eps": 0.1})
    yield Case("rms_norm", ((4, 5), (5,)), {"normalized_shape": (5,)})
    yield Case("rms_norm", ((2, 3, 4), (3, 4)), {"normalized_shape": (3, 4), "eps": 0.1})
    yield Case("group_norm", ((3, 4, 2, 3), (4,), (4,)), {"num_groups": 2})
    yield Case("group_norm", ((3, 4), (4,)), {"num_groups": 1, "eps": 0.1})
    yield Case("group_norm", ((2, 4, 3),), {"num_groups": 4})
    options = {"running_mean": None, "running_var": None, "training": True}
    yield Case("batch_norm", ((5, 3), (3,), (3,)), options)
    yield Case("batch_norm", ((2, 3, 4), (3,), (3,)), options)
    yield Case("batch_norm", ((3, 2, 4, 2), (2,), (2,)), {**options, "eps": 0.1})
    yield Case("batch_norm", ((3, 2, 4, 2),), options)


def _others():
    yield Case("interpolate", ((2, 3, 4),), {"scale_factor": 2})
    yield Case("interpolate", ((2, 3, 2, 3),), {"scale_factor": 2})
    yield Case("interpolate", ((1, 2, 2, 3),), {"scale_factor": (3, 2)})
    yield Case("interpolate", ((1, 2, 5, 3),), {"size": (7, 2)})
    yield Case("interpolate", ((1, 1, 5, 4),), {"scale_factor": 1.5})
    yield Case("interpolate", ((1, 1, 5, 4),), {"size": 3})


CASES = [
    *_convolutions(), *_transposed(), *_pooling(), *_adaptive(), *_normalisation(), *_others(),
]  # fmt: skip
