"""Files of others named autograd, nn or optim are told of, with the remedy."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OWN_PACKAGE = "class Value:\n    'as one writes it in a lecture'\n"


def run(folder, *command, path=ROOT):
    """What Python says on stderr when it runs there, with glassgrad installed elsewhere."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    ).stderr


@pytest.mark.parametrize(
    ("package", "file"), [("nn", "autograd.py"), ("optim", "autograd/__init__.py")]
)
def test_an_autograd_of_the_users_is_named_by_what_needs_ours(tmp_path, package, file):
    place = tmp_path / file
    place.parent.mkdir(exist_ok=True)
    place.write_text(OWN_PACKAGE)
    last = run(tmp_path, "-c", f"import {package}").splitlines()[-1]
    assert last.startswith(f"ImportError: {package}: needs glassgrad's autograd")
    assert str(place) in last
    assert "Rename the file or folder autograd, if it is yours" in last


@pytest.mark.parametrize("program", ["import nn\nnn.MLP(2, [3], 1)", "from optim import SGD"])
def test_a_script_named_autograd_is_told_so(tmp_path, program):
    (tmp_path / "autograd.py").write_text(program)
    said = run(tmp_path, "autograd.py").splitlines()[-1]
    assert "needs glassgrad's autograd, but Python finds another first" in said


def test_what_remains_after_another_autograd_was_uninstalled_is_told_how_to_mend(tmp_path):
    shutil.copytree(ROOT / "nn", tmp_path / "nn")
    (tmp_path / "autograd/rules").mkdir(parents=True)  # its __init__.py went with the other
    said = run(tmp_path, "-S", "-c", "import nn", path="").splitlines()[-1]
    assert "pip install --force-reinstall glassgrad" in said


def test_pypis_autograd_in_the_folder_of_ours_is_told(tmp_path):
    shutil.copytree(ROOT / "autograd", tmp_path / "autograd")
    (tmp_path / "autograd/numpy").mkdir()
    (tmp_path / "autograd/numpy/numpy_vspaces.py").touch()
    said = run(tmp_path, "-c", "import autograd")
    assert "UserWarning: autograd: PyPI's autograd is installed into the same folder" in said
    assert "pip uninstall autograd" in said
    on_colab = "import sys; sys.modules['google.colab'] = sys; import autograd"
    assert "PyPI" not in run(tmp_path, "-c", on_colab)


def test_files_that_hide_our_packages_are_named_where_autograd_is_imported(tmp_path):
    (tmp_path / "nn.py").write_text("")
    (tmp_path / "optim").mkdir()
    (tmp_path / "optim/__init__.py").write_text("")
    (tmp_path / "lesson.py").write_text("\nimport autograd\n")
    said = run(tmp_path, "lesson.py")
    for name, place in (("nn", "nn.py"), ("optim", "optim")):
        assert f"lesson.py:2: UserWarning: autograd: `import {name}` gives {tmp_path}" in said
        assert f"{place}, which hides glassgrad's {name}. Rename it" in said


def test_a_package_that_autograd_itself_lacks_is_not_taken_for_another_autograd(tmp_path):
    for package in ("autograd", "nn"):
        shutil.copytree(ROOT / package, tmp_path / package)
    (tmp_path / "numpy.py").write_text("import a_package_that_is_missing")
    assert run(tmp_path, "-c", "import nn").splitlines()[-1] == (
        "ModuleNotFoundError: No module named 'a_package_that_is_missing'"
    )


def test_with_nothing_in_the_way_nothing_is_said(tmp_path):
    (tmp_path / "lesson.py").write_text("import autograd, nn, optim")
    assert run(tmp_path, "lesson.py") == ""
