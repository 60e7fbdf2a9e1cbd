"""Compile: record a function once, and replay it as a few NumPy instructions.

`autograd.compile` is in function.py, whose docstring lists the stages in reading order.
"""
