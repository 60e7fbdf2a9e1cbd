"""A differential fuzzer: random programs, run by autograd, by PyTorch and by JAX.

    python -m tests.fuzz --seed 1 --minutes 5

needs PyTorch and JAX. It prints every program whose value, gradient or second derivative differs,
as text that can be run again, with the numbers of all sides. Programs are drawn over functions,
axes, indices, dtypes, containers and nestings of transforms; their inputs have zeros, ties and
large numbers among them. See `programs` for what is drawn, `sides` for who computes. `compiled`
compares such programs, compiled in many ways, with themselves as they are written.
"""
