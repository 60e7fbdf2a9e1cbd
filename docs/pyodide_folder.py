"""Python for the browser: the part of Pyodide that the course needs, with glassgrad.

    python docs/pyodide_folder.py PYODIDE FOLDER

fills FOLDER from the folder PYODIDE: Pyodide's release unpacked, or npm's package `pyodide` and a
wheel of NumPy, which GLASSGRAD_PYODIDE_NUMPY names. The lock file lists what is there and no more:
Pyodide's own may list PyPI's autograd, which JupyterLite would load for `import autograd`.
"""

import importlib.metadata
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOCK = "pyodide-lock.json"
RUNTIME = (
    "pyodide.js",
    "pyodide.mjs",
    "pyodide.asm.js",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
)
# What Pyodide knows, and the course imports or JupyterLite's kernel is made of.
OF_PYODIDE = ("numpy", "matplotlib", "scikit-learn", "tqdm", "ipython", "jedi", "micropip")
OF_PYPI = ("comm", "graphviz")
OF_JUPYTERLITE = ("ipykernel", "piplite", "pyodide_kernel")
# JupyterLite's kernel wants them; IPython imports the second for a history, which is switched off.
STAND_INS = {
    "ssl": "",
    "sqlite3": "DatabaseError = OperationalError = Connection = type('Absent', (Exception,), {})",
}
# What a kernel has from the start; the rest comes when a cell imports it.
AT_START = [*STAND_INS, *OF_JUPYTERLITE, *OF_PYPI, "micropip", "jedi", "ipython", "glassgrad"]


class Folder:
    """A folder to fill, and what its lock file will say."""

    def __init__(self, pyodide, target, numpy_wheel=None):
        if not (pyodide / LOCK).exists():
            raise FileNotFoundError(f"{pyodide}: needs {LOCK} and the rest of Pyodide.")
        theirs = json.loads((pyodide / LOCK).read_text("utf-8"))
        self.info, self.known = theirs["info"], theirs["packages"]
        self.pyodide, self.target = pyodide, target
        self.given = {path.name: path for path in (numpy_wheel,) if path}
        self.packages, self.left_out = {}, set()

    def fill(self):
        """Make it anew: the runtime, the wheels, the lock file."""
        shutil.rmtree(self.target, ignore_errors=True)
        self.target.mkdir(parents=True)
        for name in RUNTIME:
            if (self.pyodide / name).exists():
                shutil.copy(self.pyodide / name, self.target)
        for name, source in STAND_INS.items():
            self.add_stand_in(name, source)
        for name in OF_PYODIDE:
            self.take(name)
        if "numpy" in self.left_out:
            wheel = self.known["numpy"]["file_name"]
            raise FileNotFoundError(
                f"{self.pyodide}: needs {wheel}, there or where GLASSGRAD_PYODIDE_NUMPY says."
            )
        for name in OF_PYPI:
            self.add(self.download(name))
        for path in importlib.metadata.files("jupyterlite-pyodide-kernel"):
            if path.suffix == ".whl" and path.name.startswith(OF_JUPYTERLITE):
                self.add(path.locate())
        self.add_glassgrad()
        lock = {"info": self.info, "packages": self.packages}
        (self.target / LOCK).write_text(json.dumps(lock, indent=1), "utf-8")

    def take(self, name):
        """Take a package that Pyodide knows, and what it depends on; False where that cannot be."""
        name = normal(name)
        if name in self.packages or name in self.left_out:
            return name in self.packages
        entry = self.known[name]
        file = self.given.get(entry["file_name"], self.pyodide / entry["file_name"])
        if file.exists():
            if sum_of(file) != entry["sha256"]:
                raise ValueError(
                    f"{file}: is not what Pyodide's lock file lists (its sha256 differs)."
                )
        elif entry["file_name"].endswith("-none-any.whl"):
            file = self.download(f"{name}=={entry['version']}")
        else:
            self.left_out.add(name)
            return False
        self.packages[name] = entry
        depends = [other for other in entry["depends"] if self.take(other)]
        self.add(file, **{**entry, "depends": depends})
        return True

    def add_stand_in(self, name, source):
        """What the kernel asks for and the browser has no use for, as a wheel without content."""
        wheel = self.target / f"{name}-0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            about = f"{name}-0.dist-info"
            archive.writestr(
                f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 0\n"
            )
            archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{about}/RECORD", "")
            if source:
                archive.writestr(f"{name}.py", source)
        self.add(wheel, imports=[])

    def add_glassgrad(self):
        """Pack what is here, under a name that changes with it: browsers keep files by name."""
        folder = self.target / "made"
        pip("wheel", "--no-deps", "--wheel-dir", folder, ROOT)
        (wheel,) = folder.glob("*.whl")
        name, version, *tags = wheel.name.split("-")
        named = wheel.with_name("-".join([name, version, f"0{sum_of(wheel)[:8]}", *tags]))
        wheel.rename(named)
        self.add(named, depends=["numpy", "graphviz"], imports=["autograd", "nn", "optim"])
        shutil.rmtree(folder)

    def add(self, file, **entry):
        """Copy a wheel and list it; `entry` says what is not as of most."""
        name, version = file.name.split("-")[:2]
        target = self.target / file.name
        if file != target:
            shutil.copy(file, target)
        self.packages[normal(entry.get("name", name))] = {
            "name": normal(name),
            "version": version,
            "install_dir": "site",
            "package_type": "package",
            "unvendored_tests": False,
            "imports": [name],
            "depends": [],
            **entry,
            "file_name": file.name,
            "sha256": sum_of(target),
        }

    def download(self, requirement):
        """The wheel, pure Python, that pip finds."""
        folder = self.target / "downloaded"
        python = self.info["python"].rpartition(".")[0]
        anywhere = ("--only-binary", ":all:", "--platform", "any", "--python-version", python)
        pip("download", "--no-deps", *anywhere, "--dest", folder, requirement)
        (wheel,) = folder.glob("*.whl")
        target = wheel.rename(self.target / wheel.name)
        folder.rmdir()
        return target


def pip(*arguments):
    """Run pip; what it says of a failure becomes the error."""
    command = [sys.executable, "-m", "pip", *map(str, arguments), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command[2:])}:\n{done.stderr}")


def sum_of(file):
    """What a lock file gives as sha256."""
    return sha256(file.read_bytes()).hexdigest()


def normal(name):
    """The name of a distribution as lock files have it for a key."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main():
    """What the command does."""
    pyodide, target = map(pathlib.Path, sys.argv[1:])
    numpy_wheel = os.environ.get("GLASSGRAD_PYODIDE_NUMPY")
    folder = Folder(pyodide, target, pathlib.Path(numpy_wheel) if numpy_wheel else None)
    folder.fill()
    print("left out, since they are compiled and not there:", sorted(folder.left_out) or "nothing")


if __name__ == "__main__":
    main()
