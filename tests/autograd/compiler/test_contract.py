"""The contract of `compile`, one row a test: what is recorded, run as written, or refused and how.

docs/compile-contract.md says it in words. A row is a function without arguments that gives the
function to compile, the arguments of its calls, and the nodes whose gradients are compared.
"""

import copy
import itertools
import pickle

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import CompileError, GraphError, Tensor, Value
from autograd.compiler.watch import Watch
from autograd.node import Node
from tests.autograd.compiler.programs import assert_same_calls

RECORDED, AS_WRITTEN, REFUSED = [], [], []


def recorded(paths=1):
    """Recorded once for each path, and replayed after that."""
    return lambda make: RECORDED.append(pytest.param(make, paths, id=make.__name__))


def as_written(make):
    """Run as it is written at every call."""
    AS_WRITTEN.append(pytest.param(make, id=make.__name__))


def refused(what, remedy):
    """Refused at the first call with these words, and the line."""
    return lambda make: REFUSED.append(pytest.param(make, what, remedy, id=make.__name__))


def A(*numbers, dtype=float):
    return np.array(numbers, dtype=dtype)


def compare(make):
    """Compiled beside uncompiled over the calls; how often the function was run for it."""
    function, calls, *nodes = make()
    runs = itertools.count()

    def counted(*args):
        next(runs)
        return function(*args)

    assert_same_calls(counted, calls, nodes, paths=None, audit=False)
    return next(runs) - len(calls), len(calls)


# --- recorded -------------------------------------------------------------------------------------


@recorded()
def operations_on_values_and_on_float_arguments():
    w = Value(2.0)
    return lambda x, y: (w * x + y).tanh() / 3, [(1.0, 2.0), (0.5, -1.0), (0.1, 0.2)], w


@recorded()
def operations_on_tensors():
    t = Tensor([1.0, 2.0], requires_grad=True)
    return lambda a: (t * a).sum() ** 2, [(A(1, 2),), (A(3, 4),)], t


@recorded()
def elements_of_array_arguments():
    w = Value(2.0)
    return lambda a: w * a[0] + a[1] ** 2, [(A(1, 2),), (A(3, 4),)], w


@recorded()
def numpys_functions_of_array_arguments():
    return lambda a: np.tanh(a).mean(axis=0) + np.sort(a[0]), [(np.eye(2),), (np.ones((2, 2)),)]


@recorded()
def a_float_and_an_array_of_float32_give_float32():
    return lambda a, x: (a * x, np.clip(a, -1, x)), [
        (A(1, 2, dtype="f4"), 0.3),
        (A(3, 4, dtype="f4"), 1.5),
    ]


@recorded()
def a_float_and_a_float32_give_float32():
    return lambda x: (x * np.float32(0.1), np.float32(0.1) - x), [(0.7,), (1.7,)]


@recorded()
def elements_of_float32_arrays_stay_float32():
    return lambda a: a[0] * np.float32(1e30) * 0.1, [(A(1, dtype="f4"),), (A(2, dtype="f4"),)]


@recorded()
def an_array_of_no_axes_as_a_whole():
    return lambda a: (a[...], a[...] * 2.0), [(np.array(1.5),), (np.array(2.5),)]


@recorded()
def a_float32_number_stays_float32():
    return lambda x: x * x / 3, [(np.float32(1.1),), (np.float32(2.1),)]


@recorded()
def an_array_made_inside_and_written_to_after_its_use():
    def f(x):
        e = np.zeros(3)
        d = e + x
        e[0] = 9.0
        return d

    return f, [(1.0,), (2.0,)]


@recorded()
def one_buffer_made_inside_that_is_used_again_and_again():
    t = Tensor(np.ones(3), requires_grad=True)

    def f(a):
        e, total = np.zeros(3), 0.0
        for i in range(3):
            e[:] = 0.0
            e[i] = 1.0
            total = total + (t * (a * e)).sum() * (i + 1)
        return total

    return f, [(A(1, 2, 3),), (A(4, 5, 6),)], t


@recorded()
def an_index_list_written_to_after_its_use():
    def f(a):
        i = [0, 1]
        d = a[i]
        i[0] = 2
        return d

    return f, [(A(1, 2, 3),), (A(4, 5, 6),)]


@recorded()
def a_list_of_arrays_that_grows_after_its_use():
    def f(a):
        h, total = [a], 0.0
        for i in range(3):
            total = total + np.stack(h).sum()
            h.append(a * i)
        return total

    return f, [(A(1, 2, 3),), (A(4, 5, 6),)]


@recorded()
def a_list_of_arrays_that_is_turned_round_after_its_use():
    def f(a):
        h = [a, a * 2]
        d = np.stack(h)
        h.reverse()
        return d[0]

    return f, [(A(1, 2),), (A(3, 4),)]


@recorded()
def plain_arrays_from_outside():
    x, t = np.arange(6.0).reshape(3, 2), Tensor([1.0, 2.0], requires_grad=True)
    return lambda a: (a @ x).sum() + (x @ t).sum(), [(A(1, 2, 3),), (A(4, 5, 6),)], t


@recorded()
def what_is_asked_of_kinds():
    def f(x, a):
        kinds = isinstance(a, np.ndarray), isinstance(x, float), np.isscalar(x)
        kinds += isinstance(a, float), isinstance(x, np.ndarray), isinstance(a.sum(), np.float64)
        return x * a * sum(2**k * is_so for k, is_so in enumerate(kinds))

    return f, [(1.0, A(1, 2)), (2.0, A(3, 4))]


@recorded(paths=2)
def a_label_is_part_of_the_signature():
    f = lambda t: t * 1.0 if t.label == "a" else t * 5.0  # noqa: E731
    return f, [(Value(1.0, label=x),) for x in "abab"]


@recorded(paths=2)
def a_comparison_is_a_guard():
    w = Value(2.0)
    return lambda x: w * x if w * x > 0 else -w, [(1.0,), (-1.0,), (2.0,), (-3.0,)], w


@recorded(paths=2)
def the_largest_value_is_a_guard():
    v, w = Value(1.0), Value(2.0)
    return lambda x: max([v, w * x]) * 3, [(1.0,), (-1.0,), (2.0,), (-3.0,)], v, w


@recorded()
def a_lookup_by_an_index_that_is_an_argument():
    table = [Value(1.0), Value(2.0), Value(3.0)]
    return lambda i: autograd.take(table, i)[0] * 2, [(np.array([0]),), (np.array([2]),)], *table


@recorded()
def a_gradient_of_zero_times_an_infinite_derivative():
    v, w = Value(1.0), Value(1.0)

    def f(x, y):
        near, far = v * x, w * y
        for _ in range(40):  # so long a stretch is computed one by one
            far = autograd.tanh(far)
        return autograd.floor(autograd.log(near)) + autograd.floor(autograd.log(far)) * v

    return f, [(1.0, 2.0), (0.5, 0.0), (0.0, 0.5)], v, w


@recorded()
def nan_of_a_tensor_of_no_axes():
    t = Tensor(2.0, requires_grad=True)
    return lambda x: autograd.nan_to_num(t) * x, [(1.0,), (2.0,)], t


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


for name, transform in {
    "grad": autograd.grad,
    "jacobian": autograd.jacobian,
    "hessian": autograd.hessian,
    "grad of grad": lambda f: autograd.grad(lambda x: autograd.grad(f)(x).sum()),
    "vjp": lambda f: lambda x: autograd.vjp(f, x)[1](2.0),
    "jvp": lambda f: lambda x: autograd.jvp(f, (x,), (A(1, 2),)),
    "hvp": lambda f: lambda x: autograd.hvp(f, (x,), (A(1, 2),)),
}.items():

    def outside(transform=transform):
        return transform(rosenbrock), [(A(1, 2),), (A(3, -1),)]

    def inside(transform=transform):
        return lambda x, y: (transform(rosenbrock)(x * y), y), [(A(1, 2), 1.0), (A(3, -1), 2.0)]

    outside.__name__, inside.__name__ = f"{name}_of_elements", f"{name}_of_elements_inside"
    recorded()(outside)
    recorded()(inside)


@recorded(paths=4)
def an_array_of_elements_has_the_type_that_numpy_finds():
    def f(a):
        return np.array([a[0], a.sum()]), np.array([a[1], 1.5]), np.full(2, a[0])

    return f, [(A(*x, dtype=d),) for d in ("f4", "f2", "i8", "f8") for x in ((1, 2), (3, 5))]


@recorded()
def an_element_of_a_float64_array_makes_tensors_of_float32_wide():
    t = Tensor(A(1, 2, dtype="f4"), requires_grad=True)

    def f(a):
        total = autograd.maximum(t, sum(a)) + autograd.where(t > 1.5, t, max(a))
        return t * a[0], t + (1.5 * a[1]), t[0] * abs(a[0]), total, t * (a[0] > 0)

    return f, [(A(1.1, 2.0),), (A(3.3, 4.0),)], t


@recorded()
def transforms_by_an_array_of_floats():
    def f(x):
        point = np.array(x)
        return autograd.hessian(lambda q: (q**3).sum())(point), autograd.grad(product)(point)

    def product(q):
        return q[0] * q[1] ** 2

    return f, [([1.0, 2.0],), ([3.0, -1.0],)]


# --- run as written -------------------------------------------------------------------------------


@as_written
def float32_numbers_in_an_array_that_meets_float64():
    b = A(1.5, 2.5)
    calls = [(A(k, 2, dtype=np.float32),) for k in range(3)]
    return lambda a: np.array([a[0], a[1]]) * b + np.tanh(a).sum() + np.exp(a).sum(), calls


@as_written
def a_division_by_a_float_that_is_zero():
    return lambda x, y: x / y, [(1.0, 0.0), (1.0, 0.0)]


@as_written
def a_root_of_a_float_that_is_negative():
    return lambda x: x**0.5, [(-4.0,), (-1.0,)]


@as_written
def a_power_of_a_float_that_is_too_large():
    return lambda x: x**2, [(1e200,), (-1e200,)]


@as_written
def nan_in_numpys_order_of_floats():
    def f(x):
        order = np.sort([x, 1.0, -1.0]), np.argmax([x, 1.0]), np.ptp([x, 1.0])
        return *order, np.searchsorted(A(0, 1, 2), x), np.clip(x, -1.0, 1.0)

    return f, [(np.nan,), (np.nan,)]


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


@refused("requires_grad", "Pass a bool")
def whether_a_float_requires_a_gradient():
    return lambda v: v * 1.0 if v.requires_grad else v * 5.0, (Value(2.0).detach(),)


@refused("comparing a Value among the arguments", "an int or a string")
def whether_an_argument_is_a_value_from_outside():
    w = Value(2.0)
    return lambda v: v * 1.0 if v in [w] else v * 5.0, (w,)


@refused("float()", "autograd.exp")
def the_float_of_a_value():
    w = Value(2.0)
    return lambda x: w * float(x), (1.0,)


@refused("np.isnan", "autograd's functions")
def whether_numpy_finds_nan_in_a_value():
    w = Value(2.0)
    return lambda x: w * x if np.isnan(w * x) else w, (1.0,)


@refused("int()", "Python ints")
def the_int_of_an_element():
    return lambda a: int(a[0]), (A(1, 2),)


@refused("a count", "Python ints")
def a_count_that_is_an_element():
    return lambda i, x: x * len([1] * i[0]), (np.array([2]), 1.0)


@refused("looking a number up", "if and elif")
def a_set_of_numbers():
    return lambda i: 1.0 if i[0] in {1, 2} else 2.0, (np.array([2]),)


@refused("printing it", "Print the result")
def the_text_of_a_number():
    return lambda x: len(str(x)) * x, (1.0,)


@refused("array.tolist", "")
def the_numbers_of_an_array():
    return lambda a: a.tolist(), (A(1, 2),)


@refused("an array from outside that it writes to", "np.zeros")
def a_scratch_buffer_from_outside():
    buffer = np.zeros(3)

    def f(x):
        buffer[:] = 0.0
        buffer[1] = 2.0
        total = (x * buffer).sum()
        buffer[:] = 0.0
        return total

    return f, (A(1, 2, 3),)


@refused("updating the averages of batch norm in an array", "nn.Buffer")
def averages_of_batch_norm_in_plain_arrays():
    mean, var = np.zeros(2), np.ones(2)
    return lambda x: nn.functional.batch_norm(x, mean, var, training=True).sum(), (np.eye(2),)


@refused("np.asarray", "a.copy()")
def an_array_as_a_plain_one():
    return lambda a: np.array(a) * 2, (A(1, 2),)


@refused("an array as an index", "a.copy()")
def an_array_of_ints_as_a_plain_one():
    return lambda i: np.array(i) * 2, (np.array([1, 2]),)


@refused("writing into an array", "where")
def an_assignment_into_an_array_argument():
    def f(a):
        a[0] = 1.0
        return a.sum()

    return f, (A(1, 2),)


@refused("writing into an array", "a = a + b")
def an_addition_into_an_array_argument():
    def f(a):
        a += 1.0
        return a

    return f, (A(1, 2),)


@refused("writing into an array", "")
def an_argument_in_fortran_order_that_is_written_to_in_another_shape():
    def f(a):
        a.T.reshape(2, 3)[0] = 9.0
        return a.sum()

    return f, (np.asfortranarray(np.arange(6.0).reshape(2, 3)),)


@refused("writing into an array", "")
def what_numpy_writes():
    return lambda a: np.put(a, [0], 1.0), (A(1, 2),)


@refused("writing into an array", "")
def the_result_of_a_function_written_into_an_array():
    return lambda a: np.tanh(a * 2, out=a), (A(1, 2),)


@refused("returning a result that needs a gradient", "detach()")
def a_graph_beside_changed_leaves():
    t = Tensor([1.0, 2.0], requires_grad=True)

    def f(x):
        t.data -= 0.1
        return t * x

    return f, (A(1, 2),)


@refused("returning a result that needs a gradient", "detach()")
def a_graph_beside_changed_values():
    w = Value(2.0)

    def f(x):
        y = w * x
        w.data -= 0.1
        return y

    return f, (1.0,)


@refused("a second backward() after gradients were read", "Add the losses up")
def two_steps_on_values():
    w = Value(2.0)

    def f(x):
        for _ in range(2):
            (w * x).backward()
            w.data -= 0.1 * w.grad
        return x

    return f, (1.0,)


@refused("changing an argument that is there in another way", "each Value and Tensor once")
def a_step_with_a_tensor_that_its_optimizer_has():
    w = Tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)

    def f(v, x):
        loss = (v * x).tanh().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return f, (w, 1.0)


@refused("computing with a Value after it was changed", "one step")
def a_value_after_its_step():
    w = Value(2.0)

    def f(x):
        (w * x).backward()
        w.data -= 0.1 * w.grad
        return (w * x).data

    return f, (1.0,)


@refused("comparing the .data of a result", "Return the scores")
def an_accuracy_beside_the_loss():
    w, b = Value(2.0), Value(0.5)

    def f(x, y):
        scores = [w * a + b for a in x]
        loss = sum((s - t) ** 2 for s, t in zip(scores, y, strict=True))
        accuracy = [(t > 0) == (s.data > 0) for s, t in zip(scores, y, strict=True)]
        loss.backward()
        return loss, sum(accuracy) / len(accuracy)

    return f, ([1.0, -1.0], [1.0, -1.0])


@refused(".grad", "value_and_grad inside")
def the_gradient_from_before_the_call():
    w = Value(2.0)
    return lambda x: w * x + w.grad, (1.0,)


@refused("writing to the memory of a leaf that something else shows", "p.data.copy()")
def a_leaf_whose_array_is_kept_outside():
    t = nn.Parameter([1.0, 2.0])
    kept = t.data

    def f(x):
        t.data -= 0.1
        return x * kept

    return f, (A(1, 2),)


@refused("writing to the memory of a leaf that something else shows", "p.data.copy()")
def a_leaf_whose_array_is_an_argument():
    t = nn.Parameter([1.0, 2.0])

    def f(x):
        t.data -= 0.1
        return x * 2.0

    return f, (t.data,)


@refused("writing to the memory of a leaf that something else shows", "p.data.copy()")
def two_leaves_of_one_array():
    t = Tensor([1.0, 2.0], requires_grad=True)
    other = t.detach()

    def f(x):
        t.data -= 0.1
        return x * other

    return f, (A(1, 2),)


@refused("writing to the memory of a leaf that something else shows", "p.data.copy()")
def a_gradient_whose_array_is_kept_outside():
    t = nn.Parameter([1.0, 2.0])
    t.grad = [1.0, 2.0]
    kept = t.grad
    t.grad = None

    def f(x):
        t.grad = None
        (t * x).sum().backward()
        return x * kept

    return f, (A(1, 2),)


@refused("a lookup among gradients", "outside")
def a_gradient_by_an_index_that_is_an_argument():
    v, w, u = Value(2.0), Value(3.0), Value(1.0)

    def f(x, i):
        v.grad = w.grad = 0.0
        (v * x + w * x * x).backward()
        u.data = autograd.take([v.grad, w.grad * 2.0], i[0])

    return f, (0.0, A(1, dtype=int))  # at first all of them are 0


@refused("optimizer.state_dict()", "outside")
def what_an_optimizer_keeps():
    t = nn.Parameter([1.0, 2.0])
    rule = optim.SGD([t], lr=0.1, momentum=0.5)
    t.grad = [1.0, 2.0]
    rule.step()

    def f(x):
        rule.step()
        return x * rule.state_dict()["state"][0]["kept"]["b"]

    return f, (A(1, 2),)


@refused("model.flat()", "p.data")
def all_parameters_in_one_array():
    model = nn.Linear(2, 1)

    def f(x):
        for p in model.parameters():
            p.data -= 0.1
        return x * model.flat().data.sum()

    return f, (A(1, 2),)


@refused("a gradient that is an array with a name of its own", "p.grad = array.copy()")
def a_gradient_with_a_name_of_its_own():
    t = Tensor([1.0, 2.0], requires_grad=True)

    def f(x):
        grad = np.zeros(2)
        t.grad = grad
        t.grad += x
        return x * grad

    return f, (A(1, 2),)


@refused("writing to a gradient that was clipped", "p.grad = p.grad * 0.5")
def a_clipped_gradient_that_is_written_to():
    t = Tensor([1.0, 2.0], requires_grad=True)

    def f(x):
        t.grad = None
        (t * x).sum().backward()
        optim.clip_grad_norm_([t], 1.0)
        t.grad *= 0.5

    return f, (A(1, 2),)


@refused("numpy.ma.MaskedArray", "np.asarray")
def a_masked_array():
    return lambda a: a.sum(), (np.ma.array([1.0, 2.0], mask=[0, 1]),)


@refused("numpy.matrix", "np.asarray")
def a_matrix():
    return lambda a: a.sum(), (A(1, 2).reshape(1, 2).view(np.matrix),)


class Doubled(dict):
    def __getitem__(self, key):
        return 2 * super().__getitem__(key)


class Counted(list):
    """A list that may compute in another way."""


@refused("Counted", "list")
def a_subclass_of_list():
    return lambda xs: (xs[0] * xs[1]).tanh(), [Counted([Value(0.5), Value(2.0)])]


@refused("Only one index may be data", "autograd.where")
def two_indices_that_are_arguments():
    table = [Value(float(k)) for k in range(6)]

    def f(i, j):
        rows = np.array(table).reshape(2, 3)
        return autograd.getitem(rows, (i, j)).sum()

    return f, (A(0, 1, dtype=int), A(2, 1, dtype=int))


@refused("Doubled", "dict")
def a_subclass_of_dict():
    return lambda d: d["a"] * 1.0, (Doubled(a=1.0),)


@refused("that a lookup may leave out", "p.grad = 0.0")
def first_gradients_of_what_only_a_lookup_leads_to():
    w = [Value(0.5 * k) for k in range(5)]

    def f(i):
        loss = autograd.take(w, i) ** 2
        loss.backward()
        return loss

    return f, (np.array(3),)


@refused("after its single numbers were changed", "single numbers")
def an_optimizer_of_arrays_whose_numbers_were_given_gradients_one_by_one():
    p = nn.Parameter([0.5, -1.0])
    w, optimizer = p.scalars("p"), optim.Adam([p], lr=0.1)

    def f(x):
        loss = (w[0] * w[1] * x) ** 2
        optimizer.zero_grad()
        loss.backward()
        for v in w:
            v.grad = v.grad * 0.5
        optimizer.step()
        return loss

    return f, (2.0,)


@refused("random numbers", "outside")
def draws_of_the_users():
    rng = np.random.default_rng(0)
    return lambda x: x * rng.normal(), (1.0,)


@refused("os.environ", "outside")
def the_environment():
    import os

    return lambda x: x * float(os.environ.get("RATE", "1")), (1.0,)


@refused("globals()", "outside")
def the_names_of_a_module():
    return lambda x: x * globals().get("rate", 1.0), (1.0,)


@refused("open()", "outside")
def a_file():
    return lambda x: x if x else open("numbers.txt"), (1.0,)


@refused("the module", "outside")
def a_module_imported_inside():
    def f(x):
        import tests.autograd.cases

        return x * len(tests.autograd.cases.__name__)

    return f, (1.0,)


@refused("among its arguments", "Return what is new")
def a_list_among_the_arguments_that_is_changed():
    def f(xs):
        xs.append(1.0)
        return sum(xs)

    return f, ([1.0, 2.0],)


# --- the tests ------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(("make", "paths"), RECORDED)
def test_is_recorded_and_as_uncompiled(make, paths):
    runs, _ = compare(make)
    assert runs == 2 * paths  # to record it, and to compare; none at a replay


@pytest.mark.parametrize("make", AS_WRITTEN)
def test_is_run_as_it_is_written(make):
    runs, calls = compare(make)
    assert runs >= calls


@pytest.mark.parametrize(("make", "what", "remedy"), REFUSED)
def test_is_refused_with_the_line_and_what_to_do(make, what, remedy):
    function, args = make()
    compiled = autograd.compile(function)
    with pytest.raises(CompileError) as found:
        compiled(*args)
    message = str(found.value)
    assert what in message
    assert remedy in message


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


def test_the_array_of_a_parameter_may_be_returned():
    t = Tensor([1.0, 2.0], requires_grad=True)
    g = autograd.compile(lambda x: (t.data, t * x))
    for number in (1.0, 2.0, 3.0):
        t.data = number * np.ones(2)
        data, product = g(number)
        np.testing.assert_array_equal([data, product.data], [t.data, number * t.data])


def test_a_result_of_arrays_says_how_to_copy_it():
    t = Tensor([1.0, 2.0], requires_grad=True)
    loss = autograd.compile(lambda x: (t * x).sum())(1.0)
    with pytest.raises(GraphError, match=r"computes with arrays.*\.detach\(\)"):
        copy.deepcopy(loss)
    assert copy.deepcopy(loss.detach()).item() == 3.0


def test_a_model_is_copied_and_pickled_after_it_was_used_in_a_compiled_function():
    model = nn.MLP(2, [3], 1, rng=np.random.default_rng(0))
    g = autograd.compile(lambda x: model(x).sum())
    x = np.ones((4, 2))
    g(x).backward()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other(x).sum().item() == pytest.approx(g(x).item(), rel=1e-12)


def test_naming_a_library_costs_nothing():
    def plain(x):
        return 2 * x

    def naming(x):
        return 2 * x if isinstance(x, pytest.Item | np.ndarray) else optim.SGD

    def watched(f):
        kept = vars(Watch(f)).values()
        return sum(len(x) for x in kept if isinstance(x, list | dict))

    assert watched(naming) - watched(plain) <= 3  # the names themselves


@pytest.mark.parametrize(
    ("f", "x", "runs"),
    [
        (lambda x: 2.0 * x + 1.0, 1.0, 6),
        (lambda x: SMALL * x, 1.0, 6),
        (lambda x: x @ x, np.ones(3), 6),
        (lambda x: (SMALL * x + 1.0).tanh() + 2.0, 1.0, 6),
        (lambda x: (SMALL * x + 1.0).tanh() + SMALL.exp(), 1.0, 2),
        (lambda x: sum(x + 0.1 * k for k in range(100)), 1.0, 2),
        (lambda x: np.tanh(np.tanh(np.tanh(np.tanh(np.tanh(x))))), np.ones(3), 2),
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


@pytest.mark.parametrize(
    ("start", "step", "count", "is_recorded"),
    [
        (Value(0.5), Value.tanh, 4, False),
        (Value(0.5), Value.tanh, 5, True),
        (0.5, lambda x: 0.5 * x, 95, False),
        (0.5, lambda x: 0.5 * x, 105, True),
    ],
)
def test_operations_on_values_pay_from_five_on_and_on_floats_from_a_hundred_on(
    start, step, count, is_recorded, monkeypatch
):
    monkeypatch.setattr("autograd.compiler.function.LEAST", 1.0)
    runs = itertools.count()

    def f(x):
        next(runs)
        for _ in range(count):
            x = step(x)
        return x

    g = autograd.compile(f, audit=False)
    g(start)
    before = next(runs)
    for _ in range(3):
        g(start)
    assert next(runs) - before == (1 if is_recorded else 4)


def test_a_function_without_a_name_is_called_as_mathematicians_do():
    assert autograd.compile(lambda x: x * x).op.name == "λ"


def test_an_error_of_the_function_may_show_a_recorded_value():
    def f(x):
        raise LookupError(f"nothing for {x.tanh()!r}")

    with pytest.raises(LookupError, match="Value"):
        autograd.compile(f)(Value(0.5))
