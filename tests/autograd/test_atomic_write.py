"""Files that are written at once or not at all."""

import os
import secrets
import stat
import subprocess
import sys
import tempfile
import threading

import pytest

from autograd import Value, backprop, draw
from autograd.atomic_write import write_atomically
from nn import Linear, save
from tests.each import each
from tests.test_manual import ROOT

needs_posix = pytest.mark.skipif(os.name != "posix", reason="links and modes are POSIX's")


GRAPH = Value(2.0) * Value(3.0)


def bytes_to(path):
    write_atomically(path, b"new")


# Whatever writes a file for a user, and a name that it takes.
WRITERS = {
    "bytes": (bytes_to, "file"),
    "a model": (lambda path: save(Linear(2, 2), path), "model.safetensors"),
    "a picture": (lambda path: draw(GRAPH).save(path), "picture.svg"),
    "the player's page": (lambda path: backprop(GRAPH).save(path), "page.html"),
    "a moving picture": (lambda path: backprop(GRAPH).save(path), "moving.svg"),
}
each_writer = pytest.mark.parametrize(("write", "name"), WRITERS.values(), ids=WRITERS)


@each_writer
def test_a_new_file_is_alone_in_its_folder_and_has_the_mode_of_any_new_file(write, name, tmp_path):
    write(tmp_path / name)
    (tmp_path / "any").write_bytes(b"")
    assert sorted(os.listdir(tmp_path)) == sorted([name, "any"])
    assert (tmp_path / name).stat().st_mode == (tmp_path / "any").stat().st_mode


@each_writer
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full"), MemoryError])
@pytest.mark.parametrize("where", ["fsync", "chmod", "replace"])
def test_an_error_or_ctrl_c_leaves_the_old_file_and_no_other(
    write, name, error, where, tmp_path, monkeypatch
):
    (tmp_path / name).write_bytes(b"old")

    def stop(*_, **__):
        raise error

    monkeypatch.setattr(os, where, stop)
    with pytest.raises(error if isinstance(error, type) else OSError):
        write(tmp_path / name)
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == b"old"


@needs_posix
@each_writer
@each("mode", [0o600, 0o640, 0o755])
def test_the_mode_of_a_file_that_is_replaced_stays(write, name, mode, tmp_path):
    (tmp_path / name).write_bytes(b"old")
    (tmp_path / name).chmod(mode)
    write(tmp_path / name)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode
    assert (tmp_path / name).read_bytes() != b"old"


@needs_posix
def test_the_numbers_of_a_private_file_are_never_in_a_file_that_others_may_read(
    tmp_path, monkeypatch
):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "file").chmod(0o600)
    seen = []

    def look(_descriptor):
        (part,) = (p for p in tmp_path.iterdir() if p.name != "file")
        seen.append((part.read_bytes(), stat.S_IMODE(part.stat().st_mode)))

    monkeypatch.setattr(os, "fsync", look)
    write_atomically(tmp_path / "file", b"new")
    assert seen == [(b"new", 0o600)]


@needs_posix
@each_writer
@pytest.mark.parametrize("there", [True, False], ids=["old", "dangling"])
def test_a_link_stays_one_and_what_it_leads_to_is_replaced(write, name, there, tmp_path):
    (tmp_path / "links").mkdir()
    (tmp_path / "files").mkdir()
    link, target = tmp_path / "links" / name, tmp_path / "files" / "target"
    if there:
        target.write_bytes(b"old")
    link.symlink_to(tmp_path / "links" / "second")
    (tmp_path / "links" / "second").symlink_to("../files/target")
    write(link)
    assert link.is_symlink()
    assert target.read_bytes() != b"old"
    assert os.listdir(tmp_path / "files") == ["target"]
    assert sorted(os.listdir(tmp_path / "links")) == sorted([name, "second"])


@needs_posix
def test_a_link_planted_at_the_temporary_name_is_not_followed(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    monkeypatch.setattr(secrets, "token_hex", lambda _: "guessed")
    planted = tmp_path / ".guessed.unfinished"
    planted.symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "file", b"new")
    assert victim.read_bytes() == b"precious"
    assert planted.is_symlink()
    assert not (tmp_path / "file").exists()


def test_two_writes_use_two_temporary_names(tmp_path, monkeypatch):
    names = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (names.append(a), replace(a, b)))
    for _ in range(2):
        write_atomically(tmp_path / "file", b"")
    assert len({*names}) == 2
    assert {os.path.dirname(name) for name in names} == {str(tmp_path)}


@needs_posix
def test_what_is_no_file_is_not_replaced_by_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    said = []
    reader = threading.Thread(target=lambda: said.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_atomically(tmp_path / "pipe", b"through")
    reader.join(timeout=60)
    assert said == [b"through"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    write_atomically(os.devnull, b"gone")
    assert not stat.S_ISREG(os.stat(os.devnull).st_mode)
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path, b"new")


@needs_posix
def test_a_file_that_may_not_be_written_to_is_not_replaced():
    root = os.geteuid() == 0  # who may write anything
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(b"old")
        os.chmod(path, 0o444)
        try:
            if root:
                os.seteuid(65534)
            with pytest.raises(PermissionError, match=r"file'$"):
                write_atomically(path, b"new")
        finally:
            if root:
                os.seteuid(0)
        assert os.listdir(folder) == ["file"]


def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing.file'$"):
        write_atomically(tmp_path / "missing" / "file", b"new")


PROCESS = """
import sys, nn
from autograd.atomic_write import write_atomically
path, mark = sys.argv[1:]
model = nn.MLP(16, [64], 16)
for _ in range(60):
    nn.save(model, path)
    nn.load(path)
    write_atomically(path + ".bytes", mark.encode() * 100_000)
    content = open(path + ".bytes", "rb").read()
    assert len(content) == 100_000 and len(set(content)) == 1, "torn"
"""


@pytest.mark.slow
def test_processes_that_save_and_load_at_once_never_see_half_a_file(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(tmp_path / "model.safetensors"), mark],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for mark in "ab"
    ]
    try:
        for process in processes:
            _, said = process.communicate(timeout=120)
            assert process.returncode == 0, said
    finally:
        for process in processes:
            process.kill()
    assert len(os.listdir(tmp_path)) == 2
