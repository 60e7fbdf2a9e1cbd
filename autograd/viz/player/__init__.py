"""The step player, and drawings to look at: pages that work offline and without a kernel.

`record.py` makes a record of a pass that fits into JSON, `picture.py` the picture, `rules_js.py`
the rules of the operations in it, from the rulebook, and `page.py` puts them together.
`drawing.py` shows a drawing by itself. `embed.py` packs scripts and style into what a notebook
shows or a file holds.
"""
