"""Each call that is written in another form, to begin sooner, beside NumPy's own."""

import numpy as np
import pytest

import autograd
import nn
import optim
from autograd import Value
from autograd.compiler.binding import Bound
from autograd.compiler.numpy_calls import call_into
from autograd.compiler.tape import Tape
from tests.autograd.compiler.programs import step_of
from tests.each import each

RNG = np.random.default_rng(0)


def drawn(*shape, dtype=np.float64):
    return RNG.normal(size=shape).astype(dtype)


CALLS = {
    "matrix by matrix": (np.matmul, (drawn(5, 2), drawn(2, 3)), {}),
    "matrix by transpose": (np.matmul, (drawn(5, 2), drawn(3, 2).T), {}),
    "every second row": (np.matmul, (drawn(10, 2)[::2], drawn(2, 3)), {}),
    "column by row": (np.matmul, (drawn(5, 1), drawn(1, 3)), {}),
    "matrix by vector": (np.matmul, (drawn(5, 2), drawn(2)), {}),
    "vector by matrix": (np.matmul, (drawn(5), drawn(5, 2)), {}),
    "vector by vector": (np.matmul, (drawn(5), drawn(5)), {}),
    "stack by stack": (np.matmul, (drawn(4, 5, 2), drawn(4, 2, 3)), {}),
    "stack by matrix": (np.matmul, (drawn(4, 5, 2), drawn(2, 3)), {}),
    "columns by rows, stacked": (np.matmul, (drawn(4, 5, 1), drawn(4, 1, 3)), {}),
    "float32": (np.matmul, (drawn(5, 2, dtype=np.float32), drawn(2, 3, dtype=np.float32)), {}),
    "float16": (np.matmul, (drawn(5, 2, dtype=np.float16), drawn(2, 3, dtype=np.float16)), {}),
    "two types": (np.matmul, (drawn(5, 2, dtype=np.float32), drawn(2, 3)), {}),
    "nothing to add up": (np.matmul, (drawn(5, 0), drawn(0, 3)), {}),
    "sum of rows": (np.add.reduce, (drawn(5, 3),), {"axis": 0, "keepdims": False}),
    "sum of rows, by default": (np.add.reduce, (drawn(5, 3),), {}),
    "sum of a transpose's rows": (np.add.reduce, (drawn(3, 5).T,), {"axis": 0}),
    "sum of no rows": (np.add.reduce, (drawn(0, 3),), {"axis": 0}),
    "sum of float32 rows": (np.add.reduce, (drawn(5, 3, dtype=np.float32),), {"axis": 0}),
    "sum of truths": (np.add.reduce, (drawn(5, 3) > 0,), {"axis": 0}),
    "sum of rows, kept": (np.add.reduce, (drawn(5, 3),), {"axis": 0, "keepdims": True}),
    "sum of columns, in a tuple": (np.add.reduce, (drawn(5, 3),), {"axis": (1,)}),
    "sum of no columns": (np.add.reduce, (drawn(3, 0),), {"axis": 1}),
    "sum of every second column": (np.add.reduce, (drawn(5, 6)[:, ::2],), {"axis": 1}),
    "sum of columns": (np.add.reduce, (drawn(5, 3),), {"axis": 1, "keepdims": False}),
    "sum in another type": (np.add.reduce, (drawn(5, 3),), {"axis": 0, "dtype": np.float32}),
    "sum of stacks": (np.add.reduce, (drawn(2, 5, 3),), {"axis": (0, 2)}),
    "sum of the last axis": (np.add.reduce, (drawn(2, 5, 3),), {"axis": -1, "keepdims": True}),
    "sum of the first axes": (np.add.reduce, (drawn(2, 5, 3),), {"axis": (0, 1)}),
    "sum of every second row of stacks": (np.add.reduce, (drawn(4, 6, 3)[:, ::2],), {"axis": 2}),
    "sum of all": (np.add.reduce, (drawn(5, 3),), {"axis": None}),
    "sum of one number": (np.add.reduce, (np.array([np.inf]),), {"axis": None}),
    "sum of a number": (np.add.reduce, (np.array(3.0),), {"axis": None}),
    "sum of -0.0": (np.add.reduce, (np.full((2, 3), -0.0),), {"axis": -1}),
    "largest of the last axes": (np.maximum.reduce, (drawn(2, 5, 3),), {"axis": (-1, -2)}),
    "largest of the first axis": (np.maximum.reduce, (drawn(2, 5, 3),), {"axis": 0}),
    "largest of a transpose": (np.maximum.reduce, (drawn(3, 5).T,), {"axis": 1}),
    "largest of all": (np.maximum.reduce, (drawn(5, 3),), {"axis": None}),
    "largest number": (np.maximum.reduce, (np.array([3, 8, 5]),), {"axis": None}),
    "smallest, nan": (np.minimum.reduce, (np.array([[1, np.nan], [-0.0, 0.0]]),), {"axis": 1}),
    "largest of none": (np.maximum.reduce, (drawn(0, 3),), {"axis": 1}),
    "largest": (np.maximum.reduce, (drawn(5, 3),), {"axis": 1, "keepdims": True}),
    "largest, an axis of NumPy's": (np.maximum.reduce, (drawn(5, 3),), {"axis": np.int64(1)}),
    "at least a number": (np.maximum, (np.array([[-1.0, 0.0], [np.nan, 2.0]]), 0), {}),
    "at most a number": (np.minimum, (drawn(200, 200), 0.5), {}),
    "at least, float32": (np.maximum, (drawn(5, 3, dtype=np.float32), 0.1), {}),
    "at least, whole": (np.maximum, (np.array([-3, 4]), 0), {}),
    "at least each": (np.maximum, (drawn(5, 3), drawn(3)), {}),
    "one number for all": (np.multiply, (np.broadcast_to(np.array(0.3), (5, 3)), drawn(5, 3)), {}),
    "one number alone": (np.exp, (np.broadcast_to(np.array(0.3), (5, 3)),), {}),
    "a number": (np.subtract, (1, drawn(5, 3, dtype=np.float32)), {}),
    "a number of NumPy": (np.multiply, (drawn(5, 3, dtype=np.float32), np.float64(0.1)), {}),
    "not a ufunc": (np.concatenate, ([drawn(2, 3), drawn(1, 3)],), {}),
}


@each("name", CALLS)
def test_a_call_gives_numpys_numbers_each_time(name):
    function, args, options = CALLS[name]
    target = np.zeros_like(function(*args, **options))
    call = call_into(target, function, args, options)
    for _ in range(2):
        call()
        right = np.asarray(function(*args, **options))
        digits = {"float16": 1e-2, "float32": 1e-6}.get(str(right.dtype), 1e-14)
        np.testing.assert_allclose(target, right, rtol=digits, atol=digits)
        np.testing.assert_array_equal(np.signbit(target), np.signbit(right))
        for x in args:  # it reads what is there at each call
            if isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.flags.writeable:
                np.negative(x, out=x)


LEFT_TO_NUMPY = {
    "sum of every second row of stacks",
    "sum of no rows", "sum of truths", "sum of no columns", "sum in another type", "sum of stacks",
    "sum of all", "sum of one number", "sum of a number", "largest of the first axis",
    "largest of a transpose",
}  # fmt: skip


def test_sums_and_largest_numbers_are_left_to_numpy_where_no_other_call_gives_them_sooner():
    for name, (function, args, options) in CALLS.items():
        if function.__name__ == "reduce":
            call = call_into(np.zeros_like(function(*args, **options)), function, args, options)
            assert (call.func == function) is (name in LEFT_TO_NUMPY), name


@pytest.mark.parametrize(
    ("dtype", "order", "count", "sooner"),
    [
        ("f4", "C", 256, True), ("f4", "C", 257, False), ("f4", "F", 257, True),
        ("f8", "C", 257, True), ("f8", "C", 16_384, True), ("f8", "C", 16_385, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("axis", [0, 1])
def test_long_sums_of_neighbours_in_float32_and_very_long_ones_are_numpys(
    dtype, order, count, sooner, axis
):
    x = np.ones((2, count), dtype, order)
    call = call_into(np.zeros(2, dtype), np.add.reduce, (x if axis else x.T,), {"axis": axis})
    assert (call.func != np.add.reduce) is sooner


@pytest.mark.parametrize("where", [[0, 1], [1, 0]])
def test_a_number_that_is_shown_everywhere_may_change(where):
    number, array, target = np.array(2.0), drawn(5, 3), np.empty((5, 3))
    shown = np.broadcast_to(number, (5, 3))
    call = call_into(target, np.multiply, tuple([shown, array][i] for i in where), {})
    number[...] = -7.0
    call()
    np.testing.assert_array_equal(target, -7.0 * array)


@pytest.mark.parametrize(
    "shapes", [((8, 4), (4, 3)), ((8, 1), (1, 3))], ids=["a product", "column by row"]
)
def test_a_product_is_right_where_its_result_shows_memory_of_an_operand(shapes):
    memory = drawn(64)
    left, right = (memory[at : at + m * n].reshape(m, n) for at, (m, n) in zip((0, 32), shapes))
    target = memory[40:64].reshape(8, 3)
    expected = left.copy() @ right.copy()
    call_into(target, np.matmul, (left, right), {})()
    np.testing.assert_allclose(target, expected, rtol=1e-13)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("shapes", [((1, 1), (1, 3)), ((3, 1), (1, 1)), ((1, 4), (4, 1))])
def test_zero_by_infinity_is_nan_in_every_product(shapes):
    left, right = map(np.zeros, shapes)
    (left if left.size > right.size else right).fill(np.inf)
    target = np.matmul(left, right)
    call = call_into(target, np.matmul, (left, right), {})
    target.fill(0.0)
    call()
    assert np.isnan(target).all()


@pytest.mark.parametrize("name", [name for name in CALLS if "by" in name])
def test_a_product_may_be_written_by_columns(name):
    function, args, _ = CALLS[name]
    right = function(*args)
    target = np.empty(right.shape[::-1], right.dtype).T
    call_into(target, function, args, {})()
    np.testing.assert_allclose(target, right, rtol=1e-13)


@pytest.mark.parametrize("changed", [False, True])
def test_what_is_computed_twice_is_computed_once_unless_one_of_the_two_is_changed(changed):
    tape = Tape()
    tape.complete = False  # as while a function is recorded
    x = tape.source(drawn(3))
    first, second = np.exp(x), np.exp(x)
    if changed:
        np.add(second, 1.0, out=second)
    outs = [first * x, second * x]
    tape.finish()
    bound = Bound(tape, [first, second, *outs])
    bound[x][:] = numbers = drawn(3)
    bound.run()
    for traced, power in zip((first, second), (np.exp(numbers), np.exp(numbers) + changed)):
        np.testing.assert_array_equal(bound[traced], power)
    for traced, power in zip(outs, (np.exp(numbers), np.exp(numbers) + changed)):
        np.testing.assert_array_equal(bound[traced], power * numbers)
    names = [call.func.__name__ for call in bound.sections[0]]
    assert (
        names == ["exp", "exp", "add", "multiply", "multiply"] if changed else ["exp", "multiply"]
    )


def test_the_derivative_of_a_loss_in_a_step_uses_the_exponentials_that_are_there():
    model, loss_of = nn.Linear(3, 4), nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    step = step_of(lambda x, y: loss_of(model(x), y), optimizer)
    compiled = autograd.compile(step, backend="numpy")
    for _ in range(2):
        compiled(drawn(5, 3), np.array([0, 1, 2, 3, 0]))
    (space,) = compiled._newest.free
    assert sum(call.func is np.exp for call in space.forward) == 1


def test_close_ups_of_neighbouring_parameters_are_read_at_once_in_any_order():
    model = nn.Linear(3, 4)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    w, b = (p.scalars("p") for p in (model.weight, model.bias))

    step = step_of(lambda x: b[0] * x * x + w[1, 2] * x + w[0, 0], optimizer)
    compiled = autograd.compile(step, backend="numpy")
    for x in (0.5, -1.5):
        compiled(x)
    (space,) = compiled._newest.free
    names = [call.func.__name__ for call in space.forward]
    copies = [call for call in space.forward if call.func.__name__ == "__setitem__"]
    # in, and the new numbers, gradients and momentum out
    assert [n for call in copies if (n := call.args[1].size) > 1] == [16, 16, 16, 16]
    # for each of the two its gradient, in which what no part comes to is 0; then both in a row
    assert (names.count("take"), names.count("concatenate")) == (2, 1)


def layers_of_values(order, samples=7):
    """Two layers of Values, and a step of theirs whose optimizer has the Values in some order."""
    rng = np.random.default_rng(3)
    sizes = [(2, 5), (5, 3)]
    layers = [[[Value(x) for x in rng.normal(size=n + 1)] for _ in range(m)] for n, m in sizes]
    by_neuron = [v for layer in layers for neuron in layer for v in neuron]
    biases = [neuron[-1] for layer in layers for neuron in layer]
    weights = [v for v in by_neuron if all(v is not b for b in biases)]
    params = {"by neuron": by_neuron, "biases last": weights + biases, "mixed": by_neuron[::-1]}
    optimizer = optim.SGD(params[order], lr=0.1, momentum=0.9)

    def step(points):
        total = 0.0
        for point in points:
            values = point
            for layer in layers:
                values = [sum((w * v for w, v in zip(n, values)), n[-1]).relu() for n in layer]
            total = total + sum(values)
        for p in by_neuron:
            p.grad = 0.0
        total.backward()
        optimizer.step()
        return total

    data = rng.normal(size=(6, samples, 2))
    return step, data, by_neuron


@pytest.mark.filterwarnings("ignore:invalid value")
@each("backend", ["numpy", "native"])
@each("order", ["by neuron", "biases last", "mixed"])
@each("special", [None, np.nan, np.inf, -0.0])
def test_a_layer_with_a_bias_trains_as_written_in_any_order_of_its_parameters(
    order, special, backend
):
    if backend == "native":
        pytest.importorskip("llvmlite")

    def run(wrap):
        step, data, params = layers_of_values(order)
        step = wrap(step)
        if special is not None:
            data[3, 2, 0] = special
        found = []
        for points in data:
            found.append([step(points.tolist()).data])
            found[-1] += [n for p in params for n in (p.data, p.grad)]
        return found

    ours = run(lambda f: autograd.compile(f, backend=backend, audit=False))
    np.testing.assert_allclose(ours, run(lambda f: f), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("samples", "added"), [(7, False), (1, True)])
def test_a_bias_is_no_addition_where_several_samples_share_it(samples, added):
    step, data, _ = layers_of_values("by neuron", samples)
    compiled = autograd.compile(step, backend="numpy")
    for points in data[:3]:
        compiled(points.tolist())
    (space,) = compiled._newest.free
    program = compiled.program()
    assert "v0 = 10 leaves @" in program  # the listing says what is computed, not how
    products = [c.args for c in space.forward if c.func.__name__ == "dot"]
    shapes = [x.shape for x in (products[0][0], products[1][0])]
    assert shapes == ([(5, 2), (3, 5)] if added else [(5, 3), (3, 6)])


def test_of_a_close_up_a_bias_is_no_addition_though_it_lies_apart_from_the_weights():
    model, points = nn.MLP(2, [5], 4), np.random.default_rng(0).normal(size=(7, 2))
    close_up = model.scalars()

    def loss(x):
        return sum((y * y).sum() for y in close_up(x))

    found = []
    for f in (compiled := autograd.compile(loss, backend="numpy"), loss):
        model.zero_grad()
        f(points).backward()
        found.append([p.grad.copy() for p in model.parameters()])
    space = compiled._newest.workspace()
    assert next(c.args[0].shape for c in space.forward if c.func.__name__ == "dot") == (5, 3)
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("count", [100, 500, 2_000, 16_000])
def test_sums_of_float32_rows_round_no_more_than_a_millionth(count):
    rows = np.full((2, count), 0.1, dtype=np.float32)
    exact = rows.astype(float).sum(axis=1)
    for x, axis in ((rows, 1), (rows.T, 0)):
        total = np.empty(2, np.float32)
        call_into(total, np.add.reduce, (x,), {"axis": axis})()
        np.testing.assert_allclose(total, exact, rtol=1e-6)
