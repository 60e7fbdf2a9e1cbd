"""The exercises of the course, a module for each notebook, named as it is.

A rule computes the answer that a mistake leads to. What is right is worked out on paper here; the
tests hold it against the library.
"""
