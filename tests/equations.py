"""Equations of numbers in texts, and which of them are false when one computes them."""

import math
import re

_NUMBER = r"-?(?:\d[\d,]*(?:\.\d+)?(?:e-?\d+)?|inf|nan)"
_FACTOR = rf"(?:{_NUMBER}|\({_NUMBER}\))"
_LEFT = rf"{_FACTOR}(?: [·+] {_FACTOR})*"
_EQUATION = re.compile(rf"(?:^|[=≈] |  )({_LEFT}) (?=([=≈]) ({_NUMBER})(?![\w.·]| [·+⊙]))")


def equations(text):
    """Of each sign between numbers: what stands on its left, the sign, the number on its right."""
    for line in text.splitlines():
        for found in _EQUATION.finditer(re.sub(r"(?<=\S) +", " ", line)):
            yield found[1], found[2], found[3]


def computed(printed):
    """The number of a sum of products."""
    terms = [re.findall(_NUMBER, term) for term in printed.split(" + ")]
    return math.fsum(math.prod(float(x.replace(",", "")) for x in term) for term in terms)


def four_digits(x):
    return float(f"{x:.4g}") if abs(x) >= 1e6 or x != int(x) else x


def false_equations(text):
    """Those that do not hold: = to four digits, or exactly where a result looks exact; ≈ nearly."""
    wrong = []
    for left, sign, right in equations(text):
        x, y = computed(left), float(right.replace(",", ""))
        if not math.isfinite(x):
            continue
        terms = [abs(computed(term)) for term in left.split(" + ")]
        size = max(abs(y), *terms) if len(terms) > 1 else abs(y)  # where terms cancel, theirs count
        whole = "." not in right  # looks exact, and has to be so
        equal = abs(x - y) <= 1e-6 * abs(y) if whole else four_digits(x) == four_digits(y)
        near = abs(x - y) <= 5e-3 * size
        if not (equal if sign == "=" else near and not equal):
            wrong.append(f"{left} {sign} {right}")
    return wrong
