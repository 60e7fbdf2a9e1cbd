"""Fisher's irises, shipped with the package."""

import numpy as np

from nn.datasets.dataset import Dataset, shipped

_SPECIES = ("setosa", "versicolor", "virginica")


def iris() -> Dataset:
    """Fisher's 150 irises: which of three species is a flower, from four lengths?

    Setosa is separated from the other two by a line; versicolor and virginica overlap.

    Returns:
        x: (150, 4) float64 in cm, in steps of 0.1: sepal length [4.3, 7.9], sepal width
        [2.0, 4.4], petal length [1.0, 6.9], petal width [0.1, 2.5];
        y: (150,) int64: 50 times 0 (setosa), 50 times 1 (versicolor), 50 times 2 (virginica),
        in the order of the paper. Shuffle before taking a part.

    Source:
        R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of
        Eugenics 7 (1936) 179-188; UCI Machine Learning Repository, doi 10.24432/C56C76, CC BY 4.0,
        with rows 35 and 38 as Fisher printed them. More in ``iris.md`` beside this file.

    Example:
        >>> x, y = iris()
        >>> x[0].tolist(), int(y[0])
        ([5.1, 3.5, 1.4, 0.2], 0)
        >>> x[y == 2].mean(axis=0).round(3).tolist()
        [6.588, 2.974, 5.552, 2.026]
    """
    header, *rows = (line.split(",") for line in shipped("iris.csv").decode().splitlines())
    return Dataset(
        name="iris",
        x=np.array([[float(length) for length in row[:-1]] for row in rows]),
        y=np.array([_SPECIES.index(row[-1]) for row in rows], dtype=np.int64),
        feature_names=tuple(f"{column.replace('_', ' ')} (cm)" for column in header[:-1]),
        class_names=_SPECIES,
        description="Sepals and petals of 50 irises of each of three species, measured in cm.",
        source="R. A. Fisher (1936); UCI Machine Learning Repository, doi 10.24432/C56C76, "
        "CC BY 4.0",
    )
