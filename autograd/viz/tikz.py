r"""Writing a scene down for LaTeX (TikZ), to compile alone or with \input, and for Markdown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from autograd.viz.graph import DrawnGraph, DrawnNode
from autograd.viz.notation import MARKS
from autograd.viz.scene import (
    HOT,
    Curve,
    Polygon,
    Polyline,
    Raster,
    Rectangle,
    Scene,
    Shape,
    Text,
)
from autograd.viz.text import SUBSCRIPTS, SUPERSCRIPTS
from autograd.viz.tree import COMMANDS, Tree, latex

_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "—": r"{\rmfamily---}", "…": r"\ldots{}", "→": r"$\to$", "ᵀ": r"$^{T}$",
    "⁽": "$^{(}$", "⁾": "$^{)}$", "<": "$<$", ">": "$>$", "|": "$|$", '"': "''",
    "“": "``", "”": "''",
}  # fmt: skip
_SIGNS |= {raised: f"$^{{{k}}}$" for k, raised in SUPERSCRIPTS.items()}
_SIGNS |= {lowered: f"$_{{{k}}}$" for k, lowered in SUBSCRIPTS.items()}
_SIGNS |= {sign: f"${command}$" for sign, command in COMMANDS.items() if len(sign) == 1}
_ACCENTS = {mark: accent for accent, mark in MARKS.items()}
_BOX = r"$\square$"


def tex_text(text: str) -> str:
    r"""Any text in LaTeX; what pdflatex has no letter for becomes a box.

    Several spaces stay several, for the numbers of a matrix stand below one another by them.

    Example:
        >>> print(tex_text("ŷ₁ = 50% of “θ”"))
        $\hat{y}$$_{1}$ = 50\% of ``$\theta$''
        >>> print(tex_text("[  0 1.5]"))
        [\ \ 0 1.5]
    """
    written = "".join(_tex_character(c) for c in unicodedata.normalize("NFC", text))
    return re.sub("  +", lambda spaces: r"\ " * len(spaces[0]), written)


def _tex_character(c: str) -> str:
    if c in _SIGNS:
        return _SIGNS[c]
    apart = unicodedata.normalize("NFD", c)
    if len(apart) == 2 and apart[1] in _ACCENTS and apart[0].isascii():
        return rf"$\{_ACCENTS[apart[1]]}{{{apart[0]}}}$"
    if c.isascii() or "\u00c0" <= c <= "\u00ff":
        return c if c.isprintable() else " "
    return _BOX


def tex_document(body: str, more: str = "", kind: str = "[border=2pt]{standalone}") -> str:
    """A document for pdflatex, of a kind, with more packages than those of formulas."""
    packages = f"\\usepackage[utf8]{{inputenc}}\n\\usepackage{{amsmath,amssymb}}{more}"
    return f"\\documentclass{kind}\n{packages}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


def tex_caption(caption: str, formula: Tree | None) -> str:
    r"""What is said below a picture, in LaTeX; of a step its number and its equation.

    Example:
        >>> print(tex_caption("step 1 of 2   x² = 4", ("msup", ("mi", "x"), ("mn", "2"))))
        step 1 of 2 \quad $\displaystyle x^2$
    """
    if formula is None:
        return tex_text(caption)
    return rf"{tex_text(caption.partition('   ')[0])} \quad $\displaystyle {tex_formula(formula)}$"


def tex_formula(tree: Tree) -> str:
    """A tree as LaTeX of ASCII alone.

    What pdflatex has no letters for becomes a box; each word of them another, with a number.
    """
    boxes: dict[str, str] = {}

    def sign(found: re.Match[str]) -> str:
        written = [_tex_character(c) for c in found[0]]
        if _BOX in written:
            number = len(boxes) + 1
            return boxes.setdefault(found[0], rf"\ensuremath{{\square_{{{number}}}}}")
        return "".join(
            rf"\ensuremath{{{c[1:-1]}}}" if c.startswith("$") else rf"\text{{{c}}}" for c in written
        )

    return re.sub(r"[^\x00-\x7f]+", sign, latex(tree).replace("…", r"\ldots "))


def to_tikz(scenes: Sequence[tuple[Scene, str]], alone: bool = True) -> str:
    r"""Write scenes down as TikZ, one picture each, in points.

    Args:
        scenes: Each with a caption in LaTeX, which may be "".
        alone: Whether it compiles by itself; else it is for `\input`.
    """
    colors: dict[str, str] = {}
    pictures = ["\n".join(_picture(scene, caption, colors)) for scene, caption in scenes]
    defined = [
        rf"\definecolor{{{name}}}{{HTML}}{{{color[1:].upper()}}}" for color, name in colors.items()
    ]
    body = "\n".join([*defined, *pictures])
    if not alone:
        return f"{body}\n"
    return tex_document(body, "\n\\usepackage{tikz}", "[border=2pt,multi=tikzpicture]{standalone}")


def _picture(scene: Scene, caption: str, colors: dict[str, str]) -> Iterator[str]:
    yield r"\begin{tikzpicture}[x=0.75pt,y=-0.75pt,line cap=round]"
    for one, x, y in scene.all:
        if x or y:
            yield rf"\begin{{scope}}[shift={{({_n(x)},{_n(y)})}}]"
        for group in one.groups:  # without the page, for paper is white
            yield from (_shape(shape, colors) for shape in group.shapes)
        if x or y:
            yield r"\end{scope}"
    if caption:
        y = scene.y + scene.height + 8
        yield (
            rf"\node[anchor=north west,inner sep=0,font=\sffamily\small] at ({_n(scene.x + 14)},"
            rf"{_n(y)}) {{{caption}}};"
        )
    yield r"\end{tikzpicture}"


def _color(color: str, colors: dict[str, str]) -> str:
    return colors.setdefault(color, f"glassgrad{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[len(colors)]}")


def _shape(shape: Shape, colors: dict[str, str]) -> str:
    match shape:
        case Rectangle(x, y, width, height, radius):
            options = [
                f"fill={_color(shape.fill, colors)}",
                f"rounded corners={_n(radius * 0.75)}pt",
            ]
            if shape.opacity != 1:
                options.append(f"fill opacity={shape.opacity:.2f}")
            options += _pen(shape.stroke, shape.thickness, shape.dashes, colors)
            corners = f"({_n(x)},{_n(y)}) rectangle ({_n(x + width)},{_n(y + height)})"
            return rf"\path[{','.join(options)}] {corners};"
        case Curve(points, stroke, thickness, dashes):
            start, *rest = (f"({_n(x)},{_n(y)})" for x, y in points)
            path = " -- ".join([start, *rest])
            if not isinstance(shape, Polyline):
                threes = zip(rest[::3], rest[1::3], rest[2::3], strict=True)
                path = start + "".join(f" .. controls {a} and {b} .. {c}" for a, b, c in threes)
            return rf"\path[{','.join(_pen(stroke, thickness, dashes, colors))}] {path};"
        case Polygon(points, fill):
            path = " -- ".join(f"({_n(x)},{_n(y)})" for x, y in points)
            return rf"\fill[{_color(fill, colors)}] {path} -- cycle;"
        case Raster():
            raise ValueError("tex: a picture made of points cannot be written as TikZ.")
        case Text(x, y, text, size, fill, anchor):
            side = {"start": "base west", "middle": "base", "end": "base east"}[anchor]
            family = (r"\ttfamily" if shape.mono else r"\sffamily") + r"\bfseries" * shape.bold
            points_ = _n(size * 0.75)
            font = rf"\fontsize{{{points_}}}{{{points_}}}\selectfont{family}"
            place = f"at ({_n(x)},{_n(y)})"
            look = f"anchor={side},inner sep=0,text={_color(fill, colors)},font={font}"
            return rf"\node[{look}] {place} {{{tex_text(text)}}};"


def _pen(
    stroke: str, thickness: float, dashes: tuple[float, ...], colors: dict[str, str]
) -> list[str]:
    if not stroke:
        return []
    options = [f"draw={_color(stroke, colors)}", f"line width={_n(thickness * 0.75)}pt"]
    if dashes:
        on, off = (_n(d * 0.75) for d in dashes[:2])
        options.append(f"dash pattern=on {on}pt off {off}pt")
    return options


def _n(x: float) -> str:
    return f"{x:.1f}".removesuffix(".0")


# --- Markdown ---------------------------------------------------------------------------------


def to_mermaid(graph: DrawnGraph, direction: str) -> str:
    """Write a graph down as a Mermaid block, which GitHub and others draw in Markdown."""
    lines = ["```mermaid", f"flowchart {direction}"]
    for node in graph.nodes:
        opened, closed = {"leaf": ("[", "]"), "operation": ("(", ")")}.get(node.kind, ("[[", "]]"))
        lines.append(f'  {_id(node.id)}{opened}"{_mermaid_label(node)}"{closed}')
    for edge in graph.edges:
        arrow = "==>" if edge.marked else "-->" if edge.flows else "-.->"
        label = f'|"{_mermaid_text(edge.label)}"|' if edge.label else ""
        lines.append(f"  {_id(edge.tail)} {arrow}{label} {_id(edge.head)}")
    marked = [_id(node.id) for node in graph.nodes if node.marked]
    lines += [f"  style {id_} stroke:{HOT},stroke-width:3px" for id_ in marked]
    return "\n".join([*lines, "```", ""])


def _id(id_: str) -> str:
    return re.sub(r"\W", "_", id_)


def _mermaid_label(node: DrawnNode) -> str:
    title = node.titled(" ".join(node.name))
    rows = [text if node.is_bare else f"{what} {text}".strip() for what, text in node.rows]
    return "<br>".join(_mermaid_text(line) for line in [title, *rows] if line)


def _mermaid_text(text: str) -> str:
    """Text as Mermaid shows it: signs with a meaning there are written by their number."""
    return re.sub(r"[^\w\s.,=+()/…⋯—-]", lambda found: f"#{ord(found[0])};", text)
