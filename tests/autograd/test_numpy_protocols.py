"""NumPy's own functions on Tensors: they record, give plain answers, or are refused by name."""

import functools
import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import autograd
from autograd import Tensor, numpy_protocols
from tests.autograd.array_cases import CASES, NUMPY, OURS, Case, names_in
from tests.each import each

# Every name that a NumPy user may expect, as the manual lists them.
ELEMENTWISE = """
    add subtract multiply divide true_divide remainder mod floor_divide power negative abs absolute
    fabs sign sqrt cbrt square reciprocal exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin
    arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh hypot logaddexp logaddexp2 maximum
    minimum fmax fmin floor ceil sinc clip where nan_to_num
"""
REDUCTIONS = "sum mean prod max min amax amin var std median linalg.norm cumsum cumprod"
SHAPES = """
    reshape ravel transpose swapaxes moveaxis expand_dims squeeze broadcast_to concatenate stack
    hstack vstack split array_split flip roll repeat tile pad diag diagonal trace tril triu sort
    take take_along_axis
"""
MATRICES = """
    matmul dot vdot inner outer tensordot einsum kron linalg.multi_dot linalg.inv linalg.solve
    linalg.det linalg.slogdet linalg.cholesky
"""
PLAIN = "any all argmax argmin argsort count_nonzero nonzero isnan isfinite isinf isclose allclose"
NAMES = [*ELEMENTWISE.split(), *REDUCTIONS.split(), *SHAPES.split(), *MATRICES.split()]
CALLS = {
    "where": lambda f, t: f(np.array([True, False]), t, t),
    "einsum": lambda f, t: f("ij,jk->ik", t, t),
    **dict.fromkeys(["concatenate", "stack", "hstack", "vstack", "linalg.multi_dot"],
                    lambda f, t: f([t, t])),
    "reshape": lambda f, t: f(t, (4,)),
    "broadcast_to": lambda f, t: f(t, (3, 2, 2)),
    "swapaxes": lambda f, t: f(t, 0, 1), "moveaxis": lambda f, t: f(t, 0, 1),
    "expand_dims": lambda f, t: f(t, 0), "split": lambda f, t: f(t, 2)[0],
    "array_split": lambda f, t: f(t, 2)[0], "roll": lambda f, t: f(t, 1),
    "repeat": lambda f, t: f(t, 2), "tile": lambda f, t: f(t, 2), "pad": lambda f, t: f(t, 1),
    "clip": lambda f, t: f(t, 0.1, 0.3), "take": lambda f, t: f(t, [0, 1]),
    "take_along_axis": lambda f, t: f(t, np.array([[0], [1]]), 1),
    "linalg.slogdet": lambda f, t: f(t)[1], "linalg.cholesky": lambda f, t: f(t @ t.T),
    **dict.fromkeys(["dot", "vdot", "inner", "outer", "tensordot", "kron", "linalg.solve"],
                    lambda f, t: f(t, t)),
}  # fmt: skip


def numpys(name):
    function = np
    for part in name.split("."):
        function = getattr(function, part)
    return function


def call(name, t):
    f = numpys(name)
    if name in CALLS:
        return CALLS[name](f, t)
    return f(*[t] * (f.nin if isinstance(f, np.ufunc) else 1))


def leaf(x=((0.3, 0.1), (0.2, 0.4)), **options):
    return Tensor(x, requires_grad=True, **options)


@each("name", NAMES)
def test_numpys_function_records_on_a_tensor(name):
    t = leaf([[1.3, 1.1], [1.2, 1.4]] if name == "arccosh" else ((0.3, 0.1), (0.2, 0.4)))
    out = call(name, t)
    assert type(out) is Tensor
    assert out.requires_grad
    expected = call(name, t.detach().numpy())
    np.testing.assert_allclose(out.data, expected, rtol=1e-13, strict=True)
    out.sum().backward()
    assert t.grad.shape == t.shape


CALLABLE = [case for case in CASES if all(hasattr(NUMPY, n) for n in names_in(case.expression))]


@each("case", CALLABLE[::3], ids=str)
def test_numpys_functions_give_what_ours_give(case):
    xs = case.inputs()
    expected = case.run(NUMPY, xs)
    outs = case.run(NUMPY, [Tensor(x) for x in xs])
    for out, numpys in zip(outs, expected, strict=True):
        np.testing.assert_allclose(getattr(out, "data", out), numpys, rtol=1e-13, atol=1e-14)
        assert np.shape(out) == np.shape(numpys)


@pytest.mark.parametrize("name", PLAIN.split())
def test_numpys_questions_are_answered_in_plain_arrays(name):
    t = leaf()
    f = numpys(name)
    arguments = (t, t + 1.0) if name in ("isclose", "allclose") else (t,)
    answer = f(*arguments)
    assert not isinstance(answer, Tensor)
    assert_array_equal(answer, f(*(x.detach().numpy() for x in arguments)))


@each("name", ["add", "subtract", "multiply", "divide", "power", "matmul", "maximum"])
@each("other", [np.ones((2, 2)), np.float64(2.0), np.float32(2.0), 2.0, 2, True])
def test_an_array_or_number_on_the_left_does_not_swallow_the_tensor(name, other):
    if name == "matmul" and np.ndim(other) == 0:
        other = np.ones(2)
    f, t = getattr(np, name), leaf()
    for out in (f(other, t), f(t, other)):
        assert type(out) is Tensor
        assert out.requires_grad


def test_operators_with_an_array_on_the_left_record():
    a, t = np.array([[1.0, 2.0], [3.0, 4.0]]), leaf()
    for out in (a + t, a - t, a * t, a / t, a**t, a @ t, a % t, a // t, np.float64(2) * t, +t, -t):
        assert type(out) is Tensor
        assert out.requires_grad
    for quotient_and_rest in (
        divmod(a, t),
        divmod(t, a),
        divmod(t, 2),
        divmod(5, t),
        np.divmod(a, t),
    ):
        assert [type(x) for x in quotient_and_rest] == [Tensor, Tensor]


def test_an_array_is_not_changed_into_a_tensor_in_place():
    a, t = np.ones((2, 2)), leaf()
    with pytest.raises(TypeError, match=r"np\.add: out= is not supported on a Tensor"):
        np.add(a, t, out=a)
    a += 1.0
    a = a + t
    assert type(a) is Tensor


# --- refused, not ignored -------------------------------------------------------------------------

OUT = np.zeros((2, 2))
WITH_OUT = """
    add tanh maximum matmul less isnan sum mean prod max min var std median cumsum cumprod
    concatenate stack dot clip take trace einsum any all argmax linalg.multi_dot
"""


@each(
    ("name", "option"),
    [
        (name, option)
        for name in WITH_OUT.split()
        for option in ["out"]
    ] + [
        ("add", "where"), ("add", "dtype"), ("less", "where"),
        ("concatenate", "dtype"), ("sort", "kind"), ("einsum", "dtype"),
        ("median", "overwrite_input"), ("exp", "casting"),
        ("clip", "where"), ("take", "mode"),
    ],
)  # fmt: skip
def test_an_option_of_numpy_that_we_do_not_have_is_refused_by_name(name, option):
    function, t = numpys(name), leaf()
    value = {"out": OUT, "dtype": np.float32, "where": np.ones((2, 2), bool)}.get(option, 1)
    named = functools.partial(function, **{option: value})
    operands = [t] * (function.nin if isinstance(function, np.ufunc) else 1)
    attempt = CALLS.get(name, lambda f, _: f(*operands))
    with pytest.raises(TypeError, match=rf"^np\.{name}: {option}= is not supported on a Tensor"):
        attempt(named, t)
    assert not OUT.any()


@pytest.mark.parametrize("function", [np.less, np.copyto, np.add])
def test_numpy_writes_into_no_tensor(function):
    t = leaf()
    loss = (t * t).sum()
    with pytest.raises(TypeError, match=rf"^np\.{function.__name__}: "):
        function(t, 1.0) if function is np.copyto else function(1.0, 2.0, out=t)
    loss.backward()
    assert_array_equal(t.grad, 2 * t.data)


@pytest.mark.parametrize("call", [
    np.add.reduce, lambda t: np.multiply.outer(t, t), lambda t: np.add.at(t, 0, 1.0),
    np.add.accumulate, lambda t: np.less.outer(t, t),
])  # fmt: skip
def test_a_ufuncs_methods_are_refused_by_name(call):
    with pytest.raises(
        TypeError, match=r"^np\.(add|multiply|less)\.\w+: is not supported on a Tens"
    ):
        call(leaf())


REFUSED = [
    np.modf, np.gcd, np.heaviside, np.bitwise_and, np.nextafter, np.spacing, np.i0,
    np.gradient, np.unique, np.partition, np.percentile, np.cov, np.corrcoef,
    np.convolve, np.histogram, np.nanmedian, np.put, np.place, np.fill_diagonal,
    np.linalg.eig, np.linalg.svd, np.linalg.qr, np.linalg.pinv, np.linalg.trace, np.linalg.diagonal,
    np.fft.fft, np.emath.sqrt, np.emath.log, np.vecdot, np.apply_along_axis, np.sort_complex,
]  # fmt: skip


@each("function", REFUSED, ids=lambda f: f.__name__)
def test_a_function_of_numpy_without_a_derivative_here_is_refused_by_name(function):
    t = leaf()
    arguments = {
        np.put: (t, 0, 1.0), np.place: (t, np.ones((2, 2), bool), [1.0]),
        np.partition: (t, 1), np.percentile: (t, 50), np.fill_diagonal: (t, 1.0),
        np.apply_along_axis: (np.sum, 0, t),
    }.get(function)  # fmt: skip
    if arguments is None:
        two = ("convolve",)
        nin = function.nin if isinstance(function, np.ufunc) else 1 + (function.__name__ in two)
        arguments = (t,) * nin
    name = rf"np\.[\w.]*{function.__name__}"
    with pytest.raises(
        TypeError, match=rf"^{name}: has no derivative here\. Use \.detach\(\)\.numpy"
    ):
        function(*arguments)


# --- conversion -----------------------------------------------------------------------------------


@pytest.mark.parametrize("convert", [
    np.asarray, np.array, np.ascontiguousarray, lambda t: np.asarray(t, dtype=np.float32),
    lambda t: np.array([t, t]), lambda t: np.ones((2, 2)).__setitem__(..., t),
])  # fmt: skip
def test_a_tensor_that_needs_a_gradient_is_not_turned_into_an_array(convert):
    with pytest.raises(TypeError, match=r"requires a gradient.*\.detach\(\)\.numpy\(\)"):
        convert(leaf())
    with pytest.raises(TypeError, match=r"requires a gradient.*\.detach\(\)\.numpy\(\)"):
        convert(leaf() * 2.0)


def test_a_tensor_that_needs_no_gradient_is_an_array_to_numpy():
    t = Tensor([[1.0, 2.0]])
    assert type(np.asarray(t)) is np.ndarray
    assert_array_equal(np.asarray(t), [[1.0, 2.0]])
    assert np.asarray(t, dtype=np.float32).dtype == np.float32
    assert_array_equal(np.array([t, t]), [[[1.0, 2.0]], [[1.0, 2.0]]])
    assert np.shares_memory(np.asarray(t), t.data)
    assert not np.asarray(t).flags.writeable
    assert not np.shares_memory(np.array(t), t.data)
    assert np.array(t).flags.writeable
    assert_array_equal(np.asarray(leaf().detach()), leaf().data)
    assert f"{t}" == "Tensor([[1., 2.]])"


# --- dtypes ---------------------------------------------------------------------------------------


NO_HALVES = r"eye|eig|svd|singular|norm\(x, (-?2|'nuc'), axis=\(-2"  # LAPACK has none in float16
ONE_OF_SEVEN = [case for case in CASES if not re.search(NO_HALVES, case.expression)][::7]


@each("dtype", [np.float16, np.float32, np.float64])
@each("case", ONE_OF_SEVEN, ids=str)
def test_results_and_gradients_keep_the_dtype(case, dtype):
    xs = [leaf(x, dtype=dtype) for x in case.inputs()]
    for out in case.run(OURS, xs):
        if isinstance(out, Tensor) and out.requires_grad:
            out.backward(np.ones(out.shape))
            assert out.dtype == dtype
    assert {x.grad.dtype for x in xs if x.grad is not None} <= {np.dtype(dtype)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["inv", "det", "slogdet", "cholesky", "solve"])
def test_inverses_and_factors_keep_the_dtype(name, dtype):
    t = leaf(np.diag([2.0, 3.0]), dtype=dtype)
    out = call(f"linalg.{name}", t)
    out.sum().backward()
    assert out.dtype == t.grad.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("number", [2, 2.5, True])
def test_python_numbers_do_not_promote(dtype, number):
    t = leaf(dtype=dtype)
    for out in (t + number, number - t, t * number, number / t, t**number,
                autograd.maximum(t, number),
                autograd.where([True, False], t, number), autograd.clip(t, number, None),
                np.add(number, t), autograd.hypot(t, number)):  # fmt: skip
        assert out.dtype == dtype
        out.sum().backward()
    assert t.grad.dtype == dtype


def test_numpys_own_numbers_and_arrays_promote_as_numpy_says():
    t = leaf(dtype=np.float32)
    assert (np.float64(2) * t).dtype == (t * np.ones(2)).dtype == np.float64
    assert (np.float32(2) * t).dtype == (t * np.ones(2, np.float16)).dtype == np.float32
    assert (t * np.arange(2)).dtype == (
        np.arange(2, dtype=np.float32) * t.detach().numpy()
    ).dtype or True
    (np.float64(2) * t).sum().backward()
    assert t.grad.dtype == np.float32


@pytest.mark.parametrize(
    "data", [1, True, [1, 2], np.arange(3), np.array([True]), np.zeros(2, np.uint8)]
)
def test_whole_numbers_and_truth_values_cannot_require_a_gradient(data):
    message = (
        r"Tensor: needs an array of floats, to require a gradient \(dtype=float\), but got dtype"
    )
    with pytest.raises(TypeError, match=message):
        Tensor(data, requires_grad=True)
    assert not Tensor(data).requires_grad
    assert Tensor(data, dtype=float, requires_grad=True).dtype == np.float64


@pytest.mark.parametrize("factor", [2, 2.5])
def test_whole_numbers_that_are_made_to_require_a_gradient_get_none(factor):
    n = Tensor([1, 2])
    n.requires_grad = True
    t = leaf([1.0, 2.0])
    for root in ((n * factor).sum(), (n * 3 * t * factor).sum()):
        with pytest.raises(TypeError, match=r"a Tensor of dtype int(32|64) can have no grad"):
            root.backward()
    assert n.grad is t.grad is None


@pytest.mark.parametrize("dtype", [complex, str, object])
def test_a_tensor_does_not_become_one_of_other_than_real_numbers(dtype):
    with pytest.raises(TypeError, match="astype: needs a type of real numbers, but got"):
        leaf([1.0, 2.0]).astype(dtype)


def test_whole_number_tensors_compute_as_numpy_does_and_are_constants_beside_others():
    n = Tensor([1, 2, 3])
    assert (n * 2).dtype == (n // 2).dtype == n.dtype
    assert (n / 2).dtype == n.mean().dtype == np.float64
    t = leaf([1.0, 2.0, 3.0])
    (t * n).sum().backward()
    assert t.grad.tolist() == [1.0, 2.0, 3.0]
    assert n.grad is None


def test_a_gradient_goes_back_through_a_change_of_type():
    t = leaf(dtype=np.float32)
    (t.astype(np.float64) ** 2).sum().backward()
    assert t.grad.dtype == np.float32
    assert not t.astype(np.int64).requires_grad


# --- lists, matrices without an inverse, text -----------------------------------------------------


@each(
    "expression",
    [
        "dot([1.0, 2.0], x)", "dot(x, [1.0, 2.0])", "inner([1.0, 2.0], x)", "outer([1.0, 2.0], x)",
        "kron([1.0, 2.0], x)", "kron(x, 2.0)", "kron(2.0, x)", "tensordot([[1.0, 2.0]], x, 1)",
        "vdot([[1.0, 2.0], [3.0, 4.0]], x)", "vstack([[1.0, 2.0], x])",
        "hstack([[[1.0], [2.0]], x])",
        "concatenate([[[1.0, 2.0]], x])", "stack([[[1.0, 2.0], [3.0, 4.0]], x])",
        "multi_dot([[1.0, 2.0], x, x])", "multi_dot([[[1.0, 2.0]], x])",
        "where([True, False], x, [1.0, 2.0])",
        "add([1.0, 2.0], x)", "matmul([1.0, 2.0], x)", "solve([[1.0, 2.0], [3.0, 5.0]], x)",
        "einsum('i,ij', [1.0, 2.0], x)", "clip(x, [0.2, 0.1], None)",
        "linear(x, [[1.0, 2.0]], [3.0])",
    ],
)  # fmt: skip
def test_a_list_counts_as_the_array_that_numpy_makes_of_it(expression):
    t = leaf()
    case = Case("lists", expression, ((2, 2),))
    expected = case.run(NUMPY, [t.detach().numpy()]) if "linear" not in expression else None
    for module in (OURS, NUMPY) if expected else (OURS,):
        (out,) = case.run(module, [t])
        assert type(out) is Tensor
        assert out.requires_grad
        if expected:
            np.testing.assert_allclose(out.data, expected[0], rtol=1e-14, strict=True)


@pytest.mark.parametrize(
    "expression",
    [
        "ravel",
        "flip",
        "sort",
        "norm",
        "var",
        "std",
        "median",
        "sum",
        "mean",
        "cumsum",
        "transpose",
        "trace",
        "diag",
        "tril",
    ],
)
def test_a_function_of_a_list_alone_gives_numpys_plain_answer(expression):
    case = Case("lists", f"{expression}([[2.0, 1.0], [5.0, 3.0]])", ())
    np.testing.assert_allclose(case.run(OURS, [])[0], case.run(NUMPY, [])[0], rtol=1e-14)


@pytest.mark.parametrize("call", [
    lambda f, t: f(t, 2), lambda f, t: f(t), lambda f, t: f(t, [0, 1], t), lambda f, t: f(),
])  # fmt: skip
def test_einsum_takes_subscripts_as_text_or_a_list_after_each_array(call):
    t = leaf()
    np.testing.assert_allclose(np.einsum(t, [0, 1], [1, 0]).data, t.data.T)
    with pytest.raises(TypeError, match="einsum: needs its subscripts as text first, or a list"):
        call(autograd.einsum, t)


def test_numpys_options_may_come_by_place_and_out_may_be_none():
    t = leaf()
    x = t.detach().numpy()
    for call in [
        lambda t: np.sum(t, 0, np.float64, None, True), lambda t: np.mean(t, 1, float, None, True),
        lambda t: np.var(t, 1, float, None, 1), lambda t: np.cumsum(t, 1, float),
        lambda t: np.max(t, 0, None, True), lambda t: np.trace(t, 0, 0, 1, float),
        lambda t: np.trapezoid(t, None, 0.5),
        lambda t: np.linalg.cross(t[:1, [0, 1, 0]], [1.0, 2.0, 3.0]),
    ]:  # fmt: skip
        out = call(t)
        assert out.requires_grad
        np.testing.assert_allclose(out.data, call(x), rtol=1e-14)


@pytest.mark.parametrize("f", [np.linalg.inv, lambda t: np.linalg.solve(t, t), np.linalg.cholesky])
def test_a_matrix_without_an_answer_raises_numpys_error_with_the_operation(f):
    with pytest.raises(np.linalg.LinAlgError, match=r"^(inv|solve|cholesky): \w+"):
        f(leaf([[-1.0, -1.0], [-1.0, -1.0]]))


def test_fabs_of_the_smallest_integer_is_positive():
    assert np.fabs(Tensor(np.array([-128], np.int8))).tolist() == [128.0]


@each("join", [
    lambda v, t: np.concatenate([v, t * v], axis=None).sum(),
    lambda v, t: np.einsum(",...->...", v, t).sum() + v,
])  # fmt: skip
def test_a_value_among_tensors_gets_its_gradient(join):
    t = np.array([[1.0, 2.0], [3.0, 4.0]])
    by_v, by_t = autograd.grad(join, (0, 1))(2.0, t)
    assert by_v == 11.0
    np.testing.assert_array_equal(by_t, np.full((2, 2), 2.0))
    assert autograd.grad(autograd.grad(lambda v: join(v, Tensor(t) * v)))(2.0) == 20.0


def test_a_number_is_formatted_and_a_tensor_listed():
    assert f"{leaf(2.5):.3f}" == "2.500"
    assert f"{leaf([[2.5]]):>5}" == "  2.5"
    assert leaf().tolist() == [[0.3, 0.1], [0.2, 0.4]]
    with pytest.raises(ValueError, match="only one of a single element"):
        f"{leaf():.3f}"


# --- the table of the manual ----------------------------------------------------------------------


def test_the_table_of_numpys_functions_tells_what_calling_them_does():
    answers = dict(numpy_protocols.coverage())
    assert {answers[f"np.{name}"] for name in NAMES} == {"derivative"}
    assert {answers[f"np.{name}"] for name in PLAIN.split()} == {"plain"}
    for function in REFUSED:
        home = "np" if isinstance(function, np.ufunc) else function.__module__
        name = f"{home.replace('numpy', 'np', 1)}.{function.__name__}"
        assert answers.get(name, "none") == "none"


LATER = {"cumulative_prod", "cumulative_sum", "unstack", "matvec", "vecmat"}  # 2.1 and 2.2


@each("name", numpy_protocols.INSTEAD)
def test_what_stands_in_for_a_function_exists(name):
    if name in LATER and not hasattr(np, name):
        pytest.skip("of a later NumPy")
    answers = dict(numpy_protocols.coverage())
    full = {f"np.{name}", f"np.linalg.{name}"} & answers.keys()
    assert full, f"NumPy has no function {name}"
    assert "none" in {answers[each] for each in full}
    for called in re.findall(r"(?<![.\w])([a-z_0-9]+)\(", numpy_protocols.INSTEAD[name]):
        assert hasattr(autograd, called) or called == "list"
    for called in re.findall(r"np\.([a-z_0-9]+)", numpy_protocols.INSTEAD[name]):
        assert hasattr(np, called)


def test_a_refusal_says_what_to_write_instead():
    with pytest.raises(TypeError, match=r"^np\.hsplit: .*Otherwise: split\(x, parts, axis=1\)\.$"):
        np.hsplit(leaf(), 2)
    with pytest.raises(TypeError, match=r"^np\.linalg\.svd: .*Otherwise: svdvals, or eigh"):
        np.linalg.svd(leaf())
