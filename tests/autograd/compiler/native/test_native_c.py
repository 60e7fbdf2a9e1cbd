"""The C of a program: it compiles without a warning, and computes what Python does."""

import doctest
import os
import pathlib
import shutil
import subprocess

import numpy as np
import pytest

import autograd
import autograd.compiler.native
import nn
from autograd import CompileError, Tensor, Value
from tests.autograd.compiler.native.programs import orbit, recurrent
from tests.each import in_ci

needs_cc = pytest.mark.skipif(
    shutil.which("cc") is None and os.environ.get("GLASSGRAD_CI") != "1",
    reason="needs a C compiler, cc",
)


def numbers_in(tree):
    if isinstance(tree, (list, tuple)):
        return [x for part in tree for x in numbers_in(part)]
    return np.ravel(getattr(tree, "data", tree)).tolist()


def run_c(folder, *example):
    """What the exported net.c prints for some arguments."""
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-DNET_MAIN"]
    faults = in_ci("address,undefined", "address")  # the other takes most of the compiler's time
    watched = [f"-fsanitize={faults}", "-fno-sanitize-recover=all"]
    subprocess.run(["cc", *strict, *watched, "net.c", "-lm", "-o", "net"], cwd=folder, check=True)
    given = " ".join(map(repr, numbers_in(example)))
    done = subprocess.run(
        ["./net"], cwd=folder, input=given, capture_output=True, text=True, check=True
    )
    return np.array(done.stdout.split(), float)


def check(folder, f, *example, dtype=None, tolerance=1e-12):
    autograd.compile(f).export(folder / "net.c", *example, dtype=dtype)
    expected = np.array(numbers_in(f(*example)))
    terms = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(
        run_c(folder, *example), expected, rtol=0, atol=tolerance * terms, strict=True
    )


def rng():
    return np.random.default_rng(7)


def scalar_mlp():
    w = [[Value(0.3 * (i - j)) for j in range(3)] for i in range(5)]
    b = [Value(0.1 * i) for i in range(5)]
    return lambda x: [
        (sum(u * z for u, z in zip(row, x)) + c).tanh() for row, c in zip(w, b, strict=True)
    ]


def mlp():
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), nn.Softmax())


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(6, 3),
    )


def encoder():
    return nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0)


def many_operations(x):
    return [
        autograd.maximum(x, 0.5) - autograd.minimum(x, x * x),
        autograd.where(x > 0, x.exp(), x.sin() ** 2),
        x.mean(axis=0) - x.max(axis=1).sum() + x.std(),
        autograd.concatenate((x, 2 * x), axis=1).T,
        autograd.stack((x[0], x[-1])) @ x.T,
        autograd.einsum("ij,kj->ik", x, x),
        autograd.log1p(abs(x)) / autograd.sqrt(x * x + 1) + autograd.sign(x),
        x[::-1, 1:].reshape(-1) ** 3,
        autograd.logsumexp(x, axis=1) + x.prod(axis=1),
    ]


W, ORDER = Tensor([[1.0, -2.0], [0.5, 3.0]]), (3, 7, 1, 9, 0, 10, 8, 2, 6, 4, 5)
WRITTEN = {
    "a scalar program": lambda: (scalar_mlp(), [0.5, -1.0, 2.0]),
    "mlp": lambda: (mlp().forward, Tensor(rng().normal(size=(1, 4)))),
    "mlp on a batch": lambda: (mlp().forward, Tensor(rng().normal(size=(6, 4)))),
    "cnn": lambda: (cnn().forward, Tensor(rng().normal(size=(2, 1, 8, 8)))),
    "attention": lambda: (encoder().forward, Tensor(rng().normal(size=(1, 5, 8)))),
    "a close-up": lambda: (nn.scalar.MLP(2, [3, 1]), [0.5, -0.25]),
    "arrays beside numbers": lambda: (
        lambda a, b: [(W @ a).sum() * b, a / b], Tensor([0.3, 0.7]), Tensor(2.0)
    ),
    "rounds": lambda: (recurrent()[0], rng().normal(size=40).tolist()),
    "a chain": lambda: (orbit()[0], 0.3),
    "operations": lambda: (many_operations, Tensor(rng().normal(size=(3, 4)))),
    "many axes in any order": lambda: (
        lambda x: (autograd.transpose(x, ORDER) * 2.0).sum(axis=(0, 3, 9)) + 1.0,
        rng().normal(size=(2,) * 11),
    ),
}  # fmt: skip


@needs_cc
@pytest.mark.parametrize("name", WRITTEN)
def test_a_program_in_c_computes_what_python_does(name, tmp_path):
    check(tmp_path, *WRITTEN[name]())
    if name in ("rounds", "a chain"):  # which are loops
        text = (tmp_path / "net.c").read_text()
        assert "    for (int t = 0; t < " in text
        assert text[text.index("void") : text.index("#ifdef")].count("\n") < 70
    if name == "mlp on a batch":
        check(tmp_path, *WRITTEN[name](), dtype=np.float32, tolerance=1e-6)
        assert "double" not in (tmp_path / "net.c").read_text().split("#ifdef")[0]


@needs_cc
def test_nan_infinity_and_the_sign_of_zero_are_kept(tmp_path):
    x = Tensor([0.0, -0.0, 1e-320, 3.0])
    f = lambda x: [1 / x, x / x, autograd.maximum(x, x * float("nan")), -x]  # noqa: E731
    with np.errstate(all="ignore"):
        autograd.compile(f).export(tmp_path / "net.c", x)
        expected = np.array(numbers_in(f(x)))
    found = run_c(tmp_path, x)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.signbit(found[-4:]), np.signbit(expected[-4:]))


NAMES = """
nan printf scanf EOF NAN INFINITY net double log2 fmaf
int8_t uint_least64_t intmax_t uintptr_t size_t fpos_t float_t double_t INT8_MAX SIZE_MAX FP_NAN
MATH_ERRNO math_errhandling HUGE_VAL HUGE_VALF putchar sprintf vfprintf fputc fopen getc ungetc
tmpnam gets perror clearerr setvbuf vsscanf conj strlen exit isalpha clipped out0 out1 places0
"""


@needs_cc
def test_arguments_and_parameters_may_be_called_like_anything_in_c_s_library(tmp_path):
    names, model = NAMES.split(), nn.Module()
    total = " + ".join(f"{k + 1} * {name}" for k, name in enumerate(names))
    f = eval(f"lambda {', '.join(names)}: {total}")
    check(tmp_path, f, *[Tensor([1.0, 2.0 * k]) for k in range(len(names))])
    for k, name in enumerate(names):
        setattr(model, name, nn.Parameter(np.array([0.5, k])))

    def both(x, i):
        total = sum(x * p for p in model.parameters())
        return total[i], total * np.ones((3, 1))

    check(tmp_path, both, np.array([1.0, 2.0]), np.array([1, 0, -1]))


@needs_cc
def test_two_exported_files_are_linked_into_one_program(tmp_path):
    x = Tensor(np.ones((1, 4)))
    model = mlp()
    for name in ("one", "two"):
        autograd.compile(model.forward).export(tmp_path / f"{name}.c", x)
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "one.h"\n#include "two.h"\n'
        "int main(void) {\n    double x[4] = {1, 1, 1, 1}, y[3], z[3];\n"
        "    one(x, y);\n    two(x, z);\n"
        '    printf("%.17g %.17g", y[2], z[2]);\n    return 0;\n}\n'
    )
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "main.c", "one.c", "two.c", "-lm"]
    subprocess.run(["cc", *strict, "-o", "main"], cwd=tmp_path, check=True)
    done = subprocess.run(["./main"], cwd=tmp_path, capture_output=True, text=True, check=True)
    expected = model(x).data[0, 2]
    np.testing.assert_allclose(np.array(done.stdout.split(), float), [expected] * 2, rtol=1e-12)


@pytest.mark.parametrize(
    "name", ["for", "log", "main", "printf", "bool", "_Bool", "sqrtf", "putchar", "int8_t", "out"]
)
def test_a_file_named_as_something_of_c_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match=f"for example {name.strip('_')}_net.c"):
        autograd.compile(lambda x: x * x + x).export(tmp_path / f"{name}.c", Tensor([1.0, 2.0]))


def test_what_would_go_to_another_argument_or_be_left_out_is_refused(tmp_path):
    x, i = Tensor([1.0, 2.0]), np.array([3, 4])
    with pytest.raises(CompileError, match="arguments of one kind"):
        autograd.compile(lambda x, i: x * i + i).export(tmp_path / "net.c", x, i)
    with pytest.raises(CompileError, match="results that are computed"):
        autograd.compile(lambda x: [x, x * 2.0 + x]).export(tmp_path / "net.c", x)


@needs_cc
def test_an_argument_that_is_not_used_is_left_out(tmp_path):
    autograd.compile(lambda x, y: x * 2.0 + x).export(tmp_path / "net.c", *[Tensor([1.0, 2.0])] * 2)
    assert "(const double a0[2], double out[2])" in (tmp_path / "net.h").read_text()


def test_the_c_of_five_neurons_reads_like_the_formula():
    g = autograd.compile(scalar_mlp())
    g([1.0, 2.0, 3.0])
    text = g.source("c")
    assert "            sum += leaves[" in text
    assert "/* v1 = tanh(v0) */" in text
    assert "v1[i] = tanh(v0[i]);" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_text_for_the_machine_is_shown_too():
    g = autograd.compile(scalar_mlp())
    g([1.0, 2.0, 3.0])
    text = g.source("llvm")
    assert [line for line in text.splitlines() if line.startswith("define")] == [
        "define i64 @f(ptr %table) {"
    ]
    assert "<2 x double>" in text


def test_parameters_have_their_names_and_no_memory_is_allocated(tmp_path):
    model = mlp()
    model.export(tmp_path / "net.c", Tensor(np.ones((1, 4))))
    text = (tmp_path / "net.c").read_text()
    assert "static const double model_0_weight[16][4]" in text
    assert "malloc" not in text
    assert "void net(const double x[4], double out[3]);" in (tmp_path / "net.h").read_text()


def test_the_page_about_loops_tells_the_truth():
    page = pathlib.Path(autograd.compiler.native.__file__).with_name("README.md").read_text()
    found = doctest.DocTestParser().get_doctest(page.replace("```\n", "\n"), {}, "README", None, 0)
    out = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(found, out=out.append).failed == 0, "".join(out)


def test_what_compares_numbers_is_refused():
    g = autograd.compile(lambda x: x * 2.0 if x > 0 else x)
    g(1.0)
    with pytest.raises(CompileError, match="does not compare numbers"):
        g.source("c")


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (nn.Dropout(0.5), r"draws no random numbers.*eval\(\)"),
        (nn.BatchNorm1d(4), r"running statistics.*eval\(\)"),
    ],
    ids=["dropout", "batch norm"],
)
def test_a_model_in_training_is_told_of_eval(layer, why, tmp_path):
    model = nn.Sequential(nn.Linear(3, 4), layer)
    with pytest.raises(CompileError, match=why):
        model.export(tmp_path / "net.c", np.ones((2, 3)))
    model.eval().export(tmp_path / "net.c", np.ones((2, 3)))


@needs_cc
def test_what_checks_its_places_is_refused_and_what_is_said_instead_is_written(tmp_path):
    table, z, y = nn.Embedding(5, 3), rng().normal(size=(4, 3)), np.array([0, 2, 1, 2])
    for checked in (lambda i: table(i) * 2.0, lambda i: nn.CrossEntropyLoss()(Tensor(z), i)):
        with pytest.raises(CompileError, match=r"weight\[i\], for cross_entropy \(logsumexp"):
            autograd.compile(checked).export(tmp_path / "net.c", y)
    check(tmp_path, lambda i: table.weight[i] * 2.0, y)

    def cross_entropy(z, y):
        return (autograd.logsumexp(z, axis=1) - z[np.arange(len(y)), y]).mean()

    check(tmp_path, cross_entropy, z, y)
    np.testing.assert_allclose(
        cross_entropy(Tensor(z), y).data, nn.CrossEntropyLoss()(Tensor(z), y).data
    )


def test_a_step_that_is_not_known_is_refused_by_its_name(tmp_path):
    g = autograd.compile(lambda x: autograd.sort(x * 2.0))
    with pytest.raises(CompileError, match="sort is not known as loops"):
        g.export(tmp_path / "net.c", Tensor([2.0, 1.0]))


@needs_cc
@pytest.mark.parametrize("kind", ["arrays", "numbers"])
def test_a_lookup_in_c_is_pythons_and_of_no_such_place_there_are_no_numbers(kind, tmp_path):
    rows = [[Value(4.0 * i + j) for j in range(4)] for i in range(3)]
    table = Tensor(np.arange(12.0).reshape(3, 4))
    if kind == "arrays":
        f = lambda i: (table * 2.0)[i, 1:].tanh().sum(axis=0)  # noqa: E731
    else:
        f = lambda i: [x.tanh() * 2.0 for x in autograd.take(rows, i[0])]  # noqa: E731
    check(tmp_path, f, np.array([2, -3]))
    assert np.isnan(run_c(tmp_path, np.array([3, 0]))).all()


@pytest.mark.parametrize("language", ["c", "js", "llvm"])
@pytest.mark.parametrize(
    ("f", "shape", "name"),
    [
        (lambda x: x.sum() * 2.0, (0, 3), "x"),
        (lambda x: x @ Tensor(np.ones((3, 2)), requires_grad=True), (0, 3), "x"),
        (lambda y: (y * 2.0)[:0], (3,), "out"),
    ],
    ids=["an argument", "an argument that is multiplied", "a result"],
)
def test_arrays_without_numbers_are_refused_by_name(f, shape, name, language):
    g = autograd.compile(f)
    g(Tensor(np.ones(shape)))
    with pytest.raises(CompileError, match=rf"{name} has shape \(0"):
        g.source(language)


def test_wrong_arguments_are_told(tmp_path):
    g = autograd.compile(lambda x: x * 2.0 * x + x)
    with pytest.raises(CompileError, match=r"call .* first"):
        g.source("c")
    g(1.0)
    with pytest.raises(ValueError, match="language"):
        g.source("fortran")
    with pytest.raises(ValueError, match=r"needs a path such as net\.c"):
        g.export(tmp_path / "net.txt", 1.0)
    with pytest.raises(ValueError, match="needs dtype float32"):
        g.export(tmp_path / "net.c", 1.0, dtype=np.int32)
