"""Models in files: what comes back, what PyTorch reads and writes, and what is refused."""

import io
import json
import os
import pathlib
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import nn
from nn import MLP, Linear, Module, Parameter, Sequential, load, save
from nn.files import from_file
from nn.safetensors import DTYPES, LONGEST_HEADER, FileError, decode, encode
from tests.each import each

ORACLES = pathlib.Path(__file__).parents[1] / "oracles"
STORED = ORACLES / "nn_torch.safetensors"
TORCH = json.loads((ORACLES / "nn_torch.json").read_text())


def some_of_everything():
    return Sequential(
        nn.Flatten(),
        nn.LayerNorm(4, eps=1e-3),
        MLP(4, [5], 3, "tanh", nn.LeakyReLU(0.2)),
        Sequential(nn.BatchNorm1d(3, momentum=0.5), nn.Dropout(0.25)),
        *(nn.activations.ACTIVATIONS[name]() for name in ("gelu", "elu", "log_softmax")),
        Linear(3, 2, bias=False),
    )


X = np.random.default_rng(0).normal(size=(6, 2, 2))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


# --- there and back -------------------------------------------------------------------------------


def test_a_saved_model_comes_back_with_its_build_and_its_numbers(path):
    model = some_of_everything()
    model(X)  # moves the running averages
    save(model, path)
    twin = load(path)
    assert repr(twin) == repr(model)
    assert [type(m) for m in twin.modules()] == [type(m) for m in model.modules()]
    for key, array in model.state_dict().items():
        assert_array_equal(twin.state_dict()[key], array, strict=True)
    assert_array_equal(twin.eval()(X).data, model.eval()(X).data)
    assert twin[3][0].momentum == 0.5
    assert twin[1].eps == 1e-3


@pytest.mark.parametrize(
    "model",
    [
        nn.Perceptron(2, "sign"),
        nn.Embedding(3, 2),
        MLP(2, [], 1),
        nn.ReLU(),
        Sequential(),
    ],
    ids=lambda m: type(m).__name__,
)
def test_every_kind_of_model_comes_back(model, path):
    save(model, path)
    twin = load(path)
    assert repr(twin) == repr(model)
    assert twin.state_dict().keys() == model.state_dict().keys()


def test_an_mlp_whose_layers_were_changed_comes_back_changed(path):
    model = MLP(2, [3], 1)
    model.layers[1] = nn.Sigmoid()
    save(model, path)
    assert [type(m).__name__ for m in load(path)] == ["Linear", "Sigmoid", "Linear"]


def test_float32_stays_float32(path):
    model = Linear(2, 1)
    model.weight = Parameter(np.ones((1, 2), np.float32))
    model.bias = Parameter(np.ones(1, np.float32))
    save(model, path)
    assert {p.dtype for p in load(path).parameters()} == {np.dtype(np.float32)}


def test_loading_leaves_the_default_generator_alone(path):
    save(MLP(2, [3], 1), path)
    nn.manual_seed(0)
    expected = Linear(2, 2).state_dict()["weight"]
    nn.manual_seed(0)
    twin = load(path)
    save(twin, path)
    assert_array_equal(Linear(2, 2).state_dict()["weight"], expected)


class Own(Module):
    def __init__(self):
        self.inner = Linear(2, 2)
        self.gain = Parameter(1.5)

    def forward(self, x):
        return self.gain * self.inner(x)


def tied():
    model = Sequential(Linear(2, 2), Linear(2, 2))
    model[1].weight = model[0].weight
    return model


@pytest.mark.parametrize(
    "make", [Own, tied, lambda: Sequential(Linear(2, 2), nn.Activation(np.sin))]
)
def test_what_cannot_be_described_is_loaded_into_a_model_of_the_same_build(make, path):
    model, twin = make(), make()
    save(model, path)
    with pytest.raises(FileError, match=r"does not say how .* load\(path, model\)"):
        load(path)
    assert load(path, twin) is twin
    assert_array_equal(twin([1.0, 2.0]).data, model([1.0, 2.0]).data)


def test_a_close_up_or_anything_else_is_not_saved(path):
    with pytest.raises(TypeError, match=r"state_dict: this is a close-up"):
        save(Linear(1, 1).scalars(), path)
    with pytest.raises(TypeError, match=r"save: needs a Module, but got a dict"):
        save({}, path)
    assert not path.exists()


def test_a_save_that_fails_leaves_the_old_file_and_no_other(path, monkeypatch):
    save(Linear(1, 1), path)
    before = path.read_bytes()

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        save(Linear(2, 2), path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


# --- PyTorch --------------------------------------------------------------------------------------


def test_a_file_that_pytorch_wrote_loads_by_name_and_answers_the_same():
    model = Sequential(Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), Linear(4, 2))
    load(STORED, model)
    figures = TORCH["stored model"]
    assert_allclose(model.eval()(figures["x"]).data, figures["out"], rtol=1e-5, atol=1e-6)


def test_what_is_written_is_the_format_that_pytorch_wrote(path):
    content = STORED.read_bytes()
    arrays, metadata = decode(content, "stored")
    assert decode(encode(arrays, metadata), "ours")[0].keys() == arrays.keys()
    save(Linear(2, 1), path)
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    assert length % 8 == 0
    assert header["weight"] == {"dtype": "F64", "shape": [1, 2], "data_offsets": [0, 16]}
    assert header["bias"] == {"dtype": "F64", "shape": [1], "data_offsets": [16, 24]}
    assert len(content) == 8 + length + 24


def test_the_safetensors_package_reads_what_we_write(path):
    package = pytest.importorskip("safetensors.numpy")
    model = some_of_everything()
    save(model, path)
    theirs = package.load_file(path)
    assert theirs.keys() == model.state_dict().keys()
    for key, array in model.state_dict().items():
        assert_array_equal(theirs[key], array, strict=True)


@each("dtype", DTYPES.values())
@each("shape", [(), (3,), (2, 3), (0,), (2, 0, 3)], ids=str)
def test_arrays_of_every_type_and_shape_come_back(dtype, shape):
    array = np.ones(shape, dtype)
    back, metadata = decode(encode({"a": array}, {}), "file")
    assert_array_equal(back["a"], array, strict=True)
    assert back["a"].flags.writeable
    assert metadata == {}


# --- what is refused ------------------------------------------------------------------------------


def file_of(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(**changes):
    return {"a": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16], **changes}}


SIXTEEN = bytes(16)
BAD = {
    "empty": b"",
    "seven bytes": b"1234567",
    "a pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    "length beyond the end": (10**6).to_bytes(8, "little") + b"{}",
    "huge length": b"\xff" * 8 + b"{}",
    "no JSON": file_of(b"{'a': 1}"),
    "no UTF-8": file_of(b"\xff\xfe\xfd"),
    "a list": file_of([1, 2]),
    "nested without end": file_of(b"[" * 100_000),
    "a name twice": file_of(
        b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},'
        b'"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
    ),
    "metadata of numbers": file_of({"__metadata__": {"a": 1}}),
    "an entry that is none": file_of({"a": 1}),
    "an entry with more": file_of(entry(code="print(1)"), SIXTEEN),
    "an unknown type": file_of(entry(dtype="BF16"), SIXTEEN),
    "a type that is a list": file_of(entry(dtype=["F64"]), SIXTEEN),
    "a Python object": file_of(entry(dtype="O"), SIXTEEN),
    "a negative shape": file_of(entry(shape=[-2]), SIXTEEN),
    "a shape of texts": file_of(entry(shape=["2"]), SIXTEEN),
    "a shape of truths": file_of(entry(shape=[True, 2]), SIXTEEN),
    "a huge shape": file_of(entry(shape=[10**30]), SIXTEEN),
    "a huge empty shape": file_of(entry(shape=[0, 10**30], data_offsets=[0, 0])),
    "too many axes": file_of(entry(shape=[1] * 99 + [2]), SIXTEEN),
    "places beyond the end": file_of(entry(data_offsets=[8, 24]), SIXTEEN),
    "places in reverse": file_of(entry(data_offsets=[16, 0]), SIXTEEN),
    "three places": file_of(entry(data_offsets=[0, 8, 16]), SIXTEEN),
    "bytes that nothing names": file_of(entry(), SIXTEEN + b"hidden"),
    "a gap": file_of(entry(data_offsets=[8, 24]), bytes(24)),
    "two in one place": file_of({**entry(), "b": entry()["a"]}, SIXTEEN),
    "two that overlap": file_of({**entry(), "b": entry(data_offsets=[8, 24])["a"]}, bytes(24)),
    "negative places": file_of(entry(data_offsets=[-16, 0]), SIXTEEN),
    "places that overflow": file_of(entry(data_offsets=[2**63, 2**63 + 16]), SIXTEEN),
    "a place that is no whole number": file_of(entry(data_offsets=[0, 16.0]), SIXTEEN),
    "numbers of many digits": file_of(
        b'{"a":{"dtype":"F64","shape":[%s],"data_offsets":[0,8]}}' % b",".join([b"9" * 4000] * 200),
        bytes(8),
    ),
    "very many axes": file_of(entry(shape=[2**60] * 10_000), SIXTEEN),
    "a long name": file_of({"x" * 500_000: 1}),
    "a long type": file_of(entry(dtype="x" * 500_000), SIXTEEN),
    "a long list of places": file_of(entry(data_offsets=list(range(100_000))), SIXTEEN),
    "many names": file_of({f"{i}": 1 for i in range(50_000)}),
    "truth values of 2": file_of(entry(dtype="BOOL", shape=[16]), b"\2" * 16),
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_file_that_breaks_the_format_is_refused(content, path):
    path.write_bytes(content)
    model = Linear(2, 1)
    before = model.state_dict()
    for given in ((), (model,)):
        with pytest.raises(FileError, match=r"load: '.*' is no safetensors file that can be read"):
            load(path, *given)
        with pytest.raises(FileError) as caught:
            load(path, *given)
        assert len(str(caught.value)) < 400 + len(str(path))
    for key, array in model.state_dict().items():
        assert_array_equal(array, before[key])


def layer(kind, **arguments):
    return {"class": kind, "arguments": arguments}


LIES = {
    "no JSON": "{",
    "no table": "3",
    "another class": layer("os.system", command="true"),
    "a class of the language": layer("__import__", name="os"),
    "a class that is a list": layer(["Linear"]),
    "nothing else": {"class": "Linear"},
    "arguments that are a list": {"class": "Linear", "arguments": [2, 1]},
    "an unknown argument": layer("Linear", in_features=2, out_features=1, hook="os.system"),
    "a missing argument": layer("Linear", in_features=2),
    "a size that is a text": layer("Linear", in_features="2", out_features=1),
    "another shape": layer("Linear", in_features=1, out_features=2),
    "a layer too few": layer("Sequential", modules=[]),
    "a layer too many": layer("Sequential", modules=[layer("Linear", in_features=1)] * 2),
    "modules that are none": layer("Sequential", modules=[1]),
    "modules that are a text": layer("Sequential", modules="ReLU"),
    "another name for modules": layer("MLP", layers=[]),
    "more memory than there is": layer("Linear", in_features=10**9, out_features=10**9),
    "a size of many digits": '{"class":"Linear","arguments":{"in_features":' + "9" * 4000 + "}}",
    "a class with a long name": layer("x" * 100_000),
    "an argument with a long name": layer("Linear", **{"x" * 100_000: 1}),
    "more memory in many layers": layer(
        "Sequential", modules=[layer("LayerNorm", normalized_shape=3)] * 10
    ),
    "nested without end": '{"class":' * 50_000,
    "nested deep": '{"class":"Sequential","arguments":{"modules":[' * 2000 + "]}}" * 2000,
}


@pytest.mark.parametrize("description", LIES.values(), ids=LIES)
def test_a_file_that_describes_another_model_is_refused(description, path):
    text = description if isinstance(description, str) else json.dumps(description)
    path.write_bytes(encode(Linear(2, 1).state_dict(), {"glassgrad": text}))
    with pytest.raises(FileError, match=r"load: '.*' describes no model of its numbers"):
        load(path)
    with pytest.raises(FileError) as caught:
        load(path)
    assert len(str(caught.value)) < 400 + len(str(path))
    load(path, Linear(2, 1))  # the numbers themselves are right


def test_no_byte_of_a_file_can_be_changed_or_cut_into_anything_but_a_model_or_an_error(path):
    model = Sequential(Linear(2, 2), nn.Dropout(0.5), nn.LeakyReLU())
    save(model, path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    mutants = [content[:end] for end in range(len(content))]
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] = rng.integers(256)
        mutants.append(bytes(changed))
    for _ in range(300):  # a part taken out, doubled, or overwritten by another
        a, b, c = sorted(rng.integers(0, len(content), 3))
        mutants += [content[:a] + content[b:], content[:b] + content[a:]]
        mutants.append(content[:a] + content[b:c] + content[b:])
    loaded = 0
    for mutant in mutants:
        try:
            twin = from_file(io.BytesIO(mutant), "mutant")
        except FileError:
            continue
        loaded += 1
        assert [p.shape for p in twin.parameters()] == [(2, 2), (2,)]
    assert loaded >= 40  # those with other numbers in them


def test_a_file_that_is_cut_anywhere_is_refused(path):
    content = STORED.read_bytes()
    for end in range(len(content)):
        with pytest.raises(FileError, match="is no safetensors file"):
            decode(content[:end], "stored")


def test_a_model_of_another_build_is_refused_and_left_alone(path):
    save(Linear(2, 1), path)
    other = Linear(3, 1)
    before = other.state_dict()
    with pytest.raises(ValueError, match=r"needs 'weight' of shape \(1, 3\), but got \(1, 2\)"):
        load(path, other)
    assert_array_equal(other.state_dict()["weight"], before["weight"])


def test_a_model_is_not_saved_to_a_folder_that_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"save: there is no folder '.*models'\. Make it"):
        save(MLP(1, [], 1), tmp_path / "models" / "line.safetensors")


@pytest.mark.parametrize("name", ["line.npz", "line.PT", b"line.pickle"])
def test_a_model_is_not_saved_under_a_name_of_another_format(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"got b?'line\..*Name it 'line\.safetensors'"):
        save(MLP(1, [], 1), name)
    assert not list(tmp_path.iterdir())


def test_load_says_that_the_path_comes_first(path):
    with pytest.raises(TypeError, match=r"load: needs the path first.*load\(path, model\)"):
        load(MLP(1, [], 1), path)


def test_a_file_that_is_not_there_is_not_found(path):
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors"):
        load(path)


# --- how much is read, and how much memory that takes ---------------------------------------------


class Reader(io.BytesIO):
    """A file that notes how many bytes are asked for."""

    asked = 0

    def read(self, size=-1):
        self.asked += len(got := super().read(size))
        return got


@pytest.mark.parametrize("length", [LONGEST_HEADER + 1, 2**21, 2**24])
def test_a_header_that_is_too_long_is_refused_before_it_is_read(length):
    file = Reader(file_of(b'{"w":1,' + b" " * length))
    with pytest.raises(FileError, match=r"its header has [\d,]+ bytes, more than 1,048,576"):
        from_file(file, "long")
    assert file.asked == 8


def test_a_number_of_many_digits_is_refused_before_it_is_made_one():
    with pytest.raises(FileError, match=r"it has a number of 4,000 digits\.$"):
        decode(BAD["numbers of many digits"], "huge")


def test_nothing_is_allocated_for_arrays_that_are_not_in_the_file(path):
    for content in BAD.values():
        path.write_bytes(content)
        tracemalloc.start()
        try:
            with pytest.raises(FileError):
                load(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 40 * len(content) + 2**20  # what Python makes of the header, as JSON


WIDE = {
    "one layer": lambda: Linear(1000, 500),
    "several layers": lambda: MLP(300, [500, 500], 100),
    "an embedding": lambda: nn.Embedding(1000, 300),
    "a perceptron": lambda: nn.Perceptron(300_000),
    "batch normalisation": lambda: nn.BatchNorm1d(100_000),
    "layer normalisation": lambda: nn.LayerNorm(200_000),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("into", ["a new model", "a model", "a model in a flat array"])
@pytest.mark.parametrize("make", WIDE.values(), ids=WIDE)
def test_loading_takes_at_most_one_and_a_half_times_the_file(make, into, dtype, path):
    saved = make()
    for tensor in saved._leaves("", set()):
        if tensor[1].dtype.kind == "f":
            tensor[1]._take_over(tensor[1].data.astype(dtype))
    save(saved, path)
    given = () if into == "a new model" else (make(),)
    if into == "a model in a flat array":
        given[0].flat()
    load(path, *given)  # imports and caches are not what is measured
    tracemalloc.start()
    try:
        loaded = load(path, *given)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 1.5 * path.stat().st_size
    for key, array in saved.state_dict().items():
        assert_array_equal(loaded.state_dict()[key], array)


def test_a_loaded_model_trains_on_in_its_own_type(path):
    model = Sequential(Linear(2, 2), nn.BatchNorm1d(2))
    for _, tensor in model._leaves("", set()):
        if tensor.dtype.kind == "f":
            tensor._take_over(tensor.data.astype("float32"))
    save(model, path)
    twin = load(path)
    for m in (model, twin):
        x = np.array([[1.0, 2.0], [3.0, 5.0]], np.float32)
        (m(x) ** 2).sum().backward()
        m.flat().data = m.flat().data - 0.1 * m.flat().grad
    for key, array in model.state_dict().items():
        assert_array_equal(twin.state_dict()[key], array, strict=True)


# --- what is refused at save ----------------------------------------------------------------------


class Named(Module):
    def __init__(self, name, array=(1.0,)):
        setattr(self, name, nn.Buffer(array))


@pytest.mark.parametrize("model", [Named("__metadata__"), Sequential(Named("__metadata__"))])
def test_a_name_that_the_format_keeps_for_itself_is_refused_at_save(model, path):
    if "__metadata__" in model.state_dict():
        with pytest.raises(ValueError, match=r"no parameter can be named '__metadata__'.*another"):
            save(model, path)
        assert not path.exists()
    else:  # in a container it is called 0.__metadata__
        save(model, path)
        load(path, model)


def test_numbers_that_the_format_does_not_know_are_refused_at_save(path):
    with pytest.raises(TypeError, match=r"save: 'odd' has numbers of the type \S+, which the for"):
        save(Named("odd", np.ones(1, np.longdouble)), path)
    assert not path.exists()


def test_more_names_than_a_header_holds_are_refused_at_save(path):
    many = Named("first")
    for i in range(20_000):
        setattr(many, f"number_{i}", nn.Buffer(np.float16(0)))
    with pytest.raises(ValueError, match=r"names and shapes of 20,001 arrays need .* 1,048,576\."):
        save(many, path)
    assert not path.exists()


def test_a_pipe_can_be_loaded_from(path):
    save(Linear(2, 1), path)
    content = path.read_bytes()

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    assert repr(from_file(Pipe(content), "pipe")) == "Linear(2 -> 1)"


def test_a_file_that_is_cut_while_it_is_read_is_refused_and_changes_nothing():
    model = Linear(2, 1)
    before = model.state_dict()

    class Cut(io.BytesIO):
        def readinto(self, buffer):
            return min(super().readinto(buffer), 8)

    with pytest.raises(FileError, match="it is cut short"):
        from_file(Cut(encode(Linear(2, 1).state_dict(), {})), "cut", model)
    for key, array in model.state_dict().items():
        assert_array_equal(array, before[key])
