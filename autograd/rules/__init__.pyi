"""Generated from the rulebook by `python -m autograd.stub`; do not edit."""

# ruff: noqa: I001

from autograd.rules.activations import elu as elu
from autograd.rules.activations import erf as erf
from autograd.rules.activations import leaky_relu as leaky_relu
from autograd.rules.activations import logaddexp as logaddexp
from autograd.rules.activations import logaddexp2 as logaddexp2
from autograd.rules.activations import relu as relu
from autograd.rules.activations import sigmoid as sigmoid
from autograd.rules.activations import softplus as softplus
from autograd.rules.activations import step as step
from autograd.rules.arithmetic import abs as abs
from autograd.rules.arithmetic import add as add
from autograd.rules.arithmetic import at_least as at_least
from autograd.rules.arithmetic import at_most as at_most
from autograd.rules.arithmetic import ceil as ceil
from autograd.rules.arithmetic import copysign as copysign
from autograd.rules.arithmetic import divide as divide
from autograd.rules.arithmetic import floor as floor
from autograd.rules.arithmetic import floor_divide as floor_divide
from autograd.rules.arithmetic import fmax as fmax
from autograd.rules.arithmetic import fmin as fmin
from autograd.rules.arithmetic import fmod as fmod
from autograd.rules.arithmetic import maximum as maximum
from autograd.rules.arithmetic import minimum as minimum
from autograd.rules.arithmetic import multiply as multiply
from autograd.rules.arithmetic import negative as negative
from autograd.rules.arithmetic import remainder as remainder
from autograd.rules.arithmetic import rint as rint
from autograd.rules.arithmetic import sign as sign
from autograd.rules.arithmetic import subtract as subtract
from autograd.rules.arithmetic import trunc as trunc
from autograd.rules.arrangements import append as append
from autograd.rules.arrangements import atleast_1d as atleast_1d
from autograd.rules.arrangements import atleast_2d as atleast_2d
from autograd.rules.arrangements import atleast_3d as atleast_3d
from autograd.rules.arrangements import column_stack as column_stack
from autograd.rules.arrangements import copy as copy
from autograd.rules.arrangements import cross as cross
from autograd.rules.arrangements import dstack as dstack
from autograd.rules.arrangements import fliplr as fliplr
from autograd.rules.arrangements import flipud as flipud
from autograd.rules.arrangements import meshgrid as meshgrid
from autograd.rules.arrangements import rot90 as rot90
from autograd.rules.choices import clip as clip
from autograd.rules.choices import fix as fix
from autograd.rules.choices import float_power as float_power
from autograd.rules.choices import nan_to_num as nan_to_num
from autograd.rules.choices import round as round
from autograd.rules.choices import select as select
from autograd.rules.choices import sinc as sinc
from autograd.rules.choices import where as where
from autograd.rules.curves import diff as diff
from autograd.rules.curves import interp as interp
from autograd.rules.curves import polyval as polyval
from autograd.rules.curves import trapezoid as trapezoid
from autograd.rules.indexing import diag as diag
from autograd.rules.indexing import diagonal as diagonal
from autograd.rules.indexing import getitem as getitem
from autograd.rules.indexing import repeat as repeat
from autograd.rules.indexing import scatter as scatter
from autograd.rules.indexing import scatter_add as scatter_add
from autograd.rules.indexing import sort as sort
from autograd.rules.indexing import take as take
from autograd.rules.indexing import take_along_axis as take_along_axis
from autograd.rules.indexing import trace as trace
from autograd.rules.indexing import tril as tril
from autograd.rules.indexing import triu as triu
from autograd.rules.indexing import where_else as where_else
from autograd.rules.matrices import cholesky as cholesky
from autograd.rules.matrices import det as det
from autograd.rules.matrices import dot as dot
from autograd.rules.matrices import einstein_sum as einstein_sum
from autograd.rules.matrices import einsum as einsum
from autograd.rules.matrices import inner as inner
from autograd.rules.matrices import inv as inv
from autograd.rules.matrices import kron as kron
from autograd.rules.matrices import linear as linear
from autograd.rules.matrices import logabsdet as logabsdet
from autograd.rules.matrices import matmul as matmul
from autograd.rules.matrices import multi_dot as multi_dot
from autograd.rules.matrices import outer as outer
from autograd.rules.matrices import slogdet as slogdet
from autograd.rules.matrices import solve as solve
from autograd.rules.matrices import tensordot as tensordot
from autograd.rules.matrices import vdot as vdot
from autograd.rules.networks import binary_cross_entropy as binary_cross_entropy
from autograd.rules.networks import log_softmax as log_softmax
from autograd.rules.networks import safe_softmax as safe_softmax
from autograd.rules.networks import sigmoid_cross_entropy as sigmoid_cross_entropy
from autograd.rules.networks import softmax as softmax
from autograd.rules.networks import softmax_cross_entropy as softmax_cross_entropy
from autograd.rules.powers import cbrt as cbrt
from autograd.rules.powers import exp as exp
from autograd.rules.powers import exp2 as exp2
from autograd.rules.powers import expm1 as expm1
from autograd.rules.powers import hypot as hypot
from autograd.rules.powers import log as log
from autograd.rules.powers import log10 as log10
from autograd.rules.powers import log1p as log1p
from autograd.rules.powers import log2 as log2
from autograd.rules.powers import power as power
from autograd.rules.powers import reciprocal as reciprocal
from autograd.rules.powers import sqrt as sqrt
from autograd.rules.powers import square as square
from autograd.rules.reductions import all as all
from autograd.rules.reductions import any as any
from autograd.rules.reductions import argmax as argmax
from autograd.rules.reductions import argmin as argmin
from autograd.rules.reductions import count_nonzero as count_nonzero
from autograd.rules.reductions import cumprod as cumprod
from autograd.rules.reductions import cumsum as cumsum
from autograd.rules.reductions import euclidean_norm as euclidean_norm
from autograd.rules.reductions import logsumexp as logsumexp
from autograd.rules.reductions import max as amax
from autograd.rules.reductions import max as max
from autograd.rules.reductions import mean as mean
from autograd.rules.reductions import median as median
from autograd.rules.reductions import min as amin
from autograd.rules.reductions import min as min
from autograd.rules.reductions import prod as prod
from autograd.rules.reductions import std as std
from autograd.rules.reductions import sum as sum
from autograd.rules.reductions import var as var
from autograd.rules.shapes import array_split as array_split
from autograd.rules.shapes import astype as astype
from autograd.rules.shapes import broadcast_to as broadcast_to
from autograd.rules.shapes import concatenate as concatenate
from autograd.rules.shapes import expand_dims as expand_dims
from autograd.rules.shapes import flatten as flatten
from autograd.rules.shapes import flip as flip
from autograd.rules.shapes import hstack as hstack
from autograd.rules.shapes import moveaxis as moveaxis
from autograd.rules.shapes import pad as pad
from autograd.rules.shapes import ravel as ravel
from autograd.rules.shapes import reshape as reshape
from autograd.rules.shapes import roll as roll
from autograd.rules.shapes import split as split
from autograd.rules.shapes import squeeze as squeeze
from autograd.rules.shapes import stack as stack
from autograd.rules.shapes import surround as surround
from autograd.rules.shapes import swapaxes as swapaxes
from autograd.rules.shapes import tile as tile
from autograd.rules.shapes import transpose as transpose
from autograd.rules.shapes import vstack as vstack
from autograd.rules.spectra import eigenvectors as eigenvectors
from autograd.rules.spectra import eigh as eigh
from autograd.rules.spectra import eigvalsh as eigvalsh
from autograd.rules.spectra import matrix_power as matrix_power
from autograd.rules.spectra import norm as norm
from autograd.rules.spectra import singular_vectors as singular_vectors
from autograd.rules.spectra import svdvals as svdvals
from autograd.rules.statistics import average as average
from autograd.rules.statistics import nancumsum as nancumsum
from autograd.rules.statistics import nanmax as nanmax
from autograd.rules.statistics import nanmean as nanmean
from autograd.rules.statistics import nanmin as nanmin
from autograd.rules.statistics import nanprod as nanprod
from autograd.rules.statistics import nanstd as nanstd
from autograd.rules.statistics import nansum as nansum
from autograd.rules.statistics import nanvar as nanvar
from autograd.rules.statistics import ptp as ptp
from autograd.rules.trigonometry import arccos as arccos
from autograd.rules.trigonometry import arccosh as arccosh
from autograd.rules.trigonometry import arcsin as arcsin
from autograd.rules.trigonometry import arcsinh as arcsinh
from autograd.rules.trigonometry import arctan as arctan
from autograd.rules.trigonometry import arctan2 as arctan2
from autograd.rules.trigonometry import arctanh as arctanh
from autograd.rules.trigonometry import cos as cos
from autograd.rules.trigonometry import cosh as cosh
from autograd.rules.trigonometry import deg2rad as deg2rad
from autograd.rules.trigonometry import rad2deg as rad2deg
from autograd.rules.trigonometry import sin as sin
from autograd.rules.trigonometry import sinh as sinh
from autograd.rules.trigonometry import tan as tan
from autograd.rules.trigonometry import tanh as tanh
from autograd.rules.windows import avg_pool as avg_pool
from autograd.rules.windows import convolution as convolution
from autograd.rules.windows import from_windows as from_windows
from autograd.rules.windows import kernel_correlation as kernel_correlation
from autograd.rules.windows import max_pool as max_pool
from autograd.rules.windows import over_windows as over_windows
from autograd.rules.windows import to_windows as to_windows
from autograd.rules.windows import transposed_convolution as transposed_convolution

__all__ = [
    "abs",
    "add",
    "all",
    "amax",
    "amin",
    "any",
    "append",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmin",
    "array_split",
    "astype",
    "at_least",
    "at_most",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "average",
    "avg_pool",
    "binary_cross_entropy",
    "broadcast_to",
    "cbrt",
    "ceil",
    "cholesky",
    "clip",
    "column_stack",
    "concatenate",
    "convolution",
    "copy",
    "copysign",
    "cos",
    "cosh",
    "count_nonzero",
    "cross",
    "cumprod",
    "cumsum",
    "deg2rad",
    "det",
    "diag",
    "diagonal",
    "diff",
    "divide",
    "dot",
    "dstack",
    "eigenvectors",
    "eigh",
    "eigvalsh",
    "einstein_sum",
    "einsum",
    "elu",
    "erf",
    "euclidean_norm",
    "exp",
    "exp2",
    "expand_dims",
    "expm1",
    "fix",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "float_power",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "from_windows",
    "getitem",
    "hstack",
    "hypot",
    "inner",
    "interp",
    "inv",
    "kernel_correlation",
    "kron",
    "leaky_relu",
    "linear",
    "log",
    "log10",
    "log1p",
    "log2",
    "log_softmax",
    "logabsdet",
    "logaddexp",
    "logaddexp2",
    "logsumexp",
    "matmul",
    "matrix_power",
    "max",
    "max_pool",
    "maximum",
    "mean",
    "median",
    "meshgrid",
    "min",
    "minimum",
    "moveaxis",
    "multi_dot",
    "multiply",
    "nan_to_num",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "negative",
    "norm",
    "outer",
    "over_windows",
    "pad",
    "polyval",
    "power",
    "prod",
    "ptp",
    "rad2deg",
    "ravel",
    "reciprocal",
    "relu",
    "remainder",
    "repeat",
    "reshape",
    "rint",
    "roll",
    "rot90",
    "round",
    "safe_softmax",
    "scatter",
    "scatter_add",
    "select",
    "sigmoid",
    "sigmoid_cross_entropy",
    "sign",
    "sin",
    "sinc",
    "singular_vectors",
    "sinh",
    "slogdet",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "solve",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "step",
    "subtract",
    "sum",
    "surround",
    "svdvals",
    "swapaxes",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tensordot",
    "tile",
    "to_windows",
    "trace",
    "transpose",
    "transposed_convolution",
    "trapezoid",
    "tril",
    "triu",
    "trunc",
    "var",
    "vdot",
    "vstack",
    "where",
    "where_else",
]
