"""What a differentiated function may return: nodes in any array or list, or it is refused.

NumPy's functions make an array of objects where they meet a Value. Those that only rearrange are
linear, so of R([f(x), g(x), ...]) the derivative is R([f'(x), g'(x), ...]), computed by NumPy on
plain numbers.
"""

import collections
import functools
import gc
import weakref

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
from autograd import (
    Tensor,
    Value,
    compile,
    grad,
    gradcheck,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
    vjp,
)
from autograd.errors import CompileError
from tests.each import each, in_ci

X = 0.7


def numbers(x):
    """Six functions of x, as an array of objects if x is a Value."""
    return np.array([[x, x * x, 2.0], [np.sin(x), 1.0 / x, x**3]])


FIRST = np.array([[1, 2 * X, 0], [np.cos(X), -1 / X**2, 3 * X**2]])
SECOND = np.array([[0, 2, 0], [-np.sin(X), 2 / X**3, 6 * X]])
PICK = np.array([[True, False, True], [False, True, True]])

REARRANGED = {
    "array": lambda a: a,
    "asarray": np.asarray,
    "copy": np.copy,
    "ascontiguousarray": np.ascontiguousarray,
    "asfortranarray": np.asfortranarray,
    "require": lambda a: np.require(a, requirements="W"),
    "reshape": lambda a: np.reshape(a, (3, 1, 2)),
    "ravel": np.ravel,
    "ravel by columns": lambda a: np.ravel(a, "F"),
    "transpose": np.transpose,
    "moveaxis": lambda a: np.moveaxis(a, 0, 1),
    "swapaxes": lambda a: np.swapaxes(a, 0, 1),
    "squeeze": lambda a: np.squeeze(a[:1]),
    "expand_dims": lambda a: np.expand_dims(a, (0, 2)),
    "atleast_3d": np.atleast_3d,
    "broadcast_to": lambda a: np.broadcast_to(a, (2, 2, 3)),
    "pad": lambda a: np.pad(a, ((1, 0), (0, 2))),
    "pad by edge": lambda a: np.pad(a, 1, mode="edge"),
    "roll": lambda a: np.roll(a, 1, axis=1),
    "flip": np.flip,
    "rot90": np.rot90,
    "tile": lambda a: np.tile(a, (2, 1)),
    "repeat": lambda a: np.repeat(a, 2, axis=0),
    "resize": lambda a: np.resize(a, (3, 3)),
    "concatenate": lambda a: np.concatenate([a, a[:1]]),
    "stack": lambda a: np.stack([a, a], axis=1),
    "hstack": lambda a: np.hstack([a, a]),
    "block": lambda a: np.block([[a], [a]]),
    "where": lambda a: np.where(PICK, a, a[::-1]),
    "select": lambda a: np.select([PICK, ~PICK], [a, 2 * a]),
    "choose": lambda a: np.choose(PICK.astype(int), [a, 3 * a]),
    "piecewise": lambda a: np.piecewise(a, [PICK, ~PICK], [lambda v: 2 * v, lambda v: -v]),
    "take": lambda a: np.take(a, [2, 0, 0], axis=1),
    "take_along_axis": lambda a: np.take_along_axis(a, np.array([[1, 1, 0]]), axis=0),
    "compress": lambda a: np.compress([True, False, True], a, axis=1),
    "extract": lambda a: np.extract(PICK, a),
    "delete": lambda a: np.delete(a, 1, axis=1),
    "insert": lambda a: np.insert(a, 1, 0.0, axis=1),
    "append": lambda a: np.append(a, [[0.0, 0.0, 0.0]], axis=0),
    "diagonal": np.diagonal,
    "tril": np.tril,
    "split": lambda a: np.split(a, 3, axis=1)[1],
    "index": lambda a: a[[0, 0, 1], [1, 1, 2]],
    "sum": lambda a: np.sum(a, axis=0),
    "mean": lambda a: np.mean(a, axis=1),
    "cumsum": lambda a: np.cumsum(a, axis=1),
    "diff": lambda a: np.diff(a, axis=1),
    "dot": lambda a: np.dot(a, np.array([1.0, -2.0, 0.5])),
    "outer": lambda a: np.outer(a, np.array([1.0, -2.0])),
    "trace": np.trace,
    "an element": lambda a: a[1, 0],
    "0-d": lambda a: np.asarray(a[1, 2]),
    "nothing": lambda a: a[:0],
}
every_rearrangement = each("move", REARRANGED.values(), ids=REARRANGED)
some_rearrangements = each("move", [*REARRANGED.values()][:: in_ci(1, 4)])


@every_rearrangement
def test_an_array_of_objects_has_the_derivatives_of_its_elements(move):
    def f(x):
        return move(numbers(x))

    value, expected = move(numbers(X)), move(FIRST)
    assert_allclose(jacobian(f)(X), expected, rtol=1e-14)
    assert_allclose(jvp(f, (X,), (3.0,))[0], value, rtol=1e-14)
    assert_allclose(jvp(f, (X,), (3.0,))[1], 3 * expected, rtol=1e-14)
    found, pull = vjp(f, X)
    weights = np.cos(np.arange(np.size(value))).reshape(np.shape(value))
    assert_allclose(found, value, rtol=1e-14)
    assert_allclose(pull(weights)[0], np.sum(weights * expected), rtol=1e-14)


@some_rearrangements
def test_an_array_of_objects_has_second_derivatives(move):
    def f(x):
        return move(numbers(x))

    assert_allclose(hessian(f)(X), move(SECOND), rtol=1e-13)
    assert_allclose(jacobian(jacobian(f))(X), move(SECOND), rtol=1e-13)
    assert_allclose(jvp(jacobian(f), (X,), (1.0,))[1], move(SECOND), rtol=1e-13)


@pytest.mark.parametrize("name", ["where", "0-d", "pad by edge"])
def test_gradcheck_takes_arrays_of_objects(name):
    assert gradcheck(lambda x: {"out": [REARRANGED[name](numbers(x))]}, X, order=2)


CHOSEN = {  # each is x * x at 0.7, in NumPy's words
    "where": lambda x: np.where(x > 0, x * x, -x),
    "select": lambda x: np.select([x > 0, x <= 0], [x * x, -x]),
    "piecewise": lambda x: np.piecewise(x, [x > 0, x <= 0], [lambda v: v * v, lambda v: -v]),
    "choose": lambda x: np.choose(1, [x, x * x]),
    "squeeze": lambda x: np.squeeze(x * x),
    "asarray": lambda x: np.asarray(x * x),
    "copy": lambda x: np.copy(x * x),
    "reshape": lambda x: np.reshape(x * x, ()),
    "transpose": lambda x: np.transpose(x * x),
    "sum": lambda x: np.sum([x * x, x, -x]),
    "prod": lambda x: np.prod([x, x]),
    "dot": lambda x: np.dot([x], [x]),
    "max": lambda x: np.max([x * x, x - 1.0]),
    "an array of one": lambda x: np.array([x * x])[0],
}
every_choice = each("f", CHOSEN.values(), ids=CHOSEN)


@every_choice
def test_what_numpy_makes_of_one_value_is_one_number(f):
    assert_allclose(grad(f)(X), 2 * X, rtol=1e-15)
    assert_allclose(value_and_grad(f)(X), (X * X, 2 * X), rtol=1e-15)
    assert_allclose(grad(grad(f))(X), 2.0, rtol=1e-15)
    assert_allclose(hessian(f)(X), 2.0, rtol=1e-15)
    assert_allclose(hvp(f, (X,), (3.0,)), 6.0, rtol=1e-15)
    assert type(grad(f)(X)) is float


@every_choice
def test_an_aux_of_objects_comes_back_as_plain_numbers(f):
    found, aux = grad(lambda x: (x**3, [f(x), "text"]), has_aux=True)(X)
    assert_allclose(found, 3 * X**2, rtol=1e-15)
    assert_allclose(np.asarray(aux[0], float), X * X, rtol=1e-15)
    assert not isinstance(aux[0], Value)


@every_choice
def test_compiled_in_either_order_they_are_right_or_refused(f):
    for transform, expected in ((grad, 2 * X), (jacobian, 2 * X), (hessian, 2.0)):
        for compiled in (compile(transform(f)), transform(compile(f))):
            try:
                assert_allclose(compiled(X), expected, rtol=1e-14)
            except (CompileError, TypeError) as error:
                assert str(error)  # noqa: PT017 (either is right)


@some_rearrangements
def test_compiled_an_array_of_objects_is_right_or_refused(move):
    def f(x):
        return move(numbers(x))

    for compiled in (compile(jacobian(f)), jacobian(compile(f))):
        try:
            found = compiled(X)
        except (CompileError, TypeError, ValueError):
            continue
        assert_allclose(getattr(found, "data", found), move(FIRST), rtol=1e-14)


def test_trees_may_hold_arrays_of_objects_anywhere():
    def f(x, y):
        return {"a": [np.array([x * y, x]), x], "b": (np.where(x > y, x, y * y),)}

    found = jacobian(f, argnums=(0, 1))(0.5, 2.0)
    assert_array_equal(found["a"][0][0], [2.0, 1.0])
    assert_array_equal(found["a"][0][1], [0.5, 0.0])
    assert (found["a"][1], found["b"][0]) == ((1.0, 0.0), (0.0, 4.0))


def test_arguments_may_be_lists_and_arrays_of_numbers():
    def f(w):
        return np.array([[w[0] * w[1]], [w[1] ** 2]])

    found = jacobian(f)([3.0, 5.0])
    assert_array_equal(found[0], [[5.0], [0.0]])
    assert_array_equal(found[1], [[3.0], [10.0]])


def test_nodes_as_arguments_give_nodes_that_can_be_differentiated_again():
    x = Value(2.0)
    found = jacobian(lambda v: np.array([v**2, v**3]))(x)
    assert isinstance(found, Tensor)
    (found * Tensor([1.0, 10.0])).sum().backward()
    assert x.grad == 2.0 + 10.0 * 12.0


def test_elements_may_be_tensors_of_one_number():
    def f(t):
        return _objects(t[0] * t[1], t[1])

    assert_array_equal(jacobian(f)(np.array([3.0, 5.0])), [[5.0, 3.0], [0.0, 1.0]])


STRANGE = {
    "a vector in it": lambda x: _objects(x * Tensor([1.0, 2.0]), x),
    "an array in it": lambda x: _objects(_objects(x), x),
    "a list in it": lambda x: _objects([x], x),
    "text in it": lambda x: _objects("text", x),
    "None in it": lambda x: _objects(None, x),
    "a masked array": lambda x: np.ma.array(_objects(x, x)),
    "a matrix": lambda x: np.matrix([[x, x]]),
    "a record": lambda x: np.array([(x,)], dtype=[("field", object)]),
    "a deque": lambda x: collections.deque([x]),
    "a set": lambda x: {x},
    "a generator": lambda x: (v for v in [x]),
    "text": lambda _: np.array(["text"]),
    "dates": lambda _: np.array("2020-01-01", dtype="datetime64[D]"),
}


def _objects(*items):
    out = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        out[i] = item
    return out


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("f", STRANGE.values(), ids=STRANGE)
def test_what_is_not_understood_is_refused_and_never_0(f):
    for transform in (grad(f), value_and_grad(f), jacobian(f), hessian(f), grad(grad(f))):
        with pytest.raises(TypeError, match="needs a"):
            transform(X)
    with pytest.raises(TypeError, match="needs a"):
        vjp(f, X)
    with pytest.raises(TypeError, match="needs a"):
        jvp(f, (X,), (1.0,))


def test_arguments_of_objects_are_refused_with_a_remedy():
    with pytest.raises(TypeError, match=r"Pass a list of its elements \(.tolist\(\)\)"):
        grad(np.sum)(np.array([Value(1.0), Value(2.0)]))


def test_a_constant_array_has_tangents_and_derivatives_of_its_shape():
    for constant in (np.ones((2, 3)), np.arange(3), np.array([1, 2.5], dtype=object)):
        tangent = jvp(lambda _, c=constant: c, (X,), (1.0,))[1]
        assert_array_equal(tangent, np.zeros(constant.shape), strict=True)
        assert_array_equal(jacobian(lambda _, c=constant: c)(X), np.zeros(constant.shape))


# --- inside no_grad() -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "x", [2.0, Value(2.0), Tensor(2.0), Tensor(2.0, requires_grad=True)], ids=repr
)
def test_inside_no_grad_transforms_differentiate_and_give_constants(x):
    def f(v):
        return [v**3, v * v]

    with no_grad():
        results = {
            "grad": (grad(lambda v: v**3)(x), 12.0),
            "hessian": (hessian(lambda v: v**3)(x), 12.0),
            "jacobian": (jacobian(f)(x)[1], 4.0),
            "jvp": (jvp(f, (x,), (1.0,))[1][0], 12.0),
            "vjp": (vjp(f, x)[1]([1.0, 1.0])[0], 16.0),
            "hvp": (hvp(lambda v: v**3, (x,), (1.0,)), 12.0),
        }
    for found, expected in results.values():
        assert type(found) is float if type(x) is float else not found.requires_grad
        assert getattr(found, "data", found) == expected


# --- how compile knows a transform ----------------------------------------------------------------


def cube(x, y=2.0):
    return x**3 * y**2


def doubled(function):
    @functools.wraps(function)
    def twice(*args):
        return 2 * function(*args)

    return twice


@pytest.mark.parametrize("transform", [grad, value_and_grad], ids=["grad", "value_and_grad"])
def test_compile_does_not_take_what_wraps_a_gradient_for_the_gradient(transform):
    def first(x):
        found = transform(cube)(x)
        return found if transform is grad else found[1]

    functools.update_wrapper(first, transform(cube))
    assert compile(doubled(first))(3.0) == 2 * 108.0
    assert compile(doubled(doubled(first)))(3.0) == 4 * 108.0


def test_compile_of_other_transforms_of_a_gradient_gives_theirs():
    assert_allclose(compile(jacobian(grad(cube, 0), 1))(2.0, 3.0), 72.0, rtol=1e-14)
    assert_allclose(compile(grad(grad(cube, 0), 1))(2.0, 3.0), 72.0, rtol=1e-14)
    assert_allclose(compile(hessian(cube, 0))(2.0, 3.0), 108.0, rtol=1e-14)
    assert_allclose(compile(functools.partial(grad(cube), y=3.0))(2.0), 108.0, rtol=1e-14)


def test_a_gradient_is_forgotten_with_its_last_reference():
    def f(x):
        return x * x

    gradient = grad(f)
    f.gradient = gradient  # a circle
    gone = weakref.ref(gradient)
    del f, gradient
    gc.collect()
    assert gone() is None


def test_compiled_several_outputs_have_their_tangents():
    def f(x):
        return [x * x, autograd.sin(x)]

    found = compile(lambda x: jvp(f, (x,), (1.0,))[1])(X)
    assert_allclose(found, [2 * X, np.cos(X)], rtol=1e-14)


PICKED = {
    "an element": lambda x: x[2],
    "the array": lambda x: x,
    "a part": lambda x: x[1:],
    "a sum": lambda x: x.sum(),
    "a product": lambda x: (x * x)[1],
}


@pytest.mark.parametrize("function", PICKED.values(), ids=PICKED)
def test_derivatives_are_arrays_of_numpys_own_class(function):
    x = np.array([1.0, 2.0, 3.0])
    _, pull = vjp(function, x)
    out = function(Tensor(x))
    found = [jacobian(function)(x), pull(np.ones(out.shape)), jvp(function, (x,), (x,))]
    if out.ndim == 0:
        found += [grad(function)(x), value_and_grad(function)(x), hessian(function)(x)]
        found += [hvp(function, (x,), (x,))]
    for result in found:
        for array in result if isinstance(result, tuple) else (result,):
            assert type(array) in (np.ndarray, np.float64, float)
