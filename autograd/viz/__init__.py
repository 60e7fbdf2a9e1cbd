"""Pictures of the graph, and the backward pass in slow motion.

Everything here reads the engine and nothing in the engine reads this.

A picture is made in three steps that know little of each other: `graph.py` decides what is drawn
(with `names.py` and `text.py`), `layout.py` (with `layers.py`) or the program `dot` (through
`dot.py`) where, and `look.py` how. `svg.py` and `paper.py` only write down the shapes that
`look.py` made. `draw.py` is the door.
"""
