"""What people write for HIPS autograd, in short: NumPy's own functions, and `grad` of a function.

Every program is a loss of some arrays; its gradient is compared with central differences of the
same program, which runs on plain arrays, too.
"""

import itertools

import numpy as np
from numpy.testing import assert_allclose

from autograd import grad, hessian, hvp, jacobian, value_and_grad
from tests.each import each

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(6, 3))
LABELS = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])
SERIES = RNG.normal(size=(5, 2))
SAMPLES = RNG.normal(size=(7, 2))


def logsumexp(x, axis=None):
    highest = np.max(x, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(x - highest), axis=axis, keepdims=True))
    return np.squeeze(highest + total, axis=axis)


def sigmoid(x):
    return 0.5 * (np.tanh(x / 2) + 1)


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def tanh_by_hand(x):
    return np.sum((1.0 - np.exp(-2 * x)) / (1.0 + np.exp(-2 * x)))


def sinusoid(x):
    return np.sum(np.sin(x) * np.where(x > 0, x, x**2))


def taylor_sine(x):
    """Until the terms are small, which a plain `while` decides."""
    total = term = x
    k = 0
    while np.any(np.abs(term) > 1e-10):
        k += 1
        term = -term * x * x / ((2 * k + 1) * (2 * k))
        total = total + term
    return np.sum(total)


def logistic_regression(w):
    chance = sigmoid(np.dot(INPUTS, w))
    right = chance * LABELS + (1 - chance) * (1 - LABELS)
    return -np.sum(np.log(right))


def neural_network(w1, b1, w2, b2):
    hidden = np.tanh(np.dot(INPUTS, w1) + b1)
    scores = np.dot(hidden, w2) + b2
    logs = scores - logsumexp(scores, axis=1)[:, None]
    chosen = logs[np.arange(len(LABELS)), LABELS.astype(int)]
    return -np.mean(chosen) + 0.1 * sum(np.dot(np.ravel(w), np.ravel(w)) for w in (w1, w2))


def regression_with_a_prior(w1, w2):
    hidden = np.maximum(np.einsum("nd,dh->nh", INPUTS, w1), 0.1 * INPUTS[:, :1])
    wrong = np.dot(hidden, w2)[:, 0] - LABELS
    return -np.sum(-0.5 * (wrong / 0.3) ** 2 - np.log(0.3)) + np.sum(w1**2) + np.sum(w2**2)


def mixture_of_gaussians(weights, means, logs):
    shares = weights - logsumexp(weights)
    distances = (INPUTS[:, None, :] - means) / np.exp(logs)
    each = shares - 0.5 * np.sum(distances**2, axis=2) - np.sum(logs, axis=1)
    return -np.sum(logsumexp(each, axis=1))


def independent_components(w):
    sources = np.dot(INPUTS, w.T)
    log_likelihood = -np.sum(np.log(np.cosh(sources)))
    return -(log_likelihood + len(INPUTS) * np.log(np.abs(np.linalg.det(w))))


def gaussian_process(kernel):
    amplitude, length = np.exp(kernel[0]), np.exp(kernel[1])
    differences = (INPUTS[:, None, :] - INPUTS[None, :, :]) / length
    covariance = amplitude * np.exp(-0.5 * np.sum(differences**2, axis=2)) + 0.1 * np.eye(6)
    fit = np.dot(LABELS, np.linalg.solve(covariance, LABELS))
    return 0.5 * fit + 0.5 * np.linalg.slogdet(covariance)[1]


def latent_variables(places):
    covariance = np.exp(-np.sum((places[:, None] - places[None, :]) ** 2, axis=-1)) + np.eye(5)
    root = np.linalg.cholesky(covariance)
    white = np.linalg.solve(root, SERIES)
    return 0.5 * np.sum(white**2) + 2 * np.sum(np.log(np.diag(root))) + np.sum(places**2)


def recurrent_network(change, read, predict):
    hidden, total = np.zeros(4), 0.0
    for now, coming in itertools.pairwise(SERIES):
        hidden = np.tanh(np.concatenate((now, hidden)) @ change)
        total = total + np.sum((hidden @ read + predict - coming) ** 2)
    return total


def long_short_term_memory(forget, ingate, outgate, change):
    hidden, cells = np.zeros(3), np.zeros(3)
    for now in SERIES:
        seen = np.hstack((now, hidden, np.ones(1)))
        cells = cells * sigmoid(np.dot(seen, forget))
        cells = cells + sigmoid(np.dot(seen, ingate)) * np.tanh(np.dot(seen, change))
        hidden = sigmoid(np.dot(seen, outgate)) * np.tanh(cells)
    return np.sum(hidden**2) + np.sum(cells)


def black_box_variational_inference(mean, log_deviation):
    samples = SAMPLES * np.exp(log_deviation) + mean
    entropy = 0.5 * 2 * (1.0 + np.log(2 * np.pi)) + np.sum(log_deviation)
    x, y = samples[:, 0], samples[:, 1]
    return -(entropy + np.mean(-0.5 * x**2 - 0.5 * (y / np.exp(0.5 * x)) ** 2))


def variational_autoencoder(encode, decode):
    both = np.tanh(INPUTS @ encode)
    means, logs = np.split(both, 2, axis=1)
    sampled = means + np.exp(logs) * SAMPLES[:6]
    rebuilt = sigmoid(sampled @ decode)
    divergence = 0.5 * np.sum(np.exp(2 * logs) + means**2 - 1 - 2 * logs)
    return np.sum((rebuilt - INPUTS) ** 2) + divergence


def fluid(smoke):
    """Diffusion on a torus, and a picture to come out."""
    for _ in range(4):
        around = [np.roll(smoke, step, axis) for axis in (0, 1) for step in (1, -1)]
        smoke = smoke + 0.1 * (sum(around) - 4 * smoke)
        smoke = smoke * (1 + 0.1 * np.sin(smoke))
    return np.mean((smoke - np.eye(4)) ** 2)


def spring(start):
    """Euler's steps of a pendulum."""
    angle, speed = start[0], start[1]
    for _ in range(30):
        angle, speed = angle + 0.1 * speed, speed - 0.1 * np.sin(angle)
    return angle**2 + 0.5 * speed**2


def normal(*shapes):
    rng = np.random.default_rng(2)
    return tuple(0.5 * rng.normal(size=shape) for shape in shapes)


PROGRAMS = {
    rosenbrock: normal(2),
    tanh_by_hand: normal(5),
    sinusoid: normal((2, 3)),
    taylor_sine: normal(3),
    logistic_regression: normal(3),
    neural_network: normal((3, 4), 4, (4, 2), 2),
    regression_with_a_prior: normal((3, 4), (4, 1)),
    mixture_of_gaussians: normal(2, (2, 3), (2, 3)),
    independent_components: normal((3, 3)),
    gaussian_process: normal(2),
    latent_variables: normal((5, 2)),
    recurrent_network: normal((6, 4), (4, 2), 2),
    long_short_term_memory: normal((6, 3), (6, 3), (6, 3), (6, 3)),
    black_box_variational_inference: normal(2, 2),
    variational_autoencoder: normal((3, 4), (2, 3)),
    fluid: normal((4, 4)),
    spring: normal(2),
}
every_program = each("program", PROGRAMS, ids=lambda f: f.__name__)


def differences(program, xs, i, h=1e-6):
    found = np.zeros(xs[i].shape)
    for place in np.ndindex(found.shape):
        sides = []
        for step in (h, -h):
            moved = [x.copy() for x in xs]
            moved[i][place] += step
            sides.append(program(*moved))
        found[place] = (sides[0] - sides[1]) / (2 * h)
    return found


@every_program
def test_the_gradient_of_a_program_matches_central_differences(program):
    xs = PROGRAMS[program]
    value, found = value_and_grad(program, tuple(range(len(xs))))(*xs)
    assert_allclose(value, program(*xs), rtol=1e-13)
    for i, gradient in enumerate(found):
        assert_allclose(gradient, differences(program, xs, i), rtol=1e-6, atol=1e-7)


@every_program
def test_a_hessian_vector_product_is_the_derivative_of_the_gradient(program):
    x, *rest = PROGRAMS[program]
    v = np.cos(np.arange(x.size)).reshape(x.shape)
    found = hvp(lambda x: program(x, *rest), (x,), (v,))
    h = 1e-5
    sides = [grad(program)(x + step * v, *rest) for step in (h, -h)]
    assert_allclose(found, (sides[0] - sides[1]) / (2 * h), rtol=1e-5, atol=1e-6)


def test_tanh_has_all_its_derivatives_element_by_element():
    def elementwise_grad(f):
        return grad(lambda x: np.sum(f(x)))

    x = np.linspace(-2, 2, 5)
    f = np.tanh
    for expected in (
        1 - np.tanh(x) ** 2,
        -2 * np.tanh(x) * (1 - np.tanh(x) ** 2),
        (6 * np.tanh(x) ** 2 - 2) * (1 - np.tanh(x) ** 2),
    ):
        f = elementwise_grad(f)
        assert_allclose(f(x), expected, rtol=1e-12, atol=1e-15)


def test_parameters_in_lists_and_dicts_need_no_flattening():
    def loss(params):
        hidden = INPUTS
        for layer in params:
            hidden = np.tanh(hidden @ layer["w"] + layer["b"])
        return np.mean((hidden[:, 0] - LABELS) ** 2)

    w1, b1, w2, b2 = normal((3, 4), 4, (4, 1), 1)
    found = grad(loss)([{"w": w1, "b": b1}, {"w": w2, "b": b2}])
    flat = differences(
        lambda *xs: loss([{"w": xs[0], "b": xs[1]}, {"w": xs[2], "b": xs[3]}]), (w1, b1, w2, b2), 2
    )
    assert_allclose(found[1]["w"], flat, rtol=1e-6, atol=1e-9)
    assert [sorted(layer) for layer in found] == [["b", "w"]] * 2


def test_jacobians_and_hessians_of_rosenbrock():
    x = np.array([0.5, -0.3])
    assert_allclose(
        hessian(rosenbrock)(x),
        [[1200 * x[0] ** 2 - 400 * x[1] + 2, -400 * x[0]], [-400 * x[0], 200.0]],
        rtol=1e-12,
    )
    assert_allclose(jacobian(grad(rosenbrock))(x), hessian(rosenbrock)(x), rtol=1e-12)
