"""The graph in the DOT language, and the program `dot` of Graphviz where there is one.

`dot` runs as a process of its own with a time limit, because there are small graphs that it takes
minutes for (a weight used in 75 steps). What goes wrong with it, or that it is not there, is no
error here: the answer is None, and whoever asked has another way.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import graphviz

from autograd.viz.graph import DrawnGraph, DrawnNode
from autograd.viz.layout import Box, Direction, Layout, Point, Route
from autograd.viz.scene import HOT, LINE, QUIET_LINE, node_size, style_of

SECONDS = 5.0
"""The time limit for one run of `dot`."""

_LIFT = 4.0  # raises labels off level lines, where `dot` leaves them less room than they need
_FONT = "DejaVu Sans Mono,Menlo,Consolas,monospace"


def to_dot(graph: DrawnGraph, direction: Direction = "LR") -> str:
    """Write a graph down in the DOT language, from left to right, or top to bottom for "TB"."""
    dot: Any = graphviz.Digraph(
        graph_attr={
            "rankdir": direction,
            "nodesep": "0.25",
            "ranksep": "0.45",
            "pad": "0.15",
            # Bounds on `dot`'s search: without them a leaf with many long edges takes minutes.
            "nslimit": "2",
            "nslimit1": "2",
            "fontname": _FONT,
            "fontsize": "10",
        },
        node_attr={"shape": "box", "fontname": _FONT, "fontsize": "10.5", "margin": "0.05,0.02"},
        edge_attr={"fontname": _FONT, "fontsize": "10", "color": LINE, "arrowsize": "0.7"},
    )
    if graph.captions:
        dot.attr(label=_text("\n".join(graph.captions)))
    for node in graph.nodes:
        width, height = node_size(node)  # `dot` may enlarge it
        dot.node(
            node.id,
            label=_label(node),
            width=f"{width / 72:.3f}",
            height=f"{height / 72:.3f}",
            **_appearance(node),
        )
    for edge in graph.edges:
        attributes = {"label": f" {edge.label} "} if edge.label else {}
        if edge.marked:
            attributes |= {"color": HOT, "penwidth": "3"}
        if not edge.flows:
            attributes |= {"style": "dotted", "color": QUIET_LINE}
        dot.edge(edge.tail, edge.head, operand=str(edge.operand), **attributes)
    return str(dot.source)


def run_dot(source: str, file_format: str, *options: str) -> bytes | None:
    """Run the program `dot`; None where there is none, or it fails, or takes too long."""
    program = shutil.which("dot")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, f"-T{file_format}", *options],
            input=source.encode(),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def place_with_dot(source: str) -> Layout | None:
    """Let `dot` place the graph of a DOT text of ours; None where it cannot."""
    answer = run_dot(source, "json0")
    if answer is None:
        return None
    try:
        return _layout(json.loads(answer))
    except (ValueError, LookupError, TypeError):  # a `dot` that answers something else
        return None


def _layout(answer: dict[str, Any]) -> Layout:
    lift = _LIFT if answer.get("rankdir") == "LR" else 0.0
    boxes, names = {}, {}
    for node in answer["objects"]:
        x, y = _point(node["pos"])
        width, height = float(node["width"]) * 72, float(node["height"]) * 72
        boxes[node["name"]] = Box(x - width / 2, y - height / 2, width, height)
        names[node["_gvid"]] = node["name"]
    routes = {}
    for edge in answer.get("edges", ()):
        tip, *points = map(_point, edge["pos"].removeprefix("e,").split())
        x, y = _point(edge["lp"]) if "lp" in edge else tip
        label = (x, y - lift)
        routes[f"{names[edge['head']]}.{edge['operand']}"] = Route(tuple(points), tip, label)
    return Layout(boxes, routes)


def _point(text: str) -> Point:
    x, y = text.split(",")
    return float(x), -float(y)  # `dot` counts upwards


def _label(node: DrawnNode) -> Any:
    """Name and symbol, and the rows as a table: the font is one of equal width."""
    if node.is_bare:
        return _text(node.rows[0][1])
    *lines, last = node.name or ("",)
    last = node.titled(last)
    lines += [last + " ⋯" if node.folded else last] if last else []
    keys = max((len(what) for what, _ in node.rows), default=0)
    texts = max((len(text) for _, text in node.rows), default=0)
    lines += [f"{what.ljust(keys)} {text.rjust(texts)}" for what, text in node.rows]
    return _text("\n".join(lines))


def _appearance(node: DrawnNode) -> dict[str, str]:
    style = style_of(node)
    styles = ["filled"]
    if node.kind == "operation":
        styles.append("rounded")
    if node.folded:
        styles.append("dashed")
    if node.kind == "constant":
        styles.append("dotted")
    more = {"peripheries": "2"} if node.output else {}
    more |= {"penwidth": "3"} if node.marked else {}
    color = HOT if node.marked else style.stroke
    return {"style": ",".join(styles), "fillcolor": style.fill, "color": color, **more}


def _text(text: str) -> Any:
    r"""Quote text so that DOT shows it as it is.

    In a label DOT interprets backslashes (`\N` is the node's name), HTML's entities, and as a
    whole what looks like `<...>`.
    """
    text = text.replace("\\", "\\\\").replace("&", "&amp;").replace('"', '\\"')
    return graphviz.nohtml(text.replace("\n", "\\n"))
