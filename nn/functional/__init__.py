"""What layers compute, as functions: activations, convolutions, pooling, attention, losses.

Each takes Tensors, Values, object arrays or lists of Values, and plain numbers alike: a formula is
written once, with operations of `autograd`, and runs on whatever comes.
"""

from nn.functional.activations import (
    elu,
    gelu,
    hardtanh,
    identity,
    leaky_relu,
    log_softmax,
    relu,
    selu,
    sigmoid,
    sign,
    silu,
    softmax,
    softplus,
    step,
    tanh,
)
from nn.functional.attention import scaled_dot_product_attention
from nn.functional.classification import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    kl_div,
    nll_loss,
    perceptron_loss,
)
from nn.functional.convolution import conv1d, conv2d, conv_transpose1d, conv_transpose2d
from nn.functional.linear import linear
from nn.functional.lookup import embedding
from nn.functional.normalisation import batch_norm, group_norm, layer_norm, rms_norm
from nn.functional.pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    avg_pool1d,
    avg_pool2d,
    max_pool1d,
    max_pool2d,
)
from nn.functional.regression import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from nn.functional.regularisation import dropout, dropout2d
from nn.functional.resizing import interpolate

__all__ = [
    "identity",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "hardtanh",
    "step",
    "sign",
    "softmax",
    "log_softmax",
    "linear",
    "embedding",
    "dropout",
    "dropout2d",
    "scaled_dot_product_attention",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "max_pool1d",
    "max_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "interpolate",
    "layer_norm",
    "rms_norm",
    "group_norm",
    "batch_norm",
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "nll_loss",
    "kl_div",
    "hinge_loss",
    "perceptron_loss",
]
