"""`glassgrad demo`: what it promises to print and to write."""

import importlib.util
import re

import numpy as np
import pytest

from nn import demo
from nn.datasets import iris


def test_the_demo_learns_iris_and_writes_two_pictures(tmp_path, capsys):
    folder = tmp_path / "new" / "folder"
    assert demo.main(folder) == 0
    printed, bar = capsys.readouterr()
    train, held_out = re.findall(r"accuracy: (\d+) of (\d+)", printed)
    assert train[1] == "120"
    assert held_out[1] == "30"
    assert int(train[0]) >= 114
    assert int(held_out[0]) >= 28
    assert "60/60" in bar
    for name in ("loss.svg", "neuron.svg"):
        assert f"Wrote {folder / name}" in printed
        assert "<svg" in (folder / name).read_text(encoding="utf-8")
    picture = (folder / "neuron.svg").read_text(encoding="utf-8")
    for name in ("sepal length", "petal width", "0.weight[", "hidden neuron", "ReLU"):
        assert name in picture


@pytest.mark.parametrize("missing", [["tqdm"], ["matplotlib"], ["tqdm", "matplotlib"]])
def test_the_demo_says_which_extra_to_install(missing, monkeypatch, tmp_path, capsys):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in missing else find_spec(name)
    )
    assert demo.main(tmp_path / "folder") == 2
    assert not (tmp_path / "folder").exists()
    printed, complaint = capsys.readouterr()
    assert printed == ""
    assert complaint == (
        f'demo: needs {" and ".join(missing)}: pip install "glassgrad[notebook]"\n'
    )


def test_the_drawn_neuron_has_gradients_of_its_own():
    flowers = iris()
    model = demo.MLP(4, [8], 3, rng=np.random.default_rng(0))
    for p in model.parameters():
        p.grad = np.ones(p.shape)  # as training leaves them
    x = (flowers.x[0] - flowers.x.mean(axis=0)) / flowers.x.std(axis=0)
    neuron = demo.one_neuron(model, x, flowers.feature_names)
    unit = int(neuron.label.removeprefix("hidden neuron "))
    z = model[0].weight.data @ x + model[0].bias.data
    assert unit == z.argmax()
    assert neuron.data == pytest.approx(z.max())
    np.testing.assert_allclose(model[0].weight.grad[unit], x)
    assert model[0].bias.grad[unit] == 1.0
