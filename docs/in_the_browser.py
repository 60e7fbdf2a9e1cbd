"""What the site has in the browser: the course in JupyterLite, and the page "try it here".

Both use one Python, `lite/static/pyodide` of the site, which pyodide_folder.py fills.
"""

import importlib.metadata
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from pyodide_folder import AT_START, Folder

DOCS = pathlib.Path(__file__).resolve().parent
NOTEBOOKS = DOCS.parent / "notebooks"
KERNEL = "@jupyterlite/pyodide-kernel-extension"


def link_to(notebook):
    """The cell of a notebook's page that leads to the notebook itself."""
    address = f"../lite/notebooks/index.html?path={notebook}"
    text = f'<p><a href="{address}">Run this notebook in your browser</a>, nothing to install</p>'
    return {"cell_type": "markdown", "id": "in-the-browser", "metadata": {}, "source": text}


def build(app, failure):
    """Called by Sphinx when the pages are written."""
    if failure or app.builder.format != "html":
        return
    site = pathlib.Path(app.outdir)
    wheel = os.environ.get("GLASSGRAD_PYODIDE_NUMPY")
    with tempfile.TemporaryDirectory() as temporary:
        place = pathlib.Path(temporary)
        pyodide = pathlib.Path(os.environ["GLASSGRAD_PYODIDE"])
        folder = Folder(pyodide, place / "static" / "pyodide", wheel and pathlib.Path(wheel))
        folder.fill()
        write_settings(place)
        jupyterlite(place, site / "lite")
    shutil.copytree(DOCS / "try", site / "try", dirs_exist_ok=True)


def write_settings(place):
    """What JupyterLite's builder is told, and what its page reads."""
    files = importlib.metadata.files("jupyterlite-pyodide-kernel")
    (manifest,) = (file for file in files if file.match(f"{KERNEL}/package.json"))
    builder = {
        "LiteBuildConfig": {
            "apps": ["lab", "notebooks"],
            "contents": [str(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))],
            # not what else Jupyter has on this machine
            "ignore_sys_prefix": ["federated_extensions"],
            "federated_extensions": [str(manifest.locate().parent)],
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
        }
    }
    kernel = {"disablePyPIFallback": True, "loadPyodideOptions": {"packages": AT_START}}
    page = {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "glassgrad",
            "litePluginSettings": {f"{KERNEL}:kernel": kernel},
        },
    }
    (place / "jupyter_lite_config.json").write_text(json.dumps(builder), "utf-8")
    (place / "jupyter-lite.json").write_text(json.dumps(page), "utf-8")


def jupyterlite(place, target):
    """Run its builder anew, in the folder with the settings."""
    shutil.rmtree(target, ignore_errors=True)
    command = [sys.executable, "-m", "jupyter", "lite", "build", "--output-dir", str(target)]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command[1:])}:\n{done.stdout}\n{done.stderr}")
