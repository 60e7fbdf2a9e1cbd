"""Module and Parameter: what belongs to a model, where its numbers lie, and what is refused."""

import copy
import operator
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import nn
from autograd import GraphError, ShapeError, Tensor, Value
from nn import Linear, Module, Parameter, Sequential, Tanh
from optim import SGD
from tests.each import each


class Tower(Module):
    """Parameters and modules in every place where they are looked for."""

    def __init__(self):
        self.scale = Parameter(2.0)
        self.stack = [Linear(2, 2), (Tanh(), Linear(2, 3))]
        self.heads = {"left": Linear(3, 1), "right": Linear(3, 1, bias=False)}
        self.note = "no parameter"

    def forward(self, x):
        x = self.stack[0](x)
        for layer in self.stack[1]:
            x = layer(x)
        return self.scale * (self.heads["left"](x) + self.heads["right"](x)).sum()


X = [[0.5, -1.0], [2.0, 0.25]]


def gradients(model, x=X):
    model.zero_grad()
    model(x).sum().backward()
    return [p.grad.copy() for p in model.parameters()]


# --- what belongs to a module ---------------------------------------------------------------------


def test_parameters_are_found_in_attributes_lists_tuples_and_dicts_with_their_names():
    assert [name for name, _ in Tower().named_parameters()] == [
        "scale",
        "stack.0.weight",
        "stack.0.bias",
        "stack.1.1.weight",
        "stack.1.1.bias",
        "heads.left.weight",
        "heads.left.bias",
        "heads.right.weight",
    ]


def test_children_are_the_modules_one_level_below():
    model = Tower()
    assert [name for name, _ in model.named_children()] == [
        "stack.0",
        "stack.1.0",
        "stack.1.1",
        "heads.left",
        "heads.right",
    ]
    assert model.children()[0] is model.stack[0]


def test_modules_lists_the_module_itself_and_all_below_it_once():
    shared = Tanh()
    inner = Sequential(Linear(1, 1), shared)
    model = Sequential(inner, shared)
    assert model.modules() == [model, inner, inner[0], shared]


def test_a_module_needs_no_call_of_super_init():
    class Bare(Module):
        def __init__(self):
            self.w = Parameter([1.0])

    class BareWithoutInit(Module):
        pass

    assert len(Bare().parameters()) == 1
    assert BareWithoutInit().parameters() == []


def test_a_parameter_used_in_two_places_counts_once_and_gets_both_gradients():
    first, second = Linear(2, 2, bias=False), Linear(2, 2, bias=False)
    second.weight = first.weight
    model = Sequential(first, second)
    assert [name for name, _ in model.named_parameters()] == ["0.weight"]
    w = first.weight.data.copy()
    model.flat()
    model([1.0, 1.0]).sum().backward()
    # d/dW of sum(W W x) = (sum over rows of W)ᵀ outer x, plus ones outer (W x)
    x = np.ones(2)
    expected = np.outer(w.sum(axis=0), x) + np.outer(np.ones(2), w @ x)
    np.testing.assert_allclose(first.weight.grad, expected, rtol=1e-14)


def test_a_module_that_holds_itself_is_listed_once():
    model = Sequential(Linear(1, 1))
    model[0].owner = model
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias"]
    assert model.modules() == [model, model[0]]
    assert repr(model) == "Sequential(\n  0: Linear(1 -> 1\n    owner: ...\n  )\n)"
    rows = [line.split() for line in model.summary([[1.0]]).splitlines()[2:]]
    assert rows == [["Sequential", "(1,", "1)", "2"], ["0:", "Linear", "(1,", "1)", "2"]]


def test_train_and_eval_reach_every_module_and_return_the_model():
    model = Tower()
    assert all(m.training for m in model.modules())
    assert model.eval() is model
    assert not any(m.training for m in model.modules())
    assert model.train() is model
    assert all(m.training for m in model.modules())


def test_a_misspelt_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="wieght"):
        Linear(1, 1).wieght  # noqa: B018


def test_a_module_without_forward_says_so_when_called():
    class Unfinished(Module):
        pass

    with pytest.raises(NotImplementedError, match=r"Unfinished: needs a method forward"):
        Unfinished()(1.0)


def test_a_parameter_is_not_replaced_by_a_tensor_unnoticed():
    layer = Linear(2, 1)
    with pytest.raises(TypeError, match=r"weight is a Parameter .* got a Tensor.*weight\.data"):
        layer.weight = layer.weight - 0.1
    with pytest.raises(TypeError, match=r"bias is a Parameter .* got a float"):
        layer.bias = 0.0
    layer.bias = None
    layer.weight = Parameter([[1.0, 2.0]])
    assert layer([1.0, 1.0]).data.tolist() == [3.0]


def test_repr_shows_the_tree():
    assert repr(Sequential(Sequential(Linear(2, 3), nn.ReLU()), nn.LeakyReLU(0.2))) == (
        "Sequential(\n"
        "  0: Sequential(\n"
        "    0: Linear(2 -> 3)\n"
        "    1: ReLU()\n"
        "  )\n"
        "  1: LeakyReLU(0.2)\n"
        ")"
    )
    assert repr(Linear(2, 3, bias=False)) == "Linear(2 -> 3, bias=False)"


# --- Parameter ------------------------------------------------------------------------------------


def test_a_parameter_copies_what_it_starts_from():
    array = np.array([1.0, 2.0])
    p = Parameter(array)
    p.data -= 1.0
    assert_array_equal(array, [1.0, 2.0])
    assert_array_equal(p.data, [0.0, 1.0])


def test_a_parameter_is_float64_unless_told_otherwise():
    assert Parameter([1.0, 2.0]).dtype == np.float64
    assert Parameter([1, 2], dtype=float).dtype == np.float64
    assert Parameter(np.ones(2, np.float32)).dtype == np.float32
    assert Parameter([1.0], dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize("gather", [False, True], ids=["alone", "in a flat array"])
def test_assigned_data_and_gradients_are_written_where_the_parameter_lies(gather):
    layer = Linear(2, 1)
    if gather:
        layer.flat()
    array = layer.weight.data
    layer.weight.data = [[5.0, 6.0]]
    assert array.tolist() == [[5.0, 6.0]]
    layer.weight.data -= 1.0
    layer.weight.data[0, 0] = 0.0
    assert array.tolist() == [[0.0, 5.0]]
    layer.weight.data = layer.weight.data[:, ::-1]
    assert array.tolist() == [[5.0, 0.0]]
    layer.weight.grad = [[1.0, 2.0]]
    gradient = layer.weight.grad
    layer([1.0, 1.0]).sum().backward()
    assert layer.weight.grad is gradient
    assert gradient.tolist() == [[2.0, 3.0]]


def in_place(model):
    model[0].weight.data -= 1.0


def at_once(model):
    model.flat().data = np.zeros(model.flat().data.size)


def by_a_step(model):
    model(X).sum().backward()
    SGD(model.parameters(), lr=0.1).step()


def from_the_close_up(model):
    model.scalars().parameters()[0].data = 0.0


@pytest.mark.parametrize("write", [in_place, at_once, by_a_step, from_the_close_up])
def test_a_write_between_the_loss_and_its_backward_pass_is_refused(write):
    model = Sequential(Linear(2, 2), Tanh(), Linear(2, 1))
    SGD(model.parameters(), lr=0.1)
    model.flat()
    loss = model(X).sum()
    write(model)
    with pytest.raises(GraphError, match="was written to after the operation was recorded"):
        loss.backward()
    gradients(model)


def test_an_update_that_would_miss_the_model_is_refused():
    model = Linear(2, 1)
    weight = model.weight.data.copy()
    model([1.0, 2.0]).sum().backward()
    for p in model.parameters():
        with pytest.raises(TypeError, match=r"leave the model as it is.*p\.data -= "):
            operator.isub(p, 0.1 * p.grad)
        p.data -= 0.1 * p.grad
    np.testing.assert_allclose(model.weight.data, weight - [[0.1, 0.2]])


def test_gathering_between_the_loss_and_its_backward_pass_does_no_harm():
    model = Sequential(Linear(2, 2), Tanh(), Linear(2, 1))
    expected = gradients(model)
    model.zero_grad()
    loss = model(X).sum()
    model.flat()
    loss.backward()
    for before, p in zip(expected, model.parameters()):
        assert_array_equal(p.grad, before)


def test_the_gradient_is_none_until_one_arrives_and_again_after_zero_grad():
    layer = Linear(2, 1)
    layer.flat()
    assert layer.weight.grad is None
    layer([1.0, 2.0]).sum().backward()
    assert layer.weight.grad.tolist() == [[1.0, 2.0]]
    layer.zero_grad()
    assert layer.weight.grad is None
    layer([3.0, 4.0]).sum().backward()
    assert layer.weight.grad.tolist() == [[3.0, 4.0]]


def test_gradients_of_two_backward_passes_add_up():
    layer = Linear(2, 1)
    for _ in range(2):
        layer([1.0, 2.0]).sum().backward()
    assert layer.weight.grad.tolist() == [[2.0, 4.0]]


def test_a_wrong_shape_is_refused():
    p = Parameter([1.0, 2.0])
    with pytest.raises(ShapeError, match=r"data needs shape \(2,\), but got \(3,\)"):
        p.data = [1.0, 2.0, 3.0]
    with pytest.raises(ShapeError, match=r"grad needs shape \(2,\), but got \(\)"):
        p.grad = 1.0


def test_a_parameter_of_anything_but_floats_is_refused():
    for data in (["a"], [1, 2], [True]):
        with pytest.raises(TypeError, match="needs an array of floats"):
            Parameter(data)
    with pytest.raises(TypeError, match=r"\.data"):
        Parameter(Tensor([1.0]))


# --- one flat array -------------------------------------------------------------------------------


def test_flat_holds_all_numbers_and_gradients_in_order():
    model = Tower()
    separate = np.concatenate([p.data.ravel() for p in model.parameters()])
    expected = gradients(model)
    flat = model.flat()
    assert_array_equal(flat.data, separate)
    assert_array_equal(flat.grad, np.concatenate([g.ravel() for g in expected]))
    assert all(np.shares_memory(p.data, flat.data) for p in model.parameters())
    for before, after in zip(expected, gradients(model)):
        assert_array_equal(before, after)


def test_flat_is_built_once():
    model = Tower()
    assert model.flat() is model.flat()


def test_flat_data_is_changed_by_assigning_all_of_it():
    flat = Linear(1, 1).flat()
    with pytest.raises(ValueError, match="read-only"):
        flat.data[0] = 1.0
    with pytest.raises(ShapeError, match=r"Flat: data needs shape \(2,\), but got \(1,\)"):
        flat.data = [1.0]


def test_flat_gradient_is_zero_where_none_has_reached():
    model = Sequential(Linear(1, 1), Linear(1, 1))
    gradients(model, [1.0])
    model.zero_grad()
    model[1]([2.0]).sum().backward()
    assert model.flat().grad.tolist() == [0.0, 0.0, 2.0, 1.0]
    assert model[0].weight.grad is None


def test_a_model_stays_right_when_a_part_of_it_was_gathered_before_and_after():
    model = Sequential(Linear(2, 2), Linear(2, 1))
    expected = gradients(model)
    part = model[0].flat()
    whole = model.flat()
    with pytest.raises(ValueError, match=r"moved to another array.*model\.flat\(\)"):
        part.data  # noqa: B018
    part = model[0].flat()
    with pytest.raises(ValueError, match=r"moved to another array"):
        whole.grad  # noqa: B018
    part.data = 2 * part.data
    model[0].weight.data /= 2
    model[0].bias.data /= 2
    for before, after in zip(expected, gradients(model)):
        assert_array_equal(before, after)


def test_a_parameter_shared_by_two_models_is_one_parameter_whichever_is_gathered():
    left, right = Linear(2, 2), Linear(2, 2)
    right.weight = left.weight
    left.flat()
    right.flat().data = np.arange(6.0)
    assert_array_equal(left.weight.data, [[0.0, 1.0], [2.0, 3.0]])
    left.flat().data = np.zeros(6)
    assert_array_equal(right.weight.data, np.zeros((2, 2)))
    assert_array_equal(right.bias.data, [4.0, 5.0])


def test_flat_needs_parameters_of_one_dtype():
    with pytest.raises(ValueError, match="needs at least one Parameter"):
        Tanh().flat()
    mixed = Sequential(Linear(1, 1))
    mixed[0].bias = Parameter(np.zeros(1, np.float32))
    with pytest.raises(TypeError, match="one dtype, but got float32 and float64"):
        mixed.flat()
    with pytest.raises(TypeError, match="needs Parameters, but got an Element"):
        Linear(1, 1).scalars().flat()


@pytest.mark.parametrize("gather", [False, True], ids=["alone", "in a flat array"])
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"]
)
def test_a_copy_has_numbers_and_gradients_of_its_own(gather, copied):
    model = Sequential(Linear(2, 2), Tanh(), Linear(2, 1))
    model[2].weight = Parameter(model[2].weight.data, label="tied")
    model[0].bias.requires_grad = False
    if gather:
        model.flat()
    model(X).sum().backward()
    twin = copied(model)
    for mine, its in zip(model.parameters(), twin.parameters()):
        assert_array_equal(mine.data, its.data)
        assert not np.shares_memory(mine.data, its.data)
        assert (mine.label, mine.requires_grad) == (its.label, its.requires_grad)
        if mine.grad is None:
            assert its.grad is None
        else:
            assert_array_equal(mine.grad, its.grad)
            assert not np.shares_memory(mine.grad, its.grad)
    before = model.flat().data.copy()
    twin.flat().data = np.zeros(before.size)
    assert_array_equal(model.flat().data, before)
    assert_array_equal(twin(X).data, np.zeros((2, 1)))


def test_a_copy_keeps_a_shared_parameter_shared():
    model = Sequential(Linear(2, 2), Linear(2, 2))
    model[1].weight = model[0].weight
    twin = copy.deepcopy(model)
    assert twin[1].weight is twin[0].weight


# --- where first numbers come from ----------------------------------------------------------------


def test_manual_seed_and_rng_repeat_what_is_drawn():
    def weights(**options):
        return Linear(3, 2, **options).flat().data.copy()

    nn.manual_seed(7)
    first = weights()
    nn.manual_seed(7)
    assert_array_equal(weights(), first)
    assert (weights() != first).all()
    drawn = weights(rng=np.random.default_rng(1))
    assert_array_equal(weights(rng=np.random.default_rng(1)), drawn)


def test_a_seed_in_the_place_of_a_generator_is_refused():
    with pytest.raises(TypeError, match=r"needs a NumPy Generator .* but got 0"):
        Linear(2, 1, rng=0)
    with pytest.raises(ValueError, match=r"^manual_seed: seed must be >= 0, but got -1\.$"):
        nn.manual_seed(-1)


# --- parts of a model, other types of float, and what a module does not learn


def test_a_slice_of_a_sequential_is_a_sequential_of_the_same_modules():
    model = nn.MLP(2, [3, 4], 1)
    part = model[:3]
    assert type(part) is nn.Sequential
    assert [*part] == [*model][:3]
    assert [*model[-2:]] == [*model][-2:]
    assert [*model[::2]] == [*model][::2]
    x = np.ones((1, 2))
    assert_array_equal(model[3:](model[:3](x)).data, model(x).data)
    part[0].weight.data = np.zeros((3, 2))
    assert not model[0].weight.data.any()


def everything():
    shared = nn.Linear(3, 3)
    return nn.Sequential(
        nn.Linear(3, 3),
        nn.BatchNorm1d(3),
        nn.Dropout(0.5),
        shared,
        nn.LayerNorm(3),
        nn.Tanh(),
        shared,
    )


@pytest.mark.parametrize("dtype", ["float16", np.float32, np.dtype("float64")])
def test_a_model_of_another_type_is_a_copy_that_computes_and_learns_in_it(dtype):
    model = everything()
    model[0].bias.requires_grad = False
    model[0].bias.label = "mine"
    model.flat()
    other = model.astype(dtype)
    dtype = np.dtype(dtype)
    assert {p.dtype for p in other.parameters()} == {dtype}
    assert other[3] is other[6]
    assert other[1].running_var.dtype == dtype
    assert other[1].num_batches_tracked.dtype == model[1].num_batches_tracked.dtype
    assert (other[0].bias.requires_grad, other[0].bias.label) == (False, "mine")
    for name, array in other.state_dict().items():
        assert_array_equal(array, model.state_dict()[name].astype(array.dtype))
    out = other(np.linspace(0, 1, 12, dtype=dtype).reshape(4, 3))
    assert out.dtype == dtype
    (out * out).sum().backward()
    assert {p.grad.dtype for p in other.parameters() if p.grad is not None} == {dtype}
    assert all(p.grad is None for p in model.parameters())
    before = model.state_dict()
    other.flat().data = np.zeros(other.flat().data.size)
    for name, array in model.state_dict().items():
        assert_array_equal(array, before[name])


@pytest.mark.parametrize("dtype", [int, "complex128", bool])
def test_a_type_that_is_no_float_is_refused(dtype):
    with pytest.raises(TypeError, match="astype: needs a type of float, but got"):
        nn.Linear(1, 1).astype(dtype)


def test_a_close_up_has_no_other_type():
    with pytest.raises(TypeError, match="astype: this is a close-up"):
        nn.Linear(1, 1).scalars().astype("float32")


@each(
    ("thing", "says"),
    [
        (Value(2.0), "w is a Value"),
        ([Value(2.0), Value(3.0)], r"w\.0 is a Value"),
        ({"a": (1, Value(2.0))}, r"w\.a\.1 is a Value"),
        (Tensor([2.0], requires_grad=True), "w is a Tensor"),
        (np.array([[Value(2.0), 1.0]]), "w is an array of Values"),
        ([np.array([1.0, Value(2.0)])], r"w\.0 is an array of Values"),
        ({Value(2.0)}, "w is a set"),
        (frozenset([nn.Parameter(2.0)]), "w is a set"),
        ({nn.Linear(1, 1)}, "w is a set"),
        (nn.scalar.MLP(2, [1]), r"w is a nn\.scalar\.MLP"),
        ([nn.scalar.Neuron(2)], r"w\.0 is a nn\.scalar\.Neuron"),
    ],
)
@each("ask", ["parameters", "state_dict", "zero_grad", "scalars", "flat"])
def test_what_asks_for_a_gradient_and_is_no_parameter_is_told(thing, says, ask):
    class Net(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)
            self.w = thing

    model = nn.Sequential(Net())
    with pytest.raises(TypeError, match=rf"Net: {says}, .* Make it of nn\.Parameter"):
        getattr(model, ask)()


def test_results_and_constants_may_be_kept_by_a_module():
    class Net(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)
            self.constant = Tensor([1.0])
            self.chosen, self.kinds = {1, 2}, np.array([nn.ReLU, None])
            self.layer_type, self.close_ups = nn.scalar.MLP, []

        def forward(self, x):
            self.last = self.layer(x) + self.constant
            self.close_ups.append(np.array([Value(1.0) + 1.0]))
            return self.last

    model = Net()
    model([1.0])
    assert len(model.parameters()) == 2


def test_values_are_learnt_by_a_module_whose_parameters_know_of_them():
    class Net(nn.Module):
        def __init__(self):
            self.w = Value(2.0)

        def parameters(self):
            return [self.w]

        def forward(self, x):
            return self.w * x[0]

    model = Net()
    loss = lambda s, y: (s - y[0]) * (s - y[0])  # noqa: E731
    nn.fit(model, loss, ([1.0], [0.5]), SGD(model.parameters(), lr=0.5), progress=False)
    assert model.w.data == 0.5
