"""What `explain` shows of convolutions and pooling: windows, kernels, and where gradients go."""

import numpy as np
import pytest

from autograd import Tensor, backprop, explain
from autograd.viz.player.record import value
from nn import functional as F

X = Tensor(np.arange(16.0).reshape(1, 1, 4, 4) / 10, label="x")
W = Tensor([[[[1.0, -1.0], [0.5, 2.0]]]], requires_grad=True, label="w")


def named(tensor, label):
    tensor.label = label
    return tensor


def text_of(root, entry):
    """The last block of an explanation, without its indent."""
    block = str(explain(root, entry)).split("\n\n")[-2]
    return [line.removeprefix("  ") for line in block.split("\n")]


def test_the_entry_of_a_convolution_shows_the_window_the_kernel_and_their_sum():
    y = named(F.conv2d(X, W), "y")
    assert text_of(named(y.sum(), "L"), y[0, 0, 1, 1]) == [
        "y₀,₀,₁,₁ = Σ x ⊙ w, of what the kernel meets:",
        "[0.5 0.6]   [  1 -1]   [ 0.5 -0.6]",
        "[0.9   1] ⊙ [0.5  2] = [0.45    2]",
        "Σ = 2.35",
    ]


def test_the_window_of_a_dilated_kernel_on_padding_with_a_stride():
    y = named(F.conv2d(X, W, Tensor([0.5]), stride=2, padding=1, dilation=2), "y")
    assert text_of(named(y.sum(), "L"), y[0, 0, 0, 1]) == [
        "y₀,₀,₀,₁ = Σ x ⊙ w, of what the kernel meets:",
        "[  0   0]   [  1 -1]   [   0   0]",
        "[0.5 0.7] ⊙ [0.5  2] = [0.25 1.4]",
        "Σ = 1.65, and 0.5 added = 2.15",
    ]


def test_the_gradient_of_a_kernels_weight_shows_what_it_met_and_what_arrived_there():
    y = named(F.conv2d(X, W), "y")
    loss = named((y * np.arange(9.0).reshape(1, 1, 3, 3)).sum(), "L")
    assert text_of(loss, W[0, 0, 1, 0]) == [
        "dL/dw₀,₀,₁,₀ = Σ dL/dy ⊙ x, where the weight met it:",
        "[0 1 2]   [0.4 0.5 0.6]   [  0 0.5  1.2]",
        "[3 4 5]   [0.8 0.9   1]   [2.4 3.6    5]",
        "[6 7 8] ⊙ [1.2 1.3 1.4] = [7.2 9.1 11.2]",
        "Σ = 40.2",
    ]


def test_the_entry_of_a_pooling_shows_its_window_and_the_number_that_gets_the_gradient():
    y = named(X * Tensor(1.0, requires_grad=True), "y")
    largest, mean = named(F.max_pool2d(y, 2), "p"), named(F.avg_pool2d(y, 2), "a")
    loss = named(largest.sum() + mean.sum(), "L")
    assert text_of(loss, largest[0, 0, 1, 0]) == [
        "p₀,₀,₁,₀ = the largest of its window of y:",
        "[0.8   0.9]",
        "[1.2 ‹1.3›]   the gradient goes to the number marked, the first of equals",
    ]
    assert text_of(loss, mean[0, 0, 1, 0]) == [
        "a₀,₀,₁,₀ = the mean of its window of y:",
        "[0.8 0.9]",
        "[1.2 1.3]   Σ / 4 = 1.05",
    ]


@pytest.mark.parametrize("groups", [1, 2])
def test_the_sums_that_are_shown_are_the_numbers_of_the_pass(groups):
    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(2, 4, 5, 4)), label="x")
    w = Tensor(rng.normal(size=(6, 4 // groups, 2, 3)), requires_grad=True, label="w")
    y = named(F.conv2d(x, w, stride=(2, 1), padding=(1, 0), groups=groups), "y")
    loss = named((y * rng.normal(size=y.shape)).sum(), "L")
    loss.backward()
    for entry, number in ((y[1, 4, 2, 1], y.data[1, 4, 2, 1]), (w[4, 1, 1, 2], w.grad[4, 1, 1, 2])):
        shown = float(text_of(loss, entry)[-1].removeprefix("Σ = "))
        assert shown == pytest.approx(number, rel=1e-3)
    assert ("… and 1 more channels" in text_of(loss, y[1, 4, 2, 1])) is (groups == 1)


def test_windows_that_are_too_large_to_read_are_left_out():
    x = Tensor(np.ones((1, 1, 9, 9)))
    w = Tensor(np.ones((1, 1, 7, 7)), requires_grad=True, label="w")
    y = named(F.conv2d(x, w), "y")
    assert "meets" not in str(explain(named(y.sum(), "L"), y[0, 0, 0, 0]))


def test_a_printed_pass_shows_where_the_gradient_of_a_kernels_first_number_comes_from():
    y = named(F.conv2d(X, W), "y")
    loss = named((y * np.arange(9.0).reshape(1, 1, 3, 3)).sum(), "L")
    lines = [line.strip() for line in str(backprop(loss)).split("\n")]
    at = lines.index("dL/dw₀,₀,₀,₀ = Σ dL/dy ⊙ x, where the weight met it:")
    assert lines[at + 1 : at + 5] == [
        "[0 1 2]   [  0 0.1 0.2]   [  0 0.1 0.4]",
        "[3 4 5]   [0.4 0.5 0.6]   [1.2   2   3]",
        "[6 7 8] ⊙ [0.8 0.9   1] = [4.8 6.3   8]",
        "Σ = 25.8",
    ]
    assert "+= corr(x, dL/dy)" in lines[at - 1]


def test_small_images_have_rows_in_the_player_one_image_below_another():
    image = np.arange(9.0).reshape(1, 1, 3, 3)
    rows = [["0", "1", "2"], ["3", "4", "5"], ["6", "7", "8"]]
    assert value(image)["rows"] == rows
    assert value(np.concatenate([image, image]))["rows"] == [*rows, [], *rows]
    assert "rows" not in value(np.ones((1, 1, 7, 7)))


def test_high_matrices_of_several_examples_stand_apart():
    x = Tensor(np.arange(50.0).reshape(2, 1, 5, 5), label="x")
    w = Tensor(np.ones((1, 1, 3, 3)), requires_grad=True, label="w")
    lines = str(backprop(F.conv2d(x, w).sum())).splitlines()
    products = [k for k, line in enumerate(lines) if " ⊙ [" in line and "] = [" in line]
    assert len(products) == 2
    assert lines[products[0] + 1].strip() == ""
