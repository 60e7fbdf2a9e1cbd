"""The contract of `compile`, one row a test: what is recorded, run as written, or refused and how.

docs/compile-contract.md says it in words. A row is the program that is compiled and the arguments
of its calls. All rows have the same leaves, and so many names for them.
"""

import contextlib
import copy
import functools
import itertools
import os
import pickle

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import CompileError, GraphError, Tensor, Value
from autograd.compiler.watch import Watch
from autograd.node import Node
from tests.autograd.compiler.programs import assert_same_calls, left_in

RECORDED, AS_WRITTEN, REFUSED = [], [], []


def recorded(calls, paths=1, name=""):
    """Recorded once for each path, and replayed after that."""
    return lambda f: RECORDED.append(pytest.param(f, calls, paths, id=name or f.__name__))


def as_written(calls, name=""):
    """Run as it is written at every call."""
    return lambda f: AS_WRITTEN.append(pytest.param(f, calls, id=name or f.__name__))


def refused(what, remedy, *args, name=""):
    """Refused at the first call with these words; what it would change stays as it is."""
    return lambda f: REFUSED.append(pytest.param(f, args, what, remedy, id=name or f.__name__))


def A(*numbers, dtype=float):
    return np.array(numbers, dtype=dtype)


w, v, u, *table = VALUES = [Value(x) for x in (2.0, 1.0, 3.0, 0.5, 1.5, 2.5, -0.5, -1.0, 0.0)]
t, r, narrow = (Tensor(x, requires_grad=True) for x in ([1.0, 2.0], 2.0, A(1, 2, dtype="f4")))
p, model = nn.Parameter([1.0, 2.0]), nn.Linear(2, 1)
of_p = p.scalars("p")
LEAVES, outside = [*VALUES, t, r, narrow], w * w
eye, buffer, order = np.arange(9.0).reshape(3, 3), np.zeros(2), np.random.default_rng(0)
index = A(1, 2, dtype=int)
TWO, THREE, FLOATS = [(A(1, 2),), (A(3, 4),)], [(A(1, 2, 3),), (A(4, 5, 6),)], [(1.0,), (2.0,)]


# --- recorded -------------------------------------------------------------------------------------

for name, (f, calls) in {
    "operations on Values and on float arguments": (
        lambda x, y: (w * x + y).tanh() / 3, [(1.0, 2.0), (0.5, -1.0), (0.1, 0.2)],
    ),
    "operations on Tensors": (lambda a: (t * a).sum() ** 2, TWO),
    "elements of array arguments": (lambda a: w * a[0] + a[1] ** 2, TWO),
    "copies of floats and of arrays": (
        lambda a, x: [
            act([2 * a.T, x, a.sum()])[i] * x
            for act in (copy.deepcopy, lambda those: list(map(copy.copy, those)))
            for i in range(3)
        ],
        [(np.eye(2), 3.0), (np.ones((2, 2)), 4.0)],
    ),
    "an array beside a list of single numbers": (
        lambda a, b: (
            a * b, b - a, a > b, w * (tuple(b) @ a), w * (a / b).sum(), w * ([2, 3] * a).max(),
        ),
        [(A(1, 2), [3.0, 4.0]), (A(3, 4), [3.5, 5.0])],
    ),
    "an array beside a list of Values": (
        lambda a: ((a * [w, v]).sum(), (np.array([u, v]) - a) @ a, [w, 2.0] @ a), TWO,
    ),
    "NumPy's functions of array arguments": (
        lambda a: np.tanh(a).mean(axis=0) + np.sort(a[0]), [(np.eye(2),), (np.ones((2, 2)),)],
    ),
    "a float and an array of float32 give float32": (
        lambda a, x: (a * x, np.clip(a, -1, x)),
        [(A(1, 2, dtype="f4"), 0.3), (A(3, 4, dtype="f4"), 1.5)],
    ),
    "a float and a float32 give float32": (
        lambda x: (x * np.float32(0.1), np.float32(0.1) - x), [(0.7,), (1.7,)],
    ),
    "elements of float32 arrays stay float32": (
        lambda a: a[0] * np.float32(1e30) * 0.1, [(A(1, dtype="f4"),), (A(2, dtype="f4"),)],
    ),
    "an array of no axes as a whole": (
        lambda a: (a[...], a[...] * 2.0), [(np.array(1.5),), (np.array(2.5),)],
    ),
    "a gradient by an array of no axes": (
        lambda a: (autograd.vjp(autograd.cbrt, a)[1](2.0), autograd.grad(np.sin)(a) * 2.0),
        [(np.array(1.5),), (np.array(2.5),)],
    ),
    "single numbers of a model that are asked for anew": (
        lambda x: model.scalars()([x, 1.0])[0] * 2 + model.scalars()([1.0, x])[0].tanh(), FLOATS,
    ),
    "a float less an element is wide": (lambda a: narrow * (1.5 - a[0]), TWO),
    "a float32 number stays float32": (
        lambda x: x * x / 3, [(np.float32(1.1),), (np.float32(2.1),)],
    ),
    "plain arrays from outside": (lambda a: (a @ eye).sum() + (eye[:, :2] @ t).sum(), THREE),
    "a lookup by an index that is an argument": (
        lambda i: autograd.take(table, i)[0] * 2, [(np.array([1]),), (np.array([2]),)],
    ),
    "Values are equal by identity": (
        lambda a, b: [v == (y := a * 2), v == v, y == y, a == a, y == 1.0, {y: 1.0}[y], y in [v]],
        [(Value(1.0), Value(1.0)), (Value(3.0), Value(1.0))],
    ),
    "a derivative of rows that a lookup chooses": (
        lambda x: 1.0 * autograd.grad(
            lambda q: sum(autograd.take([[q, 2 * q], [3 * q, q * q]], 1)))(x), FLOATS,
    ),
    "minus zero is not zero": (
        lambda x: [autograd.arctan2(w * a + b, -1.0) * x for a, b in ((0.0, 0.0), (0.0, -0.0))]
        + [autograd.arctan2(w * -0.0 + -0.0, -1.0)], FLOATS,
    ),
    "the sign of a zero from rounding": (
        lambda x: [autograd.arctan2(op(x), -1.0) for op in (autograd.ceil, autograd.floor)],
        [(Value(x),) for x in (0.3, -0.3, -0.0, 0.0)],
    ),
    "powers and exponentials of one level warn of nothing": (
        lambda x: sum((x * a) ** 2.0 + 2.0 ** (x * a) for a in (table[3], table[4])), FLOATS,
    ),
    "a graph that reaches outside": (lambda x: outside * x, FLOATS),
    "a constant that is made inside": (
        lambda x: autograd.hessian(lambda q: q * q)(2 * x), [(Value(1.0),), (Value(3.0),)],
    ),
    "nan of a Tensor of no axes": (lambda x: autograd.nan_to_num(r) * x, FLOATS),
}.items():  # fmt: skip
    recorded(calls, name=name)(f)

for name, (f, calls) in {
    "a label is part of the signature": (
        lambda x: x * 1.0 if x.label == "a" else x * 5.0, [(Value(1.0, label=x),) for x in "abab"],
    ),
    "the other path warns of nothing": (
        lambda x: autograd.log(x) if x > 0 else x, [(1.0,), (-1.0,), (2.0,)],
    ),
    "a comparison is a guard": (
        lambda x: w * x if w * x > 0 else -w, [(1.0,), (-1.0,), (2.0,), (-3.0,)],
    ),
    "the largest Value is a guard": (
        lambda x: max([v, w * x]) * 3, [(1.0,), (-1.0,), (2.0,), (-3.0,)],
    ),
}.items():  # fmt: skip
    recorded(calls, 2, name)(f)


@recorded(FLOATS)
def an_array_made_inside_and_written_to_after_its_use(x):
    e = np.zeros(3)
    d = e + x
    e[0] = 9.0
    return d


@recorded(TWO)
def one_buffer_made_inside_that_is_used_again_and_again(a):
    e, total = np.zeros(2), 0.0
    for i in range(2):
        e[:] = 0.0
        e[i] = 1.0
        total = total + (t * (a * e)).sum() * (i + 1)
    return total


@recorded(THREE)
def an_index_list_written_to_after_its_use(a):
    i = [0, 1]
    d = a[i]
    i[0] = 2
    return d


@recorded(THREE)
def a_list_of_arrays_that_grows_after_its_use(a):
    h, total = [a], 0.0
    for i in range(3):
        total = total + np.stack(h).sum()
        h.append(a * i)
    return total


@recorded(TWO)
def a_list_of_arrays_that_is_turned_round_after_its_use(a):
    h = [a, a * 2]
    d = np.stack(h)
    h.reverse()
    return d[0]


@recorded([(1.0, A(1, 2)), (2.0, A(3, 4))])
def what_is_asked_of_kinds(x, a):
    kinds = isinstance(a, np.ndarray), isinstance(x, float), np.isscalar(x)
    kinds += isinstance(a, float), isinstance(x, np.ndarray), isinstance(a.sum(), np.float64)
    return x * a * sum(2**k * is_so for k, is_so in enumerate(kinds))


@recorded([(1.0, 2.0), (0.5, 0.0), (0.0, 0.5)])
def a_gradient_of_zero_times_an_infinite_derivative(x, y):
    near, far = v * x, w * y
    for _ in range(40):  # so long a stretch is computed one by one
        far = autograd.tanh(far)
    return autograd.floor(autograd.log(near)) + autograd.floor(autograd.log(far)) * v


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


for name, derivative in {
    "grad": lambda f, x: autograd.grad(f)(x),
    "grad of grad": lambda f, x: autograd.grad(autograd.grad(f))(x),
    "value_and_grad": lambda f, x: sum(autograd.value_and_grad(f)(x)),
    "jvp": lambda f, x: autograd.jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f, x: autograd.vjp(f, x)[1](2.0)[0],
}.items():
    recorded(FLOATS, name=f"{name} of a float, inside, is a float")(
        lambda x, derivative=derivative: derivative(lambda q: w * q**3, x)
    )

for name, transform in {
    "grad": autograd.grad,
    "jacobian": autograd.jacobian,
    "hessian": autograd.hessian,
    "grad of grad": lambda f: autograd.grad(lambda x: autograd.grad(f)(x).sum()),
    "vjp": lambda f: lambda x: autograd.vjp(f, x)[1](2.0),
    "jvp": lambda f: lambda x: autograd.jvp(f, (x,), (A(1, 2),)),
    "hvp": lambda f: lambda x: autograd.hvp(f, (x,), (A(1, 2),)),
}.items():
    recorded([(A(1, 2),), (A(3, -1),)], name=f"{name} of elements")(transform(rosenbrock))
    recorded([(A(1, 2), 1.0), (A(3, -1), 2.0)], name=f"{name} of elements, inside")(
        lambda x, y, transform=transform: (transform(rosenbrock)(x * y), y)
    )


@recorded([(A(*x, dtype=d),) for d in ("f4", "f2", "i8", "f8") for x in ((1, 2), (3, 5))], paths=4)
def an_array_of_elements_has_the_type_that_numpy_finds(a):
    return np.array([a[0], a.sum()]), np.array([a[1], 1.5]), np.full(2, a[0])


@recorded([(A(1.1, 2.0),), (A(3.3, 4.0),)])
def an_element_of_a_float64_array_makes_tensors_of_float32_wide(a):
    total = autograd.maximum(narrow, sum(a)) + autograd.where(narrow > 1.5, narrow, max(a))
    return narrow * a[0], narrow + 1.5 * a[1], narrow[0] * abs(a[0]), total, narrow * (a[0] > 0)


@recorded([(0.3, A(1.1, 2.0), A(1, dtype=int)), (0.7, A(3.3, 4.0), A(0, dtype=int))])
def only_what_is_computed_from_numpys_floats_by_operators_is_wide(x, a, i):
    python = autograd.tanh(a[0]), autograd.maximum(a[0], x) * 2.0, x * 2.0, w.data * x
    wide = a[0] * x, x - a[1], -a[0], a[0] + w.data, autograd.take(a, i[0]) * 2.0
    return [narrow * number for number in python + wide]


@recorded([([1.0, 2.0],), ([3.0, -1.0],)])
def transforms_by_an_array_of_floats(x):
    point = np.array(x)
    product = lambda q: q[0] * q[1] ** 2  # noqa: E731
    return autograd.hessian(lambda q: (q**3).sum())(point), autograd.grad(product)(point)


# --- run as written -------------------------------------------------------------------------------

for name, (f, calls) in {
    "float32 numbers in an array that meets float64": (
        lambda a: np.array([a[0], a[1]]) * A(1.5, 2.5) + np.tanh(a).sum() + np.exp(a).sum(),
        [(A(k, 2, dtype=np.float32),) for k in range(3)],
    ),
    "a division by a float that is zero": (lambda x, y: x / y, [(1.0, 0.0), (1.0, 0.0)]),
    "a root of a float that is negative": (lambda x: x**0.5, [(-4.0,), (-1.0,)]),
    "a power of a float that is too large": (lambda x: x**2, [(1e200,), (-1e200,)]),
    "numbers of an array that is computed from computed floats": (
        lambda a, rate: w * ((2 * rate) * a)[0], [(A(1, 2), 0.5), (A(3, 4), 1.5)],
    ),
    "nan in NumPy's order of floats": (
        lambda x: (
            np.sort([x, 1.0, -1.0]), np.argmax([x, 1.0]), np.ptp([x, 1.0]),
            np.searchsorted(A(0, 1, 2), x), np.clip(x, -1.0, 1.0),
        ),
        [(np.nan,), (np.nan,)],
    ),
}.items():  # fmt: skip
    as_written(calls, name)(f)


@pytest.mark.parametrize("numbers", [(1.0, -2.0), (-2.0, 1.0), (0.5, -0.5)])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.sort([x, 1.0, -1.0]), lambda x: np.argmax([x, 0.0]),
        lambda x: np.array([0.0, x]).max(), lambda x: np.clip(np.full(2, x), -1, 1),
    ],
)  # fmt: skip
def test_a_nan_that_comes_later_is_ordered_as_numpy_orders_it(function, numbers):
    compiled = autograd.compile(function, audit=False)
    for x in (*numbers, np.nan, *numbers):
        np.testing.assert_array_equal(compiled(x), function(x))


# --- refused --------------------------------------------------------------------------------------


def looked_up(x, i, still):
    """Times what a lookup chooses, which under no_grad is a constant."""
    with autograd.no_grad() if still else contextlib.nullcontext():
        found = autograd.take([x, 2.0], i)
    return x * found


class Doubled(dict):
    def __getitem__(self, key):
        return 2 * super().__getitem__(key)


class Counted(list):
    """A list that may compute in another way."""


for name, (f, args, what, remedy) in {
    "whether a float requires a gradient": (
        lambda x: x * 1.0 if x.requires_grad else x * 5.0, [Value(2.0).detach()],
        "requires_grad", "Pass a bool",
    ),
    "whether an argument is a Value from outside": (
        lambda x: x * 1.0 if x in [w] else x * 5.0, [w],
        "comparing a Value among the arguments", "an int or a string",
    ),
    "the float of a Value": (lambda x: w * float(x), [1.0], "float()", "autograd.exp"),
    "whether NumPy finds nan in a Value": (
        lambda x: w * x if np.isnan(w * x) else w, [1.0], "np.isnan", "autograd's functions",
    ),
    "the int of an element": (lambda a: int(a[0]), [A(1, 2)], "int()", "Python ints"),
    "a count that is an element": (
        lambda i, x: x * len([1] * i[0]), [index, 1.0], "a count", "Python ints",
    ),
    "a set of numbers": (
        lambda i: 1.0 if i[0] in {1, 2} else 2.0, [index], "looking a number up", "if and elif",
    ),
    **{
        f"number {k} of a Parameter": (
            lambda number, x: (number * number * x).tanh().backward(), [of_p[k], 0.5],
            "of a Parameter's numbers the Parameter", "",
        )
        for k in (0, 1)
    },
    "the text of a number": (lambda x: len(str(x)) * x, [1.0], "printing it", "Print the result"),
    "the numbers of an array": (lambda a: a.tolist(), [A(1, 2)], "array.tolist", ""),
    "an array as a plain one": (lambda a: np.array(a) * 2, [A(1, 2)], "np.asarray", "a.copy()"),
    "an array of ints as a plain one": (
        lambda i: np.array(i) * 2, [index], "an array as an index", "a.copy()",
    ),
    **{
        f"{act.__name__} of {kind} {'inside' if inside else 'as it came'}": (
            lambda x, act=act, inside=inside: (act(2 * x if inside else x), 2.0 * x)[1],
            [given], "a copy or a pickle is not recorded", "or copy it outside",
        )
        for kind, given, acts in (
            ("a float", 1.0, [pickle.dumps]),
            ("an array", A(1, 2), [pickle.dumps]),
            ("a Value", Value(1.0), [copy.copy, copy.deepcopy, pickle.dumps]),
            ("a Tensor", Tensor([1.0]), [copy.copy, copy.deepcopy, pickle.dumps]),
        )
        for act in acts for inside in (False, True)
    },
    "a deep copy of a Parameter": (
        lambda x: (copy.deepcopy(p) * x).sum(), [1.0], "a copy or a pickle", "or copy it outside",
    ),
    "averages of batch norm in plain arrays": (
        lambda x: nn.functional.batch_norm(x, buffer, buffer, training=True).sum(), [np.eye(2)],
        "updating the averages of batch norm in an array", "nn.Buffer",
    ),
    "what NumPy writes": (
        lambda a: np.put(a, [0], 1.0), [A(1, 2)], "writing into an array", "",
    ),
    "the result of a function written into an array": (
        lambda a: np.tanh(a * 2, out=a), [A(1, 2)], "writing into an array", "",
    ),
    "a reduction of data into an array": (
        lambda x: np.sum(x, axis=0, out=np.zeros(2)), [np.ones((3, 2))],
        "writing into an array", "",
    ),
    **{
        f"ravel in order {way}": (
            lambda x, way=way: (t * x.ravel(order=way)).sum(), [np.ones((2, 1))],
            "order", "say 'C' or 'F'",
        )
        for way in "KA"
    },
    **{
        f"the {name} of an array": (
            lambda x, name=name: (t, getattr(x, name)), [np.ones((2, 3))],
            f"array.{name} ", "shape and dtype",
        )
        for name in ("strides", "flags")
    },
    "the gradient from before the call": (
        lambda x: w * x + w.grad, [1.0], ".grad", "value_and_grad inside",
    ),
    "a masked array": (
        lambda a: a.sum(), [np.ma.array([1.0, 2.0], mask=[0, 1])],
        "numpy.ma.MaskedArray", "np.asarray",
    ),
    "a matrix": (
        lambda a: a.sum(), [A(1, 2).reshape(1, 2).view(np.matrix)], "numpy.matrix", "np.asarray",
    ),
    "a subclass of list": (
        lambda xs: (xs[0] * xs[1]).tanh(), [Counted([Value(0.5), Value(2.0)])], "Counted", "list",
    ),
    "a subclass of dict": (lambda d: d["a"] * 1.0, [Doubled(a=1.0)], "Doubled", "dict"),
    "two indices that are arguments": (
        lambda i, j: autograd.getitem(np.array(table).reshape(2, 3), (i, j)).sum(),
        [A(0, 1, dtype=int), A(2, 1, dtype=int)], "Only one index may be data", "autograd.where",
    ),
    "draws of the user's": (
        lambda x: x * order.normal(), [1.0], "random numbers", "outside",
    ),
    "the environment": (
        lambda x: x * float(os.environ.get("RATE", "1")), [1.0], "os.environ", "outside",
    ),
    "the names of a module": (
        lambda x: x * globals().get("rate", 1.0), [1.0], "globals()", "outside",
    ),
    **{
        f"differentiating a lookup at {x!r}, {still}": (
            lambda x, i, still=still: 1.0 * autograd.grad(looked_up)(x, i, still),
            [x, np.array(1)], "differentiating what a lookup chose", "grad(f)",
        )
        for x in (3.0, Value(3.0)) for still in (False, True)
    },
    **{
        f"differentiating a number through an array at {x!r}, {k}": (
            lambda x, f=f: 1.0 * autograd.grad(f)(x), [x], "number through an array", "grad(f)",
        )
        for k, f in enumerate([lambda q: (q * t).sum(), lambda q: q * Tensor(t.data).sum()])
        for x in (3.0, Value(3.0))
    },
    "a file": (lambda x: x if x else open("numbers.txt"), [1.0], "open()", "outside"),  # noqa: SIM115
}.items():  # fmt: skip
    refused(what, remedy, *args, name=name)(f)


@refused("an array from outside that it writes to", "np.zeros", A(1, 2))
def a_scratch_buffer_from_outside(x):
    buffer[:] = 0.0
    buffer[1] = 2.0
    total = (x * buffer).sum()
    buffer[:] = 0.0
    return total


@refused("writing into an array", "where", A(1, 2))
def an_assignment_into_an_array_argument(a):
    a[0] = 1.0
    return a.sum()


@refused("writing into an array", "a = a + b", A(1, 2))
def an_addition_into_an_array_argument(a):
    a += 1.0
    return a


@refused("writing into an array", "", np.asfortranarray(np.arange(6.0).reshape(2, 3)))
def an_argument_in_fortran_order_that_is_written_to_in_another_shape(a):
    a.T.reshape(2, 3)[0] = 9.0
    return a.sum()


@refused("returning a result that needs a gradient", "detach()", A(1, 2))
def a_graph_beside_changed_leaves(x):
    t.data -= 0.1
    return t * x


@refused("returning a result that needs a gradient", "detach()", 1.0)
def a_graph_beside_changed_values(x):
    y = w * x
    w.data -= 0.1
    return y


CHANGED = "computing with a Value after it was changed"
USES = {
    "a product": lambda a, b: (a * b).detach(),
    "itself": lambda a, b: a.detach(),
    "stacked": lambda a, b: (autograd.stack([a, b]) * np.ones(2)).sum().detach(),
    "beside a Tensor": lambda a, b: (Tensor([1.0, 2.0]) * a).detach(),
    "compared": lambda a, b: 1.0 if a > 1.1 else 0.0,
    "the larger": lambda a, b: max(a, b).data,
}
OF_ARRAYS_ALONE = {
    "its number": lambda a, b: a.data,
    "an item": lambda a, b: b.item() * 2,
    "a lookup": lambda a, b: autograd.take([a, b], 1).detach(),
}
for name, use in USES.items():

    @refused(CHANGED, "one step", 0.3, name=f"a Value after it was changed, {name}")
    def a_value_used_after_its_step(x, use=use):
        (w * x + w * w).tanh().backward()
        w.data -= 0.1 * w.grad
        return use(w, v)


for name, use in (USES | OF_ARRAYS_ALONE).items():

    @refused(CHANGED, "one step", -2.1, name=f"a number after its array was changed, {name}")
    def a_number_used_after_the_step_of_its_array(x, use=use):
        (of_p[0] * x + of_p[1]).tanh().backward()
        p.data -= 0.1 * p.grad
        return use(*of_p)


@refused(CHANGED, "one step", 1.0)
def two_steps_on_values(x):
    for _ in range(2):
        (w * x).backward()
        w.data -= 0.1 * w.grad
    return x


plain = optim.SGD([t], lr=0.1)


@refused("changing an argument that is there in another way", "each Value and Tensor once", t, 1.0)
def a_step_with_a_tensor_that_its_optimizer_has(given, x):
    loss = (given * x).tanh().sum()
    plain.zero_grad()
    loss.backward()
    plain.step()
    return loss


for name, between in {
    "read": lambda: setattr(w, "data", w.data - 0.1 * w.grad),
    "set to zero": lambda: setattr(w, "grad", 0.0),
    "set to one": lambda: setattr(w, "grad", 1.0),
    "forgotten": w.zero_grad,
}.items():

    @refused("a second backward()", "Add the losses up", 0.3, name=f"a pass after one was {name}")
    def a_second_pass(x, between=between):
        y = (w * x + v).tanh()
        y.backward()
        between()
        (y * y).backward()


@refused("a second backward()", "Add the losses up", 0.3)
def a_second_pass_of_what_a_gradient_gives(x):
    one, two = (w * x).tanh() * w, (v * x).sin() * v
    one.backward()
    w.data -= 0.1 * w.grad
    (two * w.grad).backward()


@refused("changing a setting of an optimizer", "Change it between", A(1, 2))
def a_setting_that_changes_in_its_step(x):
    plain.lr = 0.9 * plain.lr
    (t * x).sum().backward()
    plain.step()


of_both = optim.Adam([narrow, t], lr=0.1)


@refused("several types", "Use one for each type", 0.5)
def an_optimizer_of_several_types(x):
    (narrow * t * x).sum().backward()
    of_both.step()


@refused("comparing the .data of a result", "Return the scores", [1.0, -1.0], [1.0, -1.0])
def an_accuracy_beside_the_loss(x, y):
    scores = [w * a + v for a in x]
    loss = sum((s - t) ** 2 for s, t in zip(scores, y, strict=True))
    accuracy = [(t > 0) == (s.data > 0) for s, t in zip(scores, y, strict=True)]
    loss.backward()
    return loss, sum(accuracy) / len(accuracy)


SHOWN = "writing to the memory of a leaf that something else shows"
q = nn.Parameter([1.0, 2.0])
kept, other = q.data, t.detach()


@refused(SHOWN, "p.data.copy()", A(1, 2))
def a_leaf_whose_array_is_kept_outside(x):
    q.data -= 0.1
    return x * kept


@refused(SHOWN, "p.data.copy()", q.data)
def a_leaf_whose_array_is_an_argument(x):
    q.data -= 0.1
    return x * 2.0


@refused(SHOWN, "p.data.copy()", A(1, 2))
def two_leaves_of_one_array(x):
    t.data -= 0.1
    return x * other


forgotten = nn.Parameter([1.0, 2.0])
forgotten.grad = [1.0, 2.0]
kept_grad, forgotten.grad = forgotten.grad, None


@refused(SHOWN, "p.data.copy()", A(1, 2))
def a_gradient_whose_array_is_kept_outside(x):
    forgotten.grad = None
    (forgotten * x).sum().backward()
    return x * kept_grad


@refused("a lookup among gradients", "outside", 0.0, A(1, dtype=int))  # where all of them are 0
def a_gradient_by_an_index_that_is_an_argument(x, i):
    v.grad = w.grad = 0.0
    (v * x + w * x * x).backward()
    u.data = autograd.take([v.grad, w.grad * 2.0], i[0])


averaging = optim.SGD([nn.Parameter([1.0, 2.0])], lr=0.1, momentum=0.5)
averaging.params[0].grad = [1.0, 2.0]
averaging.step()


@refused("optimizer.state_dict()", "outside", A(1, 2))
def what_an_optimizer_keeps(x):
    averaging.step()
    return x * averaging.state_dict()["state"][0]["kept"]["b"]


@refused("model.flat()", "p.data", A(1, 2))
def all_parameters_in_one_array(x):
    for param in model.parameters():
        param.data -= 0.1
    return x * model.flat().data.sum()


@refused("a gradient that is an array with a name of its own", "p.grad = array.copy()", A(1, 2))
def a_gradient_with_a_name_of_its_own(x):
    grad = np.zeros(2)
    t.grad = grad
    t.grad += x
    return x * grad


@refused("writing to a gradient that was clipped", "p.grad = p.grad * 0.5", A(1, 2))
def a_clipped_gradient_that_is_written_to(x):
    t.grad = None
    (t * x).sum().backward()
    optim.clip_grad_norm_([t], 1.0)
    t.grad *= 0.5


@refused("that a lookup may leave out", "p.grad = 0.0", np.array(3))
def first_gradients_of_what_only_a_lookup_leads_to(i):
    loss = autograd.take(table, i) ** 2
    loss.backward()
    return loss


@refused("the module", "outside", 1.0)
def a_module_imported_inside(x):
    import tests.autograd.cases

    return x * len(tests.autograd.cases.__name__)


@refused("among its arguments", "Return what is new", [1.0, 2.0])
def a_list_among_the_arguments_that_is_changed(xs):
    xs.append(1.0)
    return sum(xs)


# --- the tests ------------------------------------------------------------------------------------


def compare(function, calls, **options):
    """Compiled beside uncompiled over the calls; how often the function was run for it."""
    runs = itertools.count()

    def counted(*args):
        next(runs)
        return function(*args)

    assert_same_calls(counted, calls, LEAVES, paths=None, **options)
    return next(runs) - len(calls)


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(("f", "calls", "paths"), RECORDED)
def test_is_recorded_and_as_uncompiled(f, calls, paths):
    assert compare(f, calls, audit=False) == 2 * paths  # to record and to compare; no replay
    compare(f, calls)
    with autograd.no_grad():
        compare(f, calls)


@pytest.mark.parametrize(("f", "calls"), AS_WRITTEN)
def test_is_run_as_it_is_written(f, calls):
    assert compare(f, calls, audit=False) >= len(calls)


@pytest.mark.parametrize(("f", "args", "what", "remedy"), REFUSED)
def test_is_refused_with_what_to_do_and_changes_no_leaf_nor_argument(f, args, what, remedy):
    leaves = [*LEAVES, *model.parameters(), p, q, forgotten, plain, averaging, of_both]
    before, arguments = left_in(leaves), copy.deepcopy(args)
    with pytest.raises(CompileError, match="compile: ") as found:
        autograd.compile(f)(*args)
    message = str(found.value)
    assert what in message
    assert remedy in message
    np.testing.assert_equal(left_in(leaves), before)
    for x, kept in zip(args, arguments, strict=True):
        if isinstance(x, np.ndarray):
            np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_result_is_copied_with_its_leaves_as_uncompiled(copied):
    w, b = Value(2.0, label="w"), Value(-1.0)

    def f(x):
        return [(w * x + b).tanh(), w * w]

    g = autograd.compile(f)
    for x in (0.3, 0.7):
        for function in (f, g):
            total = sum(function(x)) * 3
            (total2, w2), kept = copied((total, w)), w.data
            w.data = 5.0  # neither the copy nor its gradient goes by what comes later
            total2.backward()
            w.data = kept
            assert total2.data == pytest.approx(3 * (np.tanh(2 * x - 1) + 4), rel=1e-12)
            slope = 3 * (x * (1 - np.tanh(2 * x - 1) ** 2) + 4)
            assert w2.grad == pytest.approx(slope, rel=1e-12)
            assert (w2.label, w.grad) == ("w", 0.0)


PARTS = {
    "computed": lambda a: np.tanh(a) * 2,
    "an argument": lambda a: a * 1,
    "a view": lambda a: (a + 1)[::-1],
    "of a Tensor": lambda a: Tensor(a) * a,
    "of floats": lambda a: np.stack([a[0], 2 * a[1]]),
    "twice": lambda a: [a + 1, (a + 1).T],
}


@pytest.mark.parametrize("f", PARTS.values(), ids=PARTS)
def test_writing_into_a_result_changes_no_other_result(f):
    g, a = autograd.compile(f), np.array([1.0, 2.0])

    def arrays(result):
        parts = result if isinstance(result, list) else [result]
        return [getattr(x, "_data", x) for x in parts]

    for _ in range(3):
        (first, *_), later = arrays(g(a)), arrays(g(a))
        first[...] = 99.0
        for ours, theirs in zip(later + arrays(g(a)), arrays(f(a)) * 2, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert a.tolist() == [1.0, 2.0]


def test_a_derivative_that_is_refused_inside_is_compiled_as_a_whole():
    g = autograd.compile(autograd.grad(looked_up))
    assert [g(3.0, np.array(i), False) for i in (0, 1)] == [6.0, 2.0]
    assert autograd.compile(autograd.grad(lambda q: (q * Tensor([1.0, 2.0])).sum()))(3.0) == 3.0


def test_the_array_of_a_parameter_may_be_returned():
    t = Tensor([1.0, 2.0], requires_grad=True)
    g = autograd.compile(lambda x: (t.data, t * x))
    for number in (1.0, 2.0, 3.0):
        t.data = number * np.ones(2)
        data, product = g(number)
        np.testing.assert_array_equal([data, product.data], [t.data, number * t.data])


def test_a_result_of_results_is_copied_as_uncompiled():
    w = Value(2.0)
    g = autograd.compile(lambda x: w * x + x * x)
    total, w2 = copy.deepcopy((g(g(w * 0.5)), w))
    total.backward()
    assert (total.data, w2.grad, w.grad) == (15.0, 27.0, 0.0)


def test_a_result_of_arrays_says_how_to_copy_it():
    t = Tensor([1.0, 2.0], requires_grad=True)
    loss = autograd.compile(lambda x: (t * x).sum())(1.0)
    with pytest.raises(GraphError, match=r"computes with arrays.*\.detach\(\)"):
        copy.deepcopy(loss)
    assert copy.deepcopy(loss.detach()).item() == 3.0


def test_naming_a_library_costs_nothing():
    def plain(x):
        return 2 * x

    def naming(x):
        return 2 * x if isinstance(x, pytest.Item | np.ndarray) else optim.SGD

    def watched(f):
        return len(Watch(f).terms)

    assert watched(naming) - watched(plain) <= 4  # the names themselves, and Python's own


def test_a_long_list_of_records_is_compared_as_a_whole():
    records = [{"x": float(i), "y": [1.0, 2.0], "name": "a"} for i in range(1000)]
    watch = Watch(lambda a: a * records[0]["x"])
    assert watch.hold()
    assert len(watch.terms) < 10
    records[500]["y"][1] = 3.0
    assert not watch.hold()


def again(step, count):
    return lambda x: functools.reduce(lambda y, _: step(y), range(count), x)


@pytest.mark.parametrize(
    ("f", "x", "runs"),
    [
        (lambda x: 2.0 * x + 1.0, 1.0, 6),
        (lambda x: SMALL * x, 1.0, 6),
        (lambda x: x @ x, np.ones(3), 6),
        (lambda x: (SMALL * x + 1.0).tanh() + 2.0, 1.0, 6),
        (lambda x: (SMALL * x + 1.0).tanh() + SMALL.exp(), 1.0, 2),
        (lambda x: np.tanh(np.tanh(np.tanh(np.tanh(np.tanh(x))))), np.ones(3), 2),
        # from five operations on Values on, and from a hundred on floats
        (again(Value.tanh, 4), Value(0.5), 6),
        (again(Value.tanh, 5), Value(0.5), 2),
        (again(lambda x: 0.5 * x, 95), 0.5, 6),
        (again(lambda x: 0.5 * x, 105), 0.5, 2),
    ],
)
def test_what_is_too_small_for_recording_to_pay_is_run_itself(f, x, runs, monkeypatch):
    monkeypatch.setattr("autograd.compiler.function.LEAST", 1.0)
    counter = itertools.count()
    g = autograd.compile(lambda x: (next(counter), f(x))[1], audit=False)
    for _ in range(5):
        ours, theirs = (y.data if isinstance(y, Node) else y for y in (g(x), f(x)))
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert next(counter) == runs
    assert g.recorded() >= 0


SMALL = Value(0.5)


def test_a_function_without_a_name_is_called_as_mathematicians_do():
    assert autograd.compile(lambda x: x * x).op.name == "λ"


def test_an_error_of_the_function_may_show_a_recorded_value():
    def f(x):
        raise LookupError(f"nothing for {x.tanh()!r}")

    with pytest.raises(LookupError, match="Value"):
        autograd.compile(f)(Value(0.5))


def test_an_error_that_only_an_unused_result_would_have_does_not_come():
    def f(a):
        autograd.power(a, a)  # negative powers of integers are an error
        return (t * a).sum()

    g, negative = autograd.compile(f, audit=False), A(-1, 2, dtype=int)
    g(A(1, 2, dtype=int))
    with pytest.raises(ValueError, match="negative integer powers"):
        f(negative)
    assert g(negative).item() == 3.0  # 1 · (-1) + 2 · 2
