"""What `nn.estimators` offers scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from nn import functional
from nn.containers import MLP
from nn.data import Batches, split
from nn.perceptron import Perceptron
from nn.training.evaluation import Loss, predict
from nn.training.history import EarlyStopping
from nn.training.loop import fit
from optim import Adam

try:
    from sklearn.base import (  # type: ignore[import-untyped]
        BaseEstimator,
        ClassifierMixin,
        RegressorMixin,
    )
    from sklearn.utils import check_random_state  # type: ignore[import-untyped]
    from sklearn.utils.multiclass import (  # type: ignore[import-untyped]
        check_classification_targets,
    )
    from sklearn.utils.validation import (  # type: ignore[import-untyped]
        check_is_fitted,
        validate_data,
    )
except ImportError as err:
    raise ImportError(
        'nn.estimators: needs scikit-learn >= 1.6 (pip install "glassgrad[notebook]").'
    ) from err

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from optim import Rule

__all__ = ["MLPClassifier", "MLPRegressor", "PerceptronClassifier"]


class _MLPEstimator(BaseEstimator):  # type: ignore[misc]
    """The settings and the training of both kinds of network; `MLPClassifier` describes them."""

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (64,),
        activation: str | Callable[[Any], Any] = "relu",
        *,
        optimizer: type[Rule] = Adam,
        alpha: float = 0.0,
        batch_size: int = 32,
        learning_rate_init: float = 0.003,
        max_iter: int = 100,
        early_stopping: bool = False,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.random_state = random_state

    def _train(self, x: Any, y: Any, outputs: int, loss: Loss, stratify: bool) -> None:
        rng = _generator(self.random_state)
        model = MLP(x.shape[1], list(self.hidden_layer_sizes), outputs, self.activation, rng=rng)
        learnt, held_out = (x, y), None
        if self.early_stopping:
            learnt, held_out = split((x, y), (0.9, 0.1), stratify=stratify, seed=rng)
        settings = {"weight_decay": self.alpha} if self.alpha else {}
        self.history_ = fit(
            model,
            loss,
            Batches(learnt, self.batch_size, seed=rng),
            self.optimizer(model.parameters(), lr=self.learning_rate_init, **settings),
            epochs=self.max_iter,
            validation=held_out,
            early_stopping=EarlyStopping(patience=10) if self.early_stopping else None,
            progress=False,
        )
        self.model_ = model
        self.n_iter_ = len(self.history_)

    def _outputs(self, x: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
        x = validate_data(self, x, reset=False, dtype=np.float64)
        return np.array(predict(self.model_, x).data)


class MLPClassifier(ClassifierMixin, _MLPEstimator):  # type: ignore[misc]
    """A multi-layer perceptron that chooses a class, trained by softmax cross-entropy.

    Features should be of like size: put a StandardScaler before it, in a pipeline.

    Args:
        hidden_layer_sizes: The width of each hidden layer; () for none: softmax regression.
        activation: After each hidden layer, as for `nn.MLP`.
        optimizer: A rule of `optim` that uses the gradient: the class, such as `optim.SGD`.
        alpha: λ >= 0, the coefficient of an L2 penalty λ/2 ‖θ‖²: the optimizer's weight_decay.
        batch_size: How many examples go into one batch.
        learning_rate_init: The learning rate.
        max_iter: How many epochs.
        early_stopping: Whether to keep a tenth of the examples apart, end when their loss has not
            fallen for ten epochs, and restore the best weights.
        random_state: An int >= 0 for the same result every time; or None, or a RandomState.

    Attributes:
        model_: The trained `nn.MLP`.
        history_: The `nn.History` of its training.
        n_iter_: How many epochs there were.
        classes_: (C,) the classes, sorted.
        n_features_in_: D, how many features an example has.

    Example:
        >>> from sklearn.model_selection import cross_val_score
        >>> from nn.datasets import iris
        >>> x, y = iris()
        >>> scores = cross_val_score(MLPClassifier(random_state=0), x, y, cv=3)
        >>> scores.shape, bool(scores.mean() > 0.9)
        ((3,), True)
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from examples X (N, D) and their classes y (N,), of any kind that can be sorted."""
        x, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, classes = np.unique(y, return_inverse=True)
        self._train(x, classes, len(self.classes_), functional.cross_entropy, stratify=True)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """The probability of each class, (N, D) to (N, C); the columns are as in `classes_`."""
        return functional.softmax(self._outputs(X))  # type: ignore[no-any-return]

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable class of each example, (N, D) to (N,)."""
        scores = self._outputs(X)
        return self.classes_[scores.argmax(axis=1)]  # type: ignore[no-any-return]


class MLPRegressor(RegressorMixin, _MLPEstimator):  # type: ignore[misc]
    """A multi-layer perceptron that predicts numbers, trained by the mean squared error.

    Args:
        hidden_layer_sizes: The width of each hidden layer; () for none: linear regression.
        activation: This and all other settings are those of `MLPClassifier`.

    Attributes:
        model_: The trained `nn.MLP`; the other attributes are those of `MLPClassifier`.

    Example:
        >>> x = np.linspace(-1, 1, 50)[:, None]
        >>> model = MLPRegressor(random_state=0).fit(x, x[:, 0] ** 2)
        >>> bool(abs(model.predict([[0.5]])[0] - 0.25) < 0.05)
        True
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from examples X (N, D) and their targets y, (N,) or (N, K)."""
        x, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        targets = np.asarray(y, dtype=np.float64).reshape(len(x), -1)
        self._one_target = np.ndim(y) == 1
        self._train(x, targets, targets.shape[1], functional.mse_loss, stratify=False)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The targets of each example, (N, D) to (N,) or (N, K)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one_target else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class PerceptronClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One neuron with a step, which tells two classes apart by a line, trained by its own rule.

    The rule is `nn.Perceptron.fit`: it ends where the line makes no mistake, and warns where it has
    come to none in max_iter epochs, since the last line it tried is then a matter of chance.

    Args:
        eta0: The learning rate.
        max_iter: How many epochs at most.
        random_state: An int >= 0 for the same result every time; or None, or a RandomState.

    Attributes:
        model_: The trained `nn.Perceptron`.
        mistakes_: How many examples each epoch found on the wrong side.
        n_iter_: How many epochs there were.
        classes_: (2,) the classes, sorted; the second is that of a step of 1.
        n_features_in_: D, how many features an example has.

    Example:
        >>> from nn.datasets import logic_gate
        >>> x, y = logic_gate("and")
        >>> model = PerceptronClassifier(random_state=0).fit(x, y)
        >>> model.predict(x).tolist(), model.mistakes_[-1]
        ([0, 0, 0, 1], 0)
    """

    def __init__(self, *, eta0: float = 0.1, max_iter: int = 1000, random_state: Any = None):
        self.eta0 = eta0
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from examples X (N, D) and their two classes y (N,)."""
        x, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, steps = np.unique(y, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(
                "PerceptronClassifier: Only binary classification is supported: it needs 2 "
                f"classes, but got {len(self.classes_)} class(es)."
            )
        self.model_ = Perceptron(x.shape[1], "step", rng=_generator(self.random_state))
        self.mistakes_ = self.model_.fit(x, steps, lr=self.eta0, max_epochs=self.max_iter)
        self.n_iter_ = len(self.mistakes_)
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """The sums before the step, (N, D) to (N,); from 0 on they mean the second class."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=np.float64)
        return np.array(self.model_.preactivation(x).data)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class of each example, (N, D) to (N,)."""
        scores = self.decision_function(X)
        return self.classes_[(scores >= 0).astype(int)]  # type: ignore[no-any-return]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def _generator(random_state: Any) -> np.random.Generator:
    """What NumPy has now for scikit-learn's random_state, which stands for what it had before."""
    return np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))
