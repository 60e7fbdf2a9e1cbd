"""Tensor: an array in the graph, with NumPy's shapes and dtypes."""

import operator

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import autograd
import nn
import optim
from autograd import ShapeError, Tensor, Value, vjp
from autograd.op import plain
from tests.autograd.reference import PAIRS, SHAPES, complex_step
from tests.each import each

every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
every_pair = each(("left", "right"), PAIRS, ids=str)


def leaf(x, **options):
    return Tensor(x, requires_grad=True, **options)


def draw(*shapes):
    rng = np.random.default_rng(0)
    return [rng.uniform(0.5, 2.0, shape) for shape in shapes]


# --- what goes in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (2.0, np.float64),
        (2, int),
        (True, np.bool),
        ([1.0, 2.0], np.float64),
        ([[1, 2], [3, 4]], int),
        ((1.0, 2), np.float64),
        ([], np.float64),
        (np.float32(2), np.float32),
        (np.ones(3, np.float32), np.float32),
        (np.ones((2, 0), np.float16), np.float16),
    ],
)
def test_a_tensor_has_the_shape_and_dtype_that_numpy_gives_its_data(data, dtype):
    t = Tensor(data)
    assert_array_equal(t.data, np.asarray(data))
    assert t.dtype == dtype
    assert (t.shape, t.ndim, t.size) == (np.shape(data), np.ndim(data), np.size(data))
    assert (t.requires_grad, t.grad, t.op, t.parents) == (False, None, None, ())


@pytest.mark.parametrize("data", [3, True, [1, 2], np.arange(3, dtype=np.uint8)])
def test_whole_numbers_cannot_require_a_gradient_until_made_floats(data):
    with pytest.raises(TypeError, match=r"needs an array of floats, .*dtype=float.* got dtype"):
        leaf(data)
    assert leaf(data, dtype=float).dtype == np.float64


def test_dtype_converts_the_data():
    assert Tensor([1, 2], dtype=np.float32).dtype == np.float32
    assert leaf(np.ones(2), dtype="float32").dtype == np.float32


def test_an_array_is_copied():
    x = np.ones(3)
    t = Tensor(x)
    x[:] = 7.0
    assert t.data.tolist() == [1.0, 1.0, 1.0]


@each("data", ["a", None, [None], 1j, [1j], {}, object(), [Value(1.0)]])
@each("requires_grad", [False, True])
def test_what_is_not_made_of_real_numbers_is_refused(data, requires_grad):
    with pytest.raises(
        TypeError, match=r"^Tensor: needs an array of (real|floats).*, but got dtype"
    ):
        Tensor(data, requires_grad=requires_grad)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, r"got dtype object \(None\)\.$"),
        ([1.0, None], r"got dtype object \(None\)\.$"),
        (["one", "two"], r"got dtype <U3 \('one'\)\.$"),
        ([1.0, Value(2.0)], r"with a Value in it\. Keep Values in np\.array\(\[v, w\]\)"),
    ],
)
def test_what_is_no_number_is_named(data, said):
    with pytest.raises(TypeError, match=said):
        Tensor(data)


@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("running", [autograd.cumsum, autograd.cumprod])
def test_a_running_total_of_one_number_brings_it_one_number(running, axis):
    x = leaf(np.array(3.0))
    (running(x, axis=axis) ** 2).sum().backward()  # NumPy makes an axis
    assert x.grad.shape == ()
    assert x.grad == 6.0


def _set(tensor, name, array):
    setattr(tensor, name, array)


def _momentum_of(array):
    optimizer = optim.SGD([Tensor(np.ones(2), requires_grad=True)], lr=0.1, momentum=0.9)
    optimizer.params[0].grad = np.ones(2)
    optimizer.step()
    state = optimizer.state_dict()
    state["state"][0]["kept"]["b"] = array
    optimizer.load_state_dict(state)


@pytest.mark.parametrize(
    "use",
    [
        Tensor,
        nn.Parameter,
        lambda m: Tensor(np.ones(2)) * m,
        lambda m: Tensor(np.ones(2)) @ m,
        lambda m: _set(Tensor(np.ones(2)), "data", m),
        lambda m: _set(Tensor(np.ones(2), requires_grad=True), "grad", m),
        (Tensor(np.ones(2), requires_grad=True) * 2).backward,
        autograd.grad(lambda x: (x * x).sum()),
        lambda m: autograd.grad(lambda x: (x * m).sum())(np.ones(2)),
        autograd.vjp(lambda x: x * 2, np.ones(2))[1],
        lambda m: autograd.jvp(lambda x: x * 2, (np.ones(2),), (m,)),
        nn.Linear(2, 1),
        lambda m: nn.functional.mse_loss(m, np.ones(2)),
        lambda m: nn.MSELoss()(Tensor(np.ones(2)), m),
        lambda m: nn.functional.cross_entropy(np.ones((2, 2)), m.astype(int)),
        lambda m: nn.data.Batches((np.ones((2, 1)), m), 1),
        lambda m: Tensor([m, m]),
        lambda m: Tensor(([np.ones(2)], (m,))),
        lambda m: nn.Linear(2, 1)([np.ones(2), m]),
        lambda m: nn.MSELoss()(Tensor(np.ones((1, 2))), [m]),
        lambda m: nn.data.Batches(([m, m], np.ones(2)), 1),
        lambda m: nn.Embedding(2, 1)(m.astype(int)),
        lambda m: _set(nn.Linear(1, 1).flat(), "data", m),
        lambda m: nn.CrossEntropyLoss(weight=m)(np.ones((1, 2)), [0]),
        lambda m: nn.BCEWithLogitsLoss(pos_weight=m)(np.ones((1, 2)), np.ones((1, 2))),
        lambda m: nn.MLP(2, [2], 1).picture(m),
        _momentum_of,
    ],
)
def test_masked_arrays_are_refused_as_all_their_numbers_would_count(use):
    masked = np.ma.array([1.0, 0.0], mask=[True, False])
    with pytest.raises(TypeError, match=r"masked one\. Pass array\.filled\(0\.0\)"):
        use(masked)
    use(np.ma.array([1.0, 0.0]))  # which masks nothing


@pytest.mark.parametrize("mask", [[True, False], False])
@pytest.mark.parametrize("use", [operator.mul, operator.sub, np.ma.add, lambda m, x: np.ma.exp(x)])
@pytest.mark.parametrize("node", [Value(2.0), Tensor(np.ones(2), requires_grad=True)])
def test_masked_arrays_do_not_compute_with_the_number_of_a_node_alone(node, use, mask):
    masked = np.ma.array([1.0, 0.0], mask=mask)
    with pytest.raises(TypeError, match=r"the gradient is lost\. Pass array\.filled\(0\.0\)"):
        use(masked, node)
    assert use(masked, Tensor(np.ones(2))).shape == (2,)  # of which there is none


def test_rows_that_differ_in_length_are_refused():
    with pytest.raises(ShapeError, match="Tensor: needs rows of one length, but got rows that"):
        Tensor([[1.0, 2.0], [3.0]])


@pytest.mark.parametrize("data", [Tensor([1.0]), Value(1.0)])
def test_a_tensor_is_not_made_of_a_node(data):
    kind = type(data).__name__
    with pytest.raises(TypeError, match=rf"^Tensor: needs an array, but got a {kind}.*\.data"):
        Tensor(data)


def test_an_unknown_keyword_is_refused():
    with pytest.raises(TypeError, match="require_grad"):
        Tensor([1.0], require_grad=True)


@pytest.mark.parametrize("name", ["data", "grad"])
def test_data_and_grad_take_only_arrays_of_the_tensors_shape(name):
    t = leaf(np.ones((2, 3), np.float32))
    setattr(t, name, np.full((2, 3), 2.0))
    assert getattr(t, name).dtype == np.float32
    assert_array_equal(getattr(t, name), 2.0)
    with pytest.raises(ShapeError, match=rf"{name} needs shape \(2, 3\), but got \(3,\)"):
        setattr(t, name, np.ones(3))


# --- NumPy's semantics ----------------------------------------------------------------------------


@every_pair
def test_operands_broadcast_and_their_gradients_have_their_own_shapes(left, right):
    def f(x, y):
        return x * y - x / y

    xs = draw(left, right)
    x, y = map(leaf, xs)
    out = f(x, y)
    assert_array_equal(out.data, f(*xs))
    weights = np.random.default_rng(1).normal(size=out.shape)
    out.backward(weights)
    for i, node in enumerate((x, y)):
        expected = complex_step(lambda *moved: np.sum(weights * f(*moved)), xs, i)
        assert node.grad.shape == node.shape
        assert_allclose(node.grad, expected, rtol=1e-12)


@every_shape
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arithmetic_with_python_numbers_keeps_shape_and_dtype(shape, dtype):
    t = leaf(np.ones(shape), dtype=dtype)
    out = (2 * t + 1.5) / 3 - t**2
    out.backward(np.ones(shape))
    assert (out.shape, out.dtype) == (shape, dtype)
    assert (t.grad.shape, t.grad.dtype) == (shape, dtype)
    assert_allclose(t.grad, 2 / 3 - 2, rtol=1e-6)


def test_mixed_dtypes_compute_as_in_numpy_and_each_gradient_keeps_its_own():
    single, double = leaf(np.ones(2, np.float32)), leaf(np.ones(2))
    out = single * double
    out.sum().backward()
    assert out.dtype == np.float64
    assert (single.grad.dtype, double.grad.dtype) == (np.float32, np.float64)


def test_shapes_that_do_not_fit_are_refused_by_operation_and_shape():
    with pytest.raises(ShapeError, match=r"add: operands of shape \(2,\) and \(3,\) do not fit"):
        leaf([1.0, 2.0]) + np.ones(3)
    with pytest.raises(ShapeError, match=r"matmul: operands of shape \(2, 3\) and \(2, 3\)"):
        leaf(np.ones((2, 3))) @ np.ones((2, 3))
    with pytest.raises(ShapeError, match=r"reshape: .*size 2 into shape \(3,\)"):
        leaf([1.0, 2.0]).reshape(3)


@pytest.mark.parametrize("other", ["a", None, 1j, object()])
def test_arithmetic_with_what_is_not_a_number_is_refused_in_both_orders(other):
    with pytest.raises(TypeError, match=r"^(Tensor|add): needs .*, but got"):
        Tensor([1.0]) + other
    with pytest.raises(TypeError, match=r"^(Tensor|multiply): needs .*, but got"):
        other * Tensor([1.0])


def test_comparisons_give_plain_boolean_arrays():
    t = leaf([1.0, 2.0, 3.0])
    for mask, expected in [
        (t < 2, [True, False, False]),
        (t <= 2.0, [True, True, False]),
        (t > Tensor([0.0, 2.0, 2.0]), [True, False, True]),
        (t >= np.array([2.0]), [False, True, True]),
        (np.float64(2.0) < t, [False, False, True]),
    ]:
        assert type(mask) is np.ndarray
        assert mask.tolist() == expected


def test_hash_goes_by_identity():
    a, b = Tensor([1.0]), Tensor([1.0])
    assert len({a, b, a}) == 2


@pytest.mark.parametrize(
    "index",
    [0, -1, slice(1, None), (..., 0), (0, 1), None, [0, 0], np.array([True, False])],
    ids=str,
)
def test_indexing_is_numpys(index):
    x = np.arange(6.0).reshape(2, 3)
    assert_array_equal(leaf(x)[index].data, x[index], strict=True)


def test_a_mask_made_by_comparison_picks_elements():
    t = leaf([1.0, 5.0, 2.0])
    t[t > 1.5].sum().backward()
    assert t.grad.tolist() == [0.0, 1.0, 1.0]


def test_an_index_out_of_range_is_refused():
    with pytest.raises(IndexError, match="index 5 is out of bounds"):
        Tensor([1.0, 2.0])[5]


def test_a_tensor_is_iterated_and_measured_along_its_first_axis():
    t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert len(t) == 2
    assert [row.data.tolist() for row in t] == [[1.0, 2.0], [3.0, 4.0]]
    _first, second = t
    assert second.data.tolist() == [3.0, 4.0]
    with pytest.raises(TypeError, match=r"at least one axis, but got shape \(\)"):
        len(Tensor(1.0))


def test_reshape_and_transpose_take_their_axes_as_numpy_does():
    t = Tensor(np.zeros((2, 3, 4)))
    assert t.reshape(4, 6).shape == t.reshape((4, 6)).shape == (4, 6)
    assert t.reshape(-1).shape == (24,)
    assert t.transpose(1, 0, 2).shape == t.transpose((1, 0, 2)).shape == (3, 2, 4)
    assert t.T.shape == t.transpose().shape == t.transpose(None).shape == (4, 3, 2)


def test_item_float_and_bool_of_a_single_element():
    t = Tensor([[2.5]])
    assert type(t.item()) is float
    assert t.item() == float(t) == 2.5
    assert t
    assert not Tensor(0.0)
    with pytest.raises(ValueError, match="single element"):
        Tensor([1.0, 2.0]).item()


def test_numpy_hands_out_the_array_unless_a_gradient_would_get_lost():
    x = np.ones(3)
    assert_array_equal(Tensor(x).numpy(), x)
    with pytest.raises(TypeError, match=r"requires a gradient.*\.detach\(\)\.numpy\(\)"):
        leaf(x).numpy()
    assert_array_equal(leaf(x).detach().numpy(), x)


def test_repr_says_what_is_not_ordinary():
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.])"
    assert repr(leaf([1.0], label="w")) == "Tensor([1.], requires_grad=True, label='w')"
    assert repr(Tensor([1.0], dtype=np.float32)) == "Tensor([1.], dtype=float32)"


@pytest.mark.parametrize("function", [np.modf, np.heaviside, np.convolve, np.linalg.eig])
def test_a_numpy_function_without_derivative_is_refused_by_name(function):
    with pytest.raises(TypeError, match=rf"np\.(linalg\.)?{function.__name__}: has no derivative"):
        function(*[leaf([[1.0]])] * (1 if function in (np.modf, np.linalg.eig) else 2))


def test_whole_numbers_to_a_negative_power_are_refused_for_what_they_are():
    with pytest.raises(ValueError, match="negative integer powers") as refusal:
        Tensor([1, 2]) ** -1
    assert not isinstance(refusal.value, ShapeError)


def test_numpys_options_are_refused_on_a_tensor():
    with pytest.raises(TypeError, match=r"np\.add: out= is not supported"):
        np.add(Tensor([1.0]), 2.0, out=np.zeros(1))


@pytest.mark.parametrize(
    "function", [np.argmax, np.isnan, np.sign, np.shape, np.ndim, np.zeros_like, np.argsort]
)
def test_numpys_functions_that_have_no_gradient_give_numpys_answer(function):
    x = np.array([[1.0, 3.0], [2.0, -1.0]])
    assert_array_equal(plain(function(leaf(x))), function(x))


def test_equality_compares_elements_as_in_numpy():
    t = leaf([1.0, 2.0])
    assert (t == np.array([1.0, 3.0])).tolist() == [True, False]
    assert (t != 1.0).tolist() == [False, True]
    assert (np.float64(2.0) == t).tolist() == [False, True]


# --- beside Values --------------------------------------------------------------------------------


def test_a_tensor_takes_in_a_value_and_passes_a_gradient_to_it():
    v, t = Value(2.0), leaf([1.0, 2.0, 3.0])
    for product in (v * t, t * v):
        assert type(product) is Tensor
        assert_array_equal(product.data, [2.0, 4.0, 6.0])
    (v * t).sum().backward()
    assert type(v.grad) is float
    assert v.grad == 6.0
    assert t.grad.tolist() == [2.0, 2.0, 2.0]


def test_numpys_functions_of_a_value_and_a_tensor_are_the_tensors():
    v, t = Value(2.0), leaf([1.0, 2.0, 3.0])
    for f in (np.add, np.multiply, np.maximum, np.power):
        for pair in ((v, t), (t, v)):
            out = f(*pair)
            assert type(out) is Tensor
            assert_array_equal(out.data, f(*(x.data for x in pair)))
    assert np.equal(v, t).tolist() == np.equal(t, v).tolist() == [False, True, False]


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("zero", [0, 0.0, np.float64(0.0), np.zeros(2)])
def test_a_quotient_by_zero_has_an_infinite_derivative_whatever_the_zero(zero):
    t = leaf([1.0, 2.0])
    (t / zero).sum().backward()
    assert t.grad.tolist() == [np.inf, np.inf]
    assert_array_equal(vjp(lambda x: x / zero, np.ones(2))[1](np.ones(2))[0], [np.inf, np.inf])


def test_a_tensor_prints_short_numbers_and_a_gradient_only_where_one_arrived():
    x = Tensor([1 / 3, 2.0], requires_grad=True)
    assert repr(x) == "Tensor([0.333333, 2.      ], requires_grad=True)"
    (x * x).sum().backward()
    assert repr(x) == (
        "Tensor([0.333333, 2.      ], requires_grad=True, grad=[0.666667, 4.      ])"
    )
    w = Tensor(np.zeros((3, 4)), requires_grad=True)
    (w * 2).sum().backward()
    assert repr(w).endswith("requires_grad=True, grad=<3×4>)")
    six, seven = Tensor(np.ones(6), requires_grad=True), Tensor(np.ones(7), requires_grad=True)
    (six.sum() + seven.sum()).backward()
    assert repr(six).endswith("grad=[1., 1., 1., 1., 1., 1.])")
    assert repr(seven).endswith("grad=<7>)")


def test_fewer_digits_are_printed_where_numpy_is_told_so():
    with np.printoptions(precision=2):
        assert repr(Tensor([1 / 3])) == "Tensor([0.33])"
