"""The reference: a page for each module whose names a package offers, in the order of use."""

import importlib
import inspect
import pathlib

import autograd
from autograd.op import COMPOSITIONS, RULEBOOK, Op

API = pathlib.Path(__file__).resolve().parent / "api"
# What is used first stands first; the rest follows in the order of `__all__`.
FIRST = {
    "autograd": "Value Tensor draw backprop explain grad compile no_grad",
    "nn": "MLP Module Linear ReLU MSELoss fit accuracy save Conv2d MaxPool2d",
    "optim": "SGD Adam",
}


def pages(package):
    """Of each page the module it is named after, and its names."""
    found = {}
    for name in (*FIRST[package.__name__].split(), *package.__all__):
        thing = getattr(package, name)
        module = "autograd.compiler" if name == "compile" else getattr(thing, "__module__", "")
        if not inspect.ismodule(thing) and not module.startswith("autograd.rules"):
            found.setdefault(module, {})[name] = thing
    # Errors are read about when they come.
    return sorted(found.items(), key=lambda page: page[0] == "autograd.errors")


def operations():
    """The same for the functions on numbers and arrays, by the rulebook's module."""
    found = {}
    for name, thing in {op.name: op for op in RULEBOOK.values()}.items() | COMPOSITIONS.items():
        if hasattr(autograd, name):
            found.setdefault(thing.__module__, {})[name] = thing
    return [(module, dict(sorted(names.items()))) for module, names in sorted(found.items())]


def signature(thing):
    """An operation takes what its forward function takes; of others autodoc knows."""
    if not isinstance(thing, Op):
        return ""
    taken = inspect.signature(thing.forward)
    bare = [each.replace(annotation=each.empty) for each in taken.parameters.values()]
    return str(taken.replace(parameters=bare, return_annotation=taken.empty))


def title(module, names):
    """One name is its own title; several are called as their module is."""
    return next(iter(names)) if len(names) == 1 else module.split(".")[-1].replace("_", " ").title()


def page(package, module, names):
    """The text of one page: what the module says of itself, and each name with its example."""
    about = inspect.getdoc(importlib.import_module(module)).strip()
    heading = title(module, names)
    lines = [f"# {heading}", "", "```{eval-rst}", about.split("\n\n")[0], ""]
    for name, thing in names.items():
        kind = "class" if inspect.isclass(thing) else "function"
        lines += [
            f".. auto{kind}:: {package}.{name}{signature(thing)}",
            "   :members:" if kind == "class" else "",
            "",
        ]
    return "\n".join([*lines, "```", ""])


def write(package, folder, found):
    """The pages of a package, and the list of them that its own page includes."""
    folder = API / folder
    folder.mkdir(exist_ok=True)
    known, shown, order = set(), [], []
    for module, names in found:
        place = folder / f"{module.split('.')[-1]}.md"
        known.add(place)
        write_if_new(place, page(package, module, names))
        linked = ", ".join(f"{{py:obj}}`~{package}.{name}`" for name in names)
        shown.append(f"- [{title(module, names)}]({folder.name}/{place.name}): {linked}")
        order.append(f"{folder.name}/{place.stem}")
    for place in {*folder.glob("*.md")} - known:
        place.unlink()
    more = sorted(path.stem for path in API.glob(f"{folder.name}.*.md"))
    shown += [f"- [`{name}`]({name}.md)" for name in more]
    toctree = ["```{toctree}", ":hidden:", "", *order, *more, "```"]
    write_if_new(folder / "contents.inc", "\n".join([*shown, "", *toctree, ""]))


def write_all(packages):
    """Every page of the reference that is made and not written."""
    for package in packages:
        write(package.__name__, package.__name__, pages(package))
    write("autograd", "operations", operations())


def write_if_new(place, text):
    """Leave alone what has not changed, so that Sphinx reads it no second time."""
    if not place.exists() or place.read_text("utf-8") != text:
        place.write_text(text, "utf-8")
