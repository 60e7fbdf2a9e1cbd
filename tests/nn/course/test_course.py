"""The exercises of the course: right answers pass, and every mistake is told by its name."""

import importlib
import io
import math
import pkgutil
import re
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import nn.course.exercises
from autograd import Tensor, Value, exp, grad, maximum, relu, sigmoid, tanh
from nn.course import (
    Exercise,
    Misconception,
    Mistake,
    NoAnswer,
    WrongAnswer,
    check,
    checking,
    find,
    flipbook,
    reading,
    showing,
)
from nn.course.exercises import own_autograd
from nn.course.exercises.own_autograd import Node
from tests.each import each

EXERCISES = [
    exercise
    for module in pkgutil.iter_modules(nn.course.exercises.__path__)
    for exercise in importlib.import_module(f"nn.course.exercises.{module.name}").EXERCISES
]
of_each_exercise = each("exercise", EXERCISES, ids=lambda e: e.name)


@pytest.fixture(autouse=True)
def _fresh_tries():
    checking._TRIES.clear()


# --- every exercise of the course


@of_each_exercise
def test_a_right_answer_is_right(exercise):
    given = exercise.given()
    verdict = exercise.judge(exercise.hand_in(**given), **given)
    assert verdict.right, verdict.text


@of_each_exercise
def test_each_faulty_rule_is_recognised_by_its_answer_and_is_not_right(exercise):
    given = exercise.given()
    assert len(exercise.mistakes) >= 2
    for mistake in exercise.mistakes:
        verdict = exercise.judge(mistake.rule(**given), **given)
        assert not verdict.right, mistake.says
        assert verdict.mistake is mistake, f"wanted {mistake.says!r}, got {verdict.text!r}"
        assert len(mistake.says) > 20


NUMERIC = [exercise for exercise in EXERCISES if not (exercise.seen or exercise.choices)]
of_each_numeric_exercise = each("exercise", NUMERIC, ids=lambda e: e.name)


@of_each_numeric_exercise
def test_a_right_answer_may_come_as_a_string_a_list_an_array_or_a_node(exercise):
    given = exercise.given()
    right = np.asarray(exercise.right(**given))
    kinds = [right, right.tolist(), right.astype(float).tolist(), right.astype(np.float32)]
    if right.ndim == 0:
        number = float(right)
        kinds += [str(number), f" {number} ".replace(".", ","), [number], Value(number)]
        kinds += [Tensor(number), (number,), np.array([number])]
    elif right.ndim == 1:
        kinds += [tuple(right.tolist()), ", ".join(map(str, right.tolist())), Tensor(right)]
        kinds += [[Value(float(x)) for x in right], [str(x) for x in right.tolist()]]
    for answer in kinds:
        assert exercise.judge(answer, **given).right, repr(answer)


@of_each_numeric_exercise
def test_rounding_a_right_answer_to_two_three_or_four_digits_leaves_it_right(exercise):
    given = exercise.given()
    right = np.asarray(exercise.right(**given))
    if right.dtype.kind in "iu":  # whole numbers are counts, which are exact
        return
    for digits in (2, 3, 4):
        rounded = [float(f"{x:.{digits}g}") for x in np.ravel(right)]
        answer = rounded[0] if right.ndim == 0 else np.reshape(rounded, right.shape).tolist()
        assert exercise.judge(answer, **given).right, answer


@of_each_numeric_exercise
def test_a_number_too_few_or_too_many_is_told_and_is_no_other_error(exercise):
    given = exercise.given()
    right = np.ravel(exercise.right(**given)).tolist()
    for answer in (right[:-1], [*right, 1.0]):
        verdict = exercise.judge(answer, **given)
        assert not verdict.right
        assert f"but got {len(answer)}" in verdict.text


@of_each_exercise
@each(
    "answer",
    ["what?", [], {}, object(), [[1], [2, 3]], float("nan"), lambda: 1, print],
    ids=lambda answer: type(answer).__name__,
)
def test_whatever_is_typed_gives_a_wrong_answer_and_no_other_error(exercise, answer):
    with pytest.raises(WrongAnswer, match="Not yet"):
        check(exercise, answer, **exercise.given())


@of_each_exercise
def test_what_is_said_is_plain_text_without_marks_that_a_box_would_show(exercise):
    praise = exercise.praise
    praise = praise(**exercise.given()) if callable(praise) else praise
    for text in (*exercise.hints, praise, *(mistake.says for mistake in exercise.mistakes)):
        assert not re.search(r"`|(?<!\w)\*\w[^*]*\w\*(?!\w)|\$.*\$|player below", text), text


FUNCTIONS = [e for e in EXERCISES if callable(e.hand_in(**e.given()))]


@each("exercise", FUNCTIONS, ids=lambda e: e.name)
@each("typed", ["x*x + 6x", 10, [1, 2]], ids=repr)
def test_where_a_function_is_asked_for_anything_else_is_told_so(exercise, typed):
    verdict = exercise.judge(typed, **exercise.given())
    assert not verdict.right
    assert verdict.text.startswith("This needs a function or a class")
    assert f"but got {type(typed).__name__}" in verdict.text


@pytest.mark.parametrize("name", ["own-autograd 2", "own-autograd 5"])
def test_an_operation_that_returns_a_plain_number_is_told_what_to_return(name):
    exercise = find(name)
    plain = (lambda a, b=1: a.data, lambda a, b=1: a.data)
    verdict = exercise.judge(plain, **exercise.given())
    assert "It returns float" in verdict.text
    assert "Return a MyValue" in verdict.text


def test_a_function_of_pytorch_given_our_tensor_is_told_whose_tensor_it_is():
    def as_pytorch_refuses(x):
        raise TypeError("layer_norm(): argument 'input' (position 1) must be Tensor, not Tensor")

    said = find("pytorch 3").judge(as_pytorch_refuses).text
    assert said.startswith("x comes as a tensor of this library")
    assert "ended with TypeError" in find("pytorch 3").judge(lambda x: x + {}).text


def test_every_misconception_is_met_by_at_least_one_exercise():
    met = {mistake.belief for exercise in EXERCISES for mistake in exercise.mistakes}
    assert met - {None} == set(Misconception)


def test_names_are_unique_and_find_their_exercise():
    assert len({exercise.name for exercise in EXERCISES}) == len(EXERCISES)
    for exercise in EXERCISES:
        assert find(exercise.name) is exercise


def test_an_answer_that_was_not_foreseen_but_holds_is_right():
    def step(w, loss):
        loss.backward()
        w.data = w.data - w.grad / 10
        w.zero_grad()

    def order(result):
        found, waiting = [], [result]
        while waiting:
            node = waiting.pop()
            found = [other for other in found if other is not node] + [node]
            waiting += node.parents
        return found[::-1]

    def rows_with_a_small_number_under_the_root(x):
        return ((x.T - x.mean(axis=1)) / (x.var(axis=1) + 1e-5) ** 0.5).T

    def product(a, b):
        return Node(a.data * b.data, [b, a], [a.data, b.data])

    w, x1, x2 = Value(0.5), Value(1.0), Value(-2.0)
    for name, answer in [
        ("perceptron 3", (3, -2, -2)),
        ("perceptron 3", "1.9; -1; -1.5"),
        ("perceptron 3", "1,9; -1; -1,5"),
        ("activations 3", lambda x: (sigmoid(x + x) - 0.5) * 2),
        ("activations 3", lambda x: (exp(2 * x) - 1) / (exp(2 * x) + 1)),
        ("first-network 4", step),
        ("first-network 5", (x2 * w + x1 * w).tanh()),
        ("first-network 5", tanh(w * x1 - (-x2) * w)),
        ("backpropagation 4", lambda x: x**2 + 6 * x),
        ("backpropagation 4", lambda x: x * x * x - 2 * x),
        ("backpropagation 4", lambda x: 2.5 * x * x),
        ("backpropagation 2", [4, 4, 4.0]),
        ("own-autograd 2", (lambda a, b: Node(a.data + b.data, [a, b], [1, 1]), product)),
        ("own-autograd 3", order),
        ("practice 3", "TRAINING"),
        ("attention 4", 15.0),
        ("pytorch 3", rows_with_a_small_number_under_the_root),
    ]:
        exercise = find(name)
        verdict = exercise.judge(answer, **exercise.given())
        assert verdict.right, (name, verdict.text)
    for asks in (lambda x: tanh(x) + 0.0, tanh, np.tanh):
        library = find("activations 3").judge(asks)
        assert library.text == "That asks the library for tanh. Write it with sigmoid alone."


def test_the_right_numbers_by_a_wrong_rule_are_not_right():
    class Swapped(Node):
        def __init__(self, data, parents=(), local_derivatives=()):
            super().__init__(data, local_derivatives, parents)

    def node_of(parents):
        return lambda a, b: Node(a.data * b.data, parents(a, b), (b.data, a.data))

    def only_the_first(parameters, loss_of):
        own_autograd._step(parameters[:1], loss_of)

    def add(a, b):
        return Node(a.data + b.data, (a, b), (1, 1))

    bent, power = find("own-autograd 5").hand_in(MyValue=Node)
    for name, answer, said in [
        ("own-autograd 1", Swapped, ""),
        ("own-autograd 2", (add, node_of(lambda a, b: (a.data, b.data))), ""),
        ("own-autograd 2", (add, node_of(lambda a, b: (b, a))), "A product swaps"),
        ("own-autograd 2", (add, node_of(lambda a, b: a)), "two tuples of the same length"),
        ("own-autograd 5", (lambda a: Node(math.tanh(a.data), (), ()), power), ""),
        ("own-autograd 5", (bent, lambda a, n: Node(a.data**n, (a,), (n * a.data * (n - 1),))), ""),
        ("own-autograd 5", (bent, lambda a, n: Node(a.data**n, (a,), (3 * a.data**2,))), ""),
        ("own-autograd 6", only_the_first, ""),
    ]:
        verdict = find(name).judge(answer, **find(name).given())
        assert not verdict.right, (name, said)
        assert said in verdict.text


# --- what the answers on paper are held against: the library


def test_the_answers_on_paper_are_those_of_the_library():
    def right(name):
        return find(name).right()

    neuron = nn.Perceptron(2)
    neuron.bias.data, neuron.weight.data = 1.0, [3.0, -2.0]
    assert right("perceptron 1") == neuron.preactivation([2.0, 1.0]).item()
    assert neuron.preactivation([3.0, right("perceptron 2")]).item() == 0
    w2 = Value(0.0)
    nn.functional.perceptron_loss(0.4 + w2 * 5, -1).backward()
    assert right("perceptron 4") == w2.grad

    assert right("activations 1") == grad(sigmoid)(0.0)
    assert right("activations 2") == pytest.approx(nn.functional.softmax(np.full(4, 7.0))[0])
    layers = nn.MLP(3, [5], 2)
    assert right("first-network 1") == layers.flat().data.size
    assert right("first-network 2") == pytest.approx(nn.BCELoss()([0.5, 0.5], [1, 0]).item())
    number = Value(3.0)
    (number * number).backward()
    (number * number).backward()
    assert right("first-network 3") == number.grad

    assert right("backpropagation 1") == grad(lambda x: (2 * x + 1) ** 3)(1.0)
    logit = Value(float(np.log(0.8 / 0.2)))
    nn.functional.binary_cross_entropy(sigmoid(logit), 0.0).backward()
    assert right("backpropagation 3") == pytest.approx(logit.grad)
    gates = [lambda a, b: 2 * (a + b), lambda a, b: 2 * (a * b), lambda a, b: 2 * maximum(a, b)]
    slopes = [grad(gate, argnums=(0, 1))(3.0, 4.0) for gate in gates]
    assert np.ravel(slopes).tolist() == right("backpropagation 6")

    assert right("losses 1") == pytest.approx(nn.MSELoss()([1.0, 2.0, 4.0], [1.0, 4.0, 4.0]))
    assert right("losses 2") == pytest.approx(nn.CrossEntropyLoss()(np.zeros((1, 10)), [3]))
    scores = Tensor(np.log([0.7, 0.2, 0.1]), requires_grad=True)
    nn.CrossEntropyLoss()(scores, 1).backward()
    assert right("losses 3") == pytest.approx(scores.grad)
    scores = Tensor(np.zeros((1, 4)), requires_grad=True)
    nn.CrossEntropyLoss(label_smoothing=0.1)(scores, [1]).backward()
    assert right("losses 4") == pytest.approx(0.25 - scores.grad[0])  # p − target, with p = 1/4
    assert right("mini-batches 1") == 3 * len(nn.data.Batches((np.zeros(1000),) * 2, 64))

    hidden = Tensor([0.3, -0.4, 1.5], requires_grad=True)
    relu(hidden).backward(np.array([-2.0, -1.0, 0.5]))
    assert right("pytorch 1") == hidden.grad.tolist()
    bias = Tensor(np.zeros(2), requires_grad=True)
    scores = np.log([[0.6, 0.4], [0.8, 0.2]]) + bias
    nn.CrossEntropyLoss()(scores, [0, 0]).backward()
    assert right("pytorch 2") == pytest.approx(bias.grad[0])
    rows = nn.LayerNorm(3, eps=1e-12)
    assert find("pytorch 3").judge(rows).right
    sure = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert right("pytorch 4") == pytest.approx(nn.CrossEntropyLoss()(sure, [0, 1]).item())


# --- what is said


def example(**changes):
    settings = {
        "right": lambda: 0.6931,
        "mistakes": (Mistake(lambda: 0.5, "That is the probability itself."),),
        "hints": ("Take the logarithm.", "Its minus sign, too."),
    }
    return Exercise("an exercise", **(settings | changes))


def said(exercise, answer, **given):
    with pytest.raises(WrongAnswer, match="Not yet") as caught:
        check(exercise, answer, **given)
    return str(caught.value).split("\n", 1)[1]


def test_the_second_wrong_answer_brings_a_second_hint_and_a_right_one_starts_anew(capsys):
    assert said(example(), 3) == "Take the logarithm."
    assert said(example(), 4) == "Take the logarithm.\nIts minus sign, too."
    check(example(), 0.69)
    assert capsys.readouterr().out == "Right.\n"
    assert said(example(), 3) == "Take the logarithm."


def test_a_recognised_mistake_is_told_first_and_hints_follow_on_the_second_try():
    assert said(example(), 0.5) == "That is the probability itself."
    again = "That is the probability itself.\nTake the logarithm.\nIts minus sign, too."
    assert said(example(), "0,5") == again


@pytest.mark.parametrize(
    ("right", "answer", "remark"),
    [
        (0.6931, -0.69, "The size is right, the sign is not."),
        (0.6931, 0.7, "That is near. Give two digits at least; zeros in front do not count."),
        (0.25, 25, "Give it as a share"),
        ([1.5, 2.5, 4.5], [4.5, 2.5, 1.5], "These are the right numbers, in another order."),
        ([1.5, 2.5, 4.5], [1.5, 2.1, 4.9], "Look again at the second and the third number"),
        ([1.5, 2.5, 4.5], [1.5, 2.5], "This needs 3 numbers, but got 2."),
        ([[1, 2, 3], [4, 5, 6]], np.ones((3, 2)), "Are rows and columns swapped?"),
        (0.6931, "ln", "This needs a number, such as 0.5 or 1/3, but got 'ln'."),
        (0.6931, {"a": 1}, "This needs a number, but got dict"),
    ],
)
def test_what_no_known_mistake_explains_gets_a_remark_of_its_own(right, answer, remark):
    assert remark in said(example(right=lambda: right, mistakes=()), answer)


def test_a_whole_number_is_exact_and_any_order_may_be_allowed():
    assert example(right=lambda: 144).judge(144.0).right
    assert not example(right=lambda: 144).judge(144.2).right
    assert "has to be exact" in said(example(right=lambda: [144, 1], mistakes=()), [144.0001, 1])
    assert "needs a number" in said(example(right=lambda: 1.5), 10**400)
    assert example(right=lambda: [1.0, 2.0], any_order=True).judge([2, 1]).right


def test_a_function_that_fails_is_told_and_one_with_dots_is_no_answer(capsys):
    exercise = example(seen=lambda f: f(1.0))
    assert "ended with ZeroDivisionError" in said(exercise, lambda x: x / 0)
    earlier = ...
    assert "An earlier answer" in said(exercise, lambda x: earlier(x) + 1)
    check(exercise, lambda x: ...)
    assert capsys.readouterr().out.startswith("No answer yet.")


def test_dots_in_an_index_are_no_missing_answer(capsys):
    exercise = example(right=lambda: 3.0, seen=lambda f: f(np.array([[1.0, 3.0]])))
    last = -1

    def with_its_template(x):
        # return ...
        return x[..., last]

    check(exercise, lambda x: x[..., last])
    check(exercise, with_its_template)
    assert capsys.readouterr().out.count("Right.") == 2
    check(exercise, lambda x: [x[..., last], ...])
    assert capsys.readouterr().out.startswith("No answer yet.")


@pytest.mark.parametrize("answer", [..., "...", (1, ...), [...], None, ""], ids=repr)
def test_no_answer_is_quiet_for_learners_and_a_failure_for_graders(answer, capsys, monkeypatch):
    check(example(), answer)
    assert capsys.readouterr().out.startswith("No answer yet.")
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(NoAnswer, match="in the place of the dots"):
        check(example(), answer)


def test_a_word_without_quotes_is_told_so():
    exercise = example(right=lambda: "b", mistakes=(), choices=("a", "b"))
    assert (
        said(exercise, 1)
        == "This needs one of 'a', 'b', in quotes, but got 1.\nTake the logarithm."
    )
    assert said(exercise, "c").startswith("This needs one of 'a', 'b', but got 'c'.")
    assert exercise.judge(" B").right


def test_an_unknown_exercise_is_refused_by_its_name():
    for name in ("losses 99", "nothing 1", "losses", "", "os.path 1"):
        with pytest.raises(ValueError, match="no exercise is called"):
            check(name, 1)


# --- how it looks


def test_a_notebook_shows_a_box_with_words_and_one_line_for_graders():
    shell = InteractiveShell.instance()
    try:
        shell.push({"check": check, "exercise": example(mistakes=())})
        with capture_output() as captured:
            result = shell.run_cell("check(exercise, '<b>')")
    finally:
        InteractiveShell.clear_instance()
    assert isinstance(result.error_in_exec, WrongAnswer)
    (box,) = captured.outputs
    assert '<div role="alert"' in box.data["text/html"]
    assert "Not yet." in box.data["text/html"]
    assert "&lt;b&gt;" in box.data["text/html"]
    assert "Traceback" not in captured.stdout
    assert "an exercise: not yet" in captured.stdout


@pytest.mark.parametrize("kind", ["right", "wrong", "empty"])
def test_the_box_says_in_words_and_signs_what_its_colour_says(kind):
    text = showing.as_html(kind, "Heading.", ["Say"])
    assert "Heading." in text
    assert 'aria-hidden="true"' in text
    assert "color:" not in text.replace("border", "")  # the reader's own, in the dark as well


def test_a_terminal_without_our_signs_gets_text_all_the_same(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(showing, "_shell", lambda: None)
    check(example(praise="−ln ½"), 0.69)
    stream.flush()
    assert stream.buffer.getvalue().startswith(b"Right.")


def test_a_flipbook_holds_every_picture_and_asks_the_network_for_nothing():
    figure, ax = plt.subplots(figsize=(1, 1))
    book = flipbook(figure, lambda k: ax.plot([0, k]), 3, 'A line, "steeper" each time.')
    assert not plt.fignum_exists(figure.number)
    assert len({*book.pictures}) == 3
    page = book._repr_html_()
    assert page.count("data:image/png;base64,") == 4  # the first one is shown at once
    assert 'alt="A line, &quot;steeper&quot; each time."' in page
    assert "http" not in page
    assert page != book._repr_html_()  # shown twice, each has its own buttons
    with pytest.raises(ValueError, match="count must be >= 1, but got 0"):
        flipbook(figure, print, 0, "")


# --- how numbers are read and compared


@each(
    ("given", "right", "expected"),
    [
        (0.69, 0.693147, True),
        (0.693, 0.693147, True),
        (0.68, 0.693147, False),
        (0.7, 0.693147, False),
        (0.66, 2 / 3, True),
        (0.67, 2 / 3, True),
        (0.33, 1 / 3, True),
        (0.3, 1 / 3, False),
        (5.9, 6.0, False),
        (6.1, 6.0, False),
        (6.0000001, 6.0, True),
        (0.13, 0.125, True),
        (0.12, 0.125, True),
        (1e-9, 0.0, True),
        (0.01, 0.0, False),
        (float("inf"), float("inf"), True),
        (float("nan"), 1.0, False),
        (-2.3, 2.303, False),
    ],
)
def test_two_digits_are_enough_and_one_is_not(given, right, expected):
    assert reading.same(given, right) is expected


@pytest.mark.parametrize(
    ("typed", "number"),
    [("1/3", 1 / 3), ("−2", -2), ("0,5", 0.5), ("50 %", 0.5), ("1e-3", 0.001), (" '4' ", 4)],
)
def test_numbers_are_read_as_people_write_them(typed, number):
    assert reading.number(typed) == pytest.approx(number)


@pytest.mark.parametrize("typed", ["", "x", "1/0", "1/2/3", "--1"])
def test_what_is_no_number_is_told(typed):
    with pytest.raises(reading.NotReadableError, match="needs a number"):
        reading.number(typed)
