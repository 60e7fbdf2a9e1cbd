"""What `nn.estimators` offers scikit-learn."""

from __future__ import annotations

import functools
import math
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

import numpy as np

from autograd.checks import check_choice, check_int, check_number
from nn import functional
from nn.containers import MLP
from nn.data import Batches, split
from nn.penalties import l2_penalty
from nn.perceptron import Perceptron
from nn.training.evaluation import Loss, predict
from nn.training.history import EarlyStopping, History
from nn.training.loop import fit
from optim import LBFGS, SGD, Adam

try:
    from sklearn.base import (
        BaseEstimator,
        ClassifierMixin,
        RegressorMixin,
    )
    from sklearn.utils import check_random_state
    from sklearn.utils.class_weight import (
        compute_sample_weight,
    )
    from sklearn.utils.metaestimators import available_if
    from sklearn.utils.multiclass import (
        check_classification_targets,
    )
    from sklearn.utils.validation import (
        _check_sample_weight,
        check_is_fitted,
    )
    from sklearn.utils.validation import validate_data as _validate_data
except ImportError as err:
    raise ImportError(
        'nn.estimators: needs scikit-learn >= 1.6 (pip install "glassgrad[notebook]").'
    ) from err

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from autograd.arrays import Array, FloatArray, IndexArray
    from nn.operands import Operand
    from optim import UpdateRule

__all__ = ["MLPClassifier", "MLPRegressor", "PerceptronClassifier"]


P = ParamSpec("P")
T = TypeVar("T")

RandomState = int | np.random.RandomState | None
"""What scikit-learn draws from: a seed, a generator of its kind, or whatever is drawn next."""

SOLVERS: dict[str, Callable[..., UpdateRule | Any]] = {
    "adam": Adam,
    "sgd": functools.partial(SGD, momentum=0.9, nesterov=True),
    "lbfgs": LBFGS,
}
"""scikit-learn's names for optimizers, and what it understands by them."""


# As scikit-learn documents it: its signature says that examples are text.
_validated: Callable[..., Any] = _validate_data


def _examples(estimator: object, x: ArrayLike) -> FloatArray:
    """Examples (N, D) like those that the estimator has learnt from."""
    examples: FloatArray = _validated(estimator, x, reset=False, dtype=np.float64)
    return examples


def _pairs(
    estimator: object, x: ArrayLike, y: ArrayLike, **settings: bool
) -> tuple[FloatArray, Array]:
    """Examples (N, D) to learn from, and what is to be said of them."""
    pairs: tuple[FloatArray, Array] = _validated(estimator, x, y, dtype=np.float64, **settings)
    return pairs


def _all_or_nothing(method: Callable[P, T]) -> Callable[P, T]:
    """The same, but what ends with an error leaves the estimator its attributes as they were.

    The weights of a network that was learning on have moved, as those of any model in training.
    """

    @functools.wraps(method)
    def learns(*args: P.args, **kwargs: P.kwargs) -> T:
        known: dict[str, object] = vars(args[0])
        before = known.copy()
        try:
            return method(*args, **kwargs)
        except BaseException:
            known.clear()
            known.update(before)
            raise

    return learns


class _MLPEstimator(BaseEstimator):
    """The settings and the training of both kinds of network; `MLPClassifier` describes them."""

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] | int = (64,),
        activation: str | Callable[..., Operand] = "relu",
        *,
        solver: str | Callable[..., UpdateRule | Any] = "adam",
        alpha: float = 0.0,
        batch_size: int = 32,
        learning_rate_init: float = 0.003,
        max_iter: int = 100,
        early_stopping: bool = False,
        warm_start: bool = False,
        random_state: RandomState = None,
        optimizer: str | Callable[..., UpdateRule | Any] = "deprecated",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.warm_start = warm_start
        self.random_state = random_state
        self.optimizer = optimizer

    model_: MLP
    _build: tuple[int, list[int], int, str | Callable[..., Operand]]

    def _losses(self, outputs: Operand, targets: Array) -> Operand:
        """The loss of each example, (N, outputs) and targets to (N,)."""
        raise NotImplementedError

    def _penalty(self) -> float:
        """What alpha times the sum of squared weights is multiplied with, for one example."""
        raise NotImplementedError

    def _is_fresh(self, incremental: bool) -> bool:
        """Whether this call begins with a model of its own."""
        return not hasattr(self, "model_") or not (incremental or self.warm_start)

    def _learn(
        self,
        x: FloatArray,
        targets: Array,
        outputs: int,
        weights: FloatArray | None,
        incremental: bool = False,
    ) -> None:
        """Train on examples x (N, D); weights are None or (N,)."""
        who = type(self).__name__
        check_number(who, "alpha", self.alpha, ">= 0")
        check_int(who, "max_iter", self.max_iter, least=1)
        if weights is not None and weights.min() < 0:
            raise ValueError(f"{who}: needs weights >= 0, but got {weights.min()}.")
        if weights is not None and not weights.sum() > 0:
            raise ValueError(f"{who}: needs an example of weight > 0, but all have weight 0.")
        fresh, rule = self._is_fresh(incremental), self._rule()
        if self.early_stopping and (incremental or rule is LBFGS):
            seen = "all examples, and partial_fit sees some"
            needed = seen if incremental else 'batches, and solver="lbfgs" has none'
            raise ValueError(f"{who}: early_stopping needs {needed}.")
        if fresh or not incremental:
            self._rng = _generator(self.random_state)
        self._have_model(x.shape[1], outputs, fresh)
        loss = self._loss(targets, weights)
        if rule is LBFGS:
            self.history_ = _minimized(self.model_, loss, x, self.max_iter)
        elif incremental:
            if fresh or not hasattr(self, "_optimizer"):
                self._optimizer = rule(self.model_.parameters(), lr=self.learning_rate_init)
            self._optimizer.lr = self.learning_rate_init
            self.history_ = self._train(x, loss, None, self._optimizer, epochs=1)
        else:
            self._optimizer = rule(self.model_.parameters(), lr=self.learning_rate_init)
            held_apart = targets if self.early_stopping else None
            self.history_ = self._train(x, loss, held_apart, self._optimizer, self.max_iter)
        self.history_.batches = None  # else it would be pickled with all examples
        self.n_iter_ = len(self.history_)

    def _train(
        self, x: FloatArray, loss: Loss, strata: Array | None, optimizer: UpdateRule, epochs: int
    ) -> History:
        """Take steps on batches of x and of the examples' numbers, which is what the loss needs."""
        numbers = np.arange(len(x))
        learnt, held_out = (x, numbers), None
        if strata is not None:
            parts = split((numbers, strata), (0.9, 0.1), stratify=strata.ndim == 1, seed=self._rng)
            learnt, held_out = [(x[i], i) for i, _ in parts]
        return fit(
            self.model_,
            loss,
            Batches(learnt, self.batch_size, seed=self._rng),
            optimizer,
            epochs=epochs,
            validation=held_out,
            early_stopping=None if held_out is None else EarlyStopping(patience=10),
            progress=False,
        )

    def _loss(self, targets: Array, weights: FloatArray | None) -> Loss:
        """The loss of the outputs for the examples of some numbers, as scikit-learn's has it.

        That is the weighted mean of their losses and, in training, an L2 penalty on the weights
        that is divided by as much weight as the examples have together.
        """
        model, alpha = self.model_, self.alpha * self._penalty()

        def loss(outputs: Operand, numbers: IndexArray) -> Operand:
            losses = self._losses(outputs, targets[numbers])
            total = len(numbers) if weights is None else weights[numbers].sum()
            if weights is None:
                mean = losses.mean()
            else:
                mean = (losses * weights[numbers]).sum() / (total or 1.0)
            if alpha and total and model.training:
                mean = mean + l2_penalty(model, alpha / total)
            return mean

        return loss

    def _have_model(self, inputs: int, outputs: int, fresh: bool) -> None:
        sizes = self.hidden_layer_sizes
        hidden = list(sizes) if isinstance(sizes, Iterable) else [sizes]
        build = (inputs, hidden, outputs, self.activation)
        if fresh:
            activation = "sigmoid" if self.activation == "logistic" else self.activation
            self.model_ = MLP(inputs, hidden, outputs, activation, rng=self._rng)
        elif build != self._build:
            raise ValueError(
                f"{type(self).__name__}: goes on with a model of {self._build}, and that cannot "
                f"become one of {build}. Set warm_start=False to begin anew."
            )
        self._build = build

    def _rule(self) -> Callable[..., UpdateRule | Any]:
        """What makes the optimizer of parameters and a rate."""
        solver = self.solver
        if not isinstance(self.optimizer, str) or self.optimizer != "deprecated":
            warnings.warn(
                f"{type(self).__name__}: optimizer is now called solver, as in scikit-learn.",
                FutureWarning,
                stacklevel=4,
            )
            solver = self.optimizer
        if callable(solver):
            return solver
        check_choice(type(self).__name__, "solver", solver, SOLVERS)
        return SOLVERS[solver]

    def _outputs(self, x: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
        return np.array(predict(self.model_, _examples(self, x)).data)


def _in_batches(estimator: _MLPEstimator) -> bool:
    if estimator.solver in ("lbfgs", LBFGS):
        raise AttributeError(
            f'{type(estimator).__name__}: partial_fit needs batches, and solver="lbfgs" has none.'
        )
    return True


def _sample_weights(x: FloatArray, sample_weight: ArrayLike | None) -> FloatArray | None:
    """(N,), or None where all count the same."""
    if sample_weight is None:
        return None
    weights: FloatArray = _check_sample_weight(sample_weight, x, dtype=np.float64)
    return weights


def _minimized(model: MLP, loss: Loss, x: FloatArray, max_iter: int) -> History:
    """Train on all examples at once, with a line search, until the gradient vanishes."""
    optimizer, numbers, history = LBFGS(model.parameters()), np.arange(len(x)), History()
    model.train()
    for _ in range(max_iter):
        start = time.perf_counter()
        report = optimizer.step(lambda: loss(model(x), numbers))
        history.ended = report.reason
        if not report.iterations:
            break
        history.add(
            loss=report.loss,
            learning_rate=math.nan,
            seconds=time.perf_counter() - start,
        )
        if report.converged:
            break
    model.eval()
    return history


class MLPClassifier(ClassifierMixin, _MLPEstimator):
    """A multi-layer perceptron that chooses a class, trained by softmax cross-entropy.

    Features should be of like size: put a StandardScaler before it, in a pipeline. Settings have
    the names and the meaning that they have in scikit-learn's own class, but other defaults.

    Args:
        hidden_layer_sizes: The width of each hidden layer, or of the only one; () for none:
            softmax regression.
        activation: After each hidden layer: "logistic", or as for `nn.MLP`.
        solver: "adam"; "sgd", with Nesterov momentum 0.9; "lbfgs", on all examples at once; or what
            is called as solver(parameters, lr=learning_rate_init), such as `optim.RMSprop`.
        alpha: α >= 0 of the L2 penalty α/2 ‖W‖² / n, where W are the weights without the biases,
            and n how many examples the batch has (with sample weights, their sum).
        batch_size: How many examples go into one batch.
        learning_rate_init: The learning rate; "lbfgs" finds its own.
        max_iter: How many epochs; for "lbfgs", steps at most.
        early_stopping: Whether to keep a tenth of the examples apart, end when their loss has not
            fallen for ten epochs, and restore the best weights. Not for "lbfgs" and `partial_fit`.
        class_weight: How much the examples of each class count: a dict, "balanced" for classes that
            count the same whatever their number of examples, or None.
        warm_start: Whether `fit` goes on with the weights that are there.
        random_state: An int >= 0 for the same result every time; or None, or a RandomState.
        optimizer: The name of `solver` in version 0.1.

    Attributes:
        model_: The trained `nn.MLP`.
        history_: The `nn.History` of the last training; it keeps no examples.
        n_iter_: How many epochs it had.
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

    classes_: NDArray[Any]

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] | int = (64,),
        activation: str | Callable[..., Operand] = "relu",
        *,
        solver: str | Callable[..., UpdateRule | Any] = "adam",
        alpha: float = 0.0,
        batch_size: int = 32,
        learning_rate_init: float = 0.003,
        max_iter: int = 100,
        early_stopping: bool = False,
        class_weight: Mapping[Any, float] | str | None = None,
        warm_start: bool = False,
        random_state: RandomState = None,
        optimizer: str | Callable[..., UpdateRule | Any] = "deprecated",
    ) -> None:
        super().__init__(
            hidden_layer_sizes,
            activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate_init=learning_rate_init,
            max_iter=max_iter,
            early_stopping=early_stopping,
            warm_start=warm_start,
            random_state=random_state,
            optimizer=optimizer,
        )
        self.class_weight = class_weight

    @_all_or_nothing
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from examples X (N, D) and their classes y (N,), of any kind that can be sorted.

        sample_weight (N,) says how much each example counts, >= 0.
        """
        fresh = self._is_fresh(False)
        x, y = _pairs(self, X, y, reset=fresh)
        check_classification_targets(y)
        classes = np.unique(y)
        if not fresh and not np.array_equal(classes, self.classes_):
            raise ValueError(
                "MLPClassifier: warm_start needs the classes of the call before, "
                f"{self.classes_}, but y has {classes}."
            )
        self.classes_ = classes
        self._learn_classes(x, y, sample_weight)
        return self

    @available_if(_in_batches)
    @_all_or_nothing
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Learn for one epoch from these examples, going on where the last call ended.

        The first call needs to be told all classes that will ever come.
        """
        fresh = self._is_fresh(True)
        if fresh and classes is None:
            raise ValueError("MLPClassifier: the first call of partial_fit needs classes=.")
        if isinstance(self.class_weight, str):
            raise ValueError(
                f'MLPClassifier: class_weight="{self.class_weight}" needs to see all examples, and '
                "partial_fit sees some. Pass a dict of weights."
            )
        known = self.classes_ if classes is None else np.unique(np.asarray(classes))
        if not fresh and not np.array_equal(known, self.classes_):
            raise ValueError(
                f"MLPClassifier: has the classes {self.classes_}, but classes={known}."
            )
        x, y = _pairs(self, X, y, reset=fresh)
        check_classification_targets(y)
        strangers = np.setdiff1d(y, known)
        if strangers.size:
            raise ValueError(f"MLPClassifier: has the classes {known}, but y has {strangers}.")
        self.classes_ = known
        self._learn_classes(x, y, sample_weight, incremental=True)
        return self

    def _learn_classes(
        self,
        x: FloatArray,
        y: Array,
        sample_weight: ArrayLike | None,
        incremental: bool = False,
    ) -> None:
        weights = _sample_weights(x, sample_weight)
        if self.class_weight is not None:
            of_class: FloatArray = compute_sample_weight(self.class_weight, y)
            weights = of_class if weights is None else weights * of_class
        classes = np.searchsorted(self.classes_, y)
        self._learn(x, classes, len(self.classes_), weights, incremental)

    def _losses(self, outputs: Operand, targets: Array) -> Operand:
        return functional.cross_entropy(outputs, targets, reduction="none")

    def _penalty(self) -> float:
        return 0.5

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """The probability of each class, (N, D) to (N, C); the columns are as in `classes_`."""
        return np.asarray(functional.softmax(self._outputs(X)))

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Its logarithm, (N, D) to (N, C), finite where the probability itself is rounded to 0."""
        return np.asarray(functional.log_softmax(self._outputs(X)))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable class of each example, (N, D) to (N,)."""
        scores = self._outputs(X)
        chosen: NDArray[Any] = self.classes_[scores.argmax(axis=1)]
        return chosen


class MLPRegressor(RegressorMixin, _MLPEstimator):
    """A multi-layer perceptron that predicts numbers, trained by the mean squared error.

    Args:
        hidden_layer_sizes: The width of each hidden layer; () for none: linear regression.
        activation: This and all other settings are those of `MLPClassifier`. The loss is the mean
            squared error, twice scikit-learn's; the penalty is twice as large, too, so that `alpha`
            means the same.

    Attributes:
        model_: The trained `nn.MLP`; the other attributes are those of `MLPClassifier`.

    Example:
        >>> x = np.linspace(-1, 1, 50)[:, None]
        >>> model = MLPRegressor(random_state=0).fit(x, x[:, 0] ** 2)
        >>> bool(abs(model.predict([[0.5]])[0] - 0.25) < 0.05)
        True
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from examples X (N, D) and their targets y, (N,) or (N, K).

        sample_weight (N,) says how much each example counts, >= 0.
        """
        self._learn_targets(X, y, sample_weight, incremental=False)
        return self

    @available_if(_in_batches)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn for one epoch from these examples, going on where the last call ended."""
        self._learn_targets(X, y, sample_weight, incremental=True)
        return self

    @_all_or_nothing
    def _learn_targets(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, incremental: bool
    ) -> None:
        settings = {"multi_output": True, "y_numeric": True, "reset": self._is_fresh(incremental)}
        x, y = _pairs(self, X, y, **settings)
        targets = np.asarray(y, dtype=np.float64).reshape(len(x), -1)
        self._one_target = np.ndim(y) == 1
        weights = _sample_weights(x, sample_weight)
        self._learn(x, targets, targets.shape[1], weights, incremental)

    def _losses(self, outputs: Operand, targets: Array) -> Operand:
        return functional.mse_loss(outputs, targets, reduction="none").mean(axis=1)

    def _penalty(self) -> float:
        return 1.0 / float(self._build[2])  # the mean goes over as many outputs

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The targets of each example, (N, D) to (N,) or (N, K)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one_target else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class PerceptronClassifier(ClassifierMixin, BaseEstimator):
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

    def __init__(
        self, *, eta0: float = 0.1, max_iter: int = 1000, random_state: RandomState = None
    ):
        self.eta0 = eta0
        self.max_iter = max_iter
        self.random_state = random_state

    @_all_or_nothing
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from examples X (N, D) and their two classes y (N,)."""
        x, y = _pairs(self, X, y)
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
        return np.array(self.model_.preactivation(_examples(self, X)).data)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class of each example, (N, D) to (N,)."""
        scores = self.decision_function(X)
        chosen: NDArray[Any] = self.classes_[(scores >= 0).astype(int)]
        return chosen

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def _generator(random_state: RandomState) -> np.random.Generator:
    """What NumPy has now for scikit-learn's random_state, which stands for what it had before."""
    return np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))
