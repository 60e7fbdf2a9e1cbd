"""Random programs: lists of expressions whose results later ones use again."""


def run(program, leaves, functions):
    """The sum of the last two results and a tenth of every other."""
    v = list(leaves)
    for line in program["lines"]:
        v.append(eval(line, functions, {"v": v}))
    return v[-1] + v[-2] + 0.1 * sum(v[:-2], 0.0)
