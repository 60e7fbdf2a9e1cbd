"""Handwritten digits, shipped with the package."""

import numpy as np

from nn.datasets.dataset import Dataset, shipped


def digits() -> Dataset:
    """1,797 handwritten digits: which of ten is meant, from a picture of 8 × 8 pixels?

    Returns:
        x: (1797, 64) float64, whole numbers from 0 (paper) to 16 (ink), row by row from the top
        left: ``x[i].reshape(8, 8)`` is a picture, ``x / 16`` lies in [0, 1];
        y: (1797,) int64 in [0, 10), the digit, each some 180 times. The order is that of the
        source, where neighbours may be of one hand. Shuffle before taking a part.

    Source:
        E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits" (1998), UCI Machine
        Learning Repository, doi 10.24432/C50P49, CC BY 4.0: its test file. More in ``digits.md``
        beside this file.

    Example:
        >>> x, y = digits()
        >>> for row in x[0].reshape(8, 8):
        ...     print("".join("·-+#@"[int(ink) // 4] for ink in row))
        ··-#+···
        ··##+#-·
        ··#··++·
        ·-#··++·
        ·-+··++·
        ·-+··#-·
        ··#-+#··
        ··-#+···
        >>> int(y[0])
        0
    """
    import gzip  # loads much that `import nn` can do without

    header, *rows = gzip.decompress(shipped("digits.csv.gz")).decode("ascii").splitlines()
    table = np.loadtxt(rows, delimiter=",", dtype=np.int64)
    return Dataset(
        name="digits",
        x=table[:, :-1].astype(np.float64),
        y=table[:, -1].copy(),
        feature_names=tuple(header.split(",")[:-1]),
        class_names=tuple("0123456789"),
        description="Digits written by 13 people, scanned to 8 × 8 pixels of 0 to 16.",
        source="E. Alpaydin, C. Kaynak (1998); UCI Machine Learning Repository, "
        "doi 10.24432/C50P49, CC BY 4.0",
    )
