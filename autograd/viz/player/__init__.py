"""The step player: the backward pass as a page to step through, offline and without a kernel.

`trace.py` makes a record of the pass that fits into JSON, `picture.py` the picture, `rules_js.py`
the rules of the operations in it, from the rulebook, and `page.py` puts them together with the
scripts and `player.css` into what a notebook shows or a file holds.
"""
