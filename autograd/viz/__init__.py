"""Pictures of the graph, and the backward pass in slow motion.

Everything here reads the engine and nothing in the engine reads this. What is known of a graph is
written down once, in `trace.py`, and of a backward pass in `steps.py` (with `outline.py` where
boxes are closed); `boxes.py` and `compositions.py` find what can be one box, and `notation.py`,
`symbols.py` and `tree.py` write names, derivatives and formulas. The others are readers of these:

- `draw.py`, the door to pictures: `drawn.py` (with `boxes.py`) decides what is drawn, `layout.py`
  (with `ranks.py`) or the program `dot` (through `dot.py`) where, and `scene.py` how; `svg.py`,
  `png_and_pdf.py` and `tikz.py` only write down what `scene.py` made;
- `backprop.py`, the door to a pass: `exercise.py` prints it, `animate.py` films it, and `player/`
  makes the page to step through;
- `explain.py` and `explain_arrays.py` write the chain rule out.
"""
