"""Our models as scikit-learn estimators."""

import functools
import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import nn
from nn.datasets import iris, spirals, xor
from optim import SGD, Adam

pytest.importorskip("sklearn", minversion="1.6")

import sklearn.neural_network
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from nn.estimators import MLPClassifier, MLPRegressor, PerceptronClassifier
from tests.each import IN_CI, in_ci

pytestmark = pytest.mark.slow


@pytest.mark.filterwarnings("ignore:Perceptron. fit did not converge")
@parametrize_with_checks(
    [
        # All examples in one batch: a weight of 2 is then the same as coming twice, which a check
        # asks for. Batches that differ make that wrong by chance, as in scikit-learn's own class.
        MLPClassifier(max_iter=50, batch_size=1000, random_state=0),
        MLPRegressor(max_iter=50, batch_size=1000, random_state=0),
        PerceptronClassifier(max_iter=50, random_state=0),
        MLPClassifier(max_iter=50, hidden_layer_sizes=8, solver="lbfgs", random_state=0),
        MLPRegressor(max_iter=50, batch_size=1000, solver="sgd", random_state=0),
    ][: in_ci(5, 3)]
)
def test_scikit_learn_finds_its_contract_kept(estimator, check):
    check(estimator)


# --- what scikit-learn then does with them


def scaled(**settings):
    return make_pipeline(StandardScaler(), MLPClassifier(random_state=0, **settings))


def test_cross_validation_of_a_pipeline():
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_score(scaled(), *iris(), cv=folds)
    assert scores.shape == (5,)
    assert scores.mean() >= 0.93


def test_grid_search_finds_that_spirals_need_a_hidden_layer():
    grid = {"hidden_layer_sizes": [(), (32, 32)]}
    model = MLPClassifier(learning_rate_init=0.03, max_iter=50, random_state=0)
    search = GridSearchCV(model, grid, cv=KFold(3)).fit(*spirals(300))
    assert search.best_params_["hidden_layer_sizes"] == (32, 32)
    assert search.best_score_ > 0.9
    assert search.cv_results_["mean_test_score"][0] < 0.7


def test_random_search_over_rates_and_rules():
    choices = {
        "mlpclassifier__learning_rate_init": [1e-5, 0.01, 0.03],
        "mlpclassifier__solver": [SGD, "adam"],
    }
    search = RandomizedSearchCV(scaled(max_iter=20), choices, n_iter=4, cv=3, random_state=0)
    search.fit(*iris())
    assert search.best_score_ > 0.9
    assert search.best_params_["mlpclassifier__learning_rate_init"] > 1e-5


@pytest.mark.skipif(not IN_CI, reason="starting processes takes seconds; all are pickled above")
def test_a_search_runs_in_several_processes():
    x, y = iris()
    scores = [cross_val_score(scaled(max_iter=5), x, y, cv=2, n_jobs=n) for n in (1, 2)]
    assert_array_equal(*scores)


# --- what they learn


def test_the_same_random_state_gives_the_same_model_and_another_another():
    x, y = iris()
    first, second, third = (
        MLPClassifier(max_iter=3, random_state=seed).fit(x, y).predict_proba(x)
        for seed in (0, 0, 1)
    )
    assert_array_equal(first, second)
    assert abs(first - third).max() > 1e-3


def test_classes_keep_their_names():
    data = iris()
    names = np.array(data.class_names)[data.y]
    model = MLPClassifier(random_state=0).fit(data.x, names)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert model.predict(data.x[:1]).tolist() == ["setosa"]
    assert (model.predict(data.x) == names).mean() == model.score(data.x, names) > 0.95
    probabilities = model.predict_proba(data.x)
    assert_allclose(probabilities.sum(axis=1), 1)
    assert_array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(data.x))


def test_regression_of_one_target_and_of_two():
    x = np.random.default_rng(0).uniform(-1, 1, size=(200, 2))
    y = np.column_stack([x[:, 0] * x[:, 1], x[:, 0] ** 2])
    both = MLPRegressor(random_state=0).fit(x, y)
    one = MLPRegressor(random_state=0).fit(x, y[:, 0])
    assert both.predict(x).shape == (200, 2)
    assert one.predict(x).shape == (200,)
    assert both.score(x, y) > 0.95
    assert one.score(x, y[:, 0]) > 0.95


def test_the_perceptron_separates_what_a_line_separates_and_says_so_where_none_does():
    data = iris()
    setosa = np.array(["other", "setosa"])[(data.y == 0).astype(int)]
    model = PerceptronClassifier(random_state=0).fit(data.x, setosa)
    assert model.score(data.x, setosa) == 1.0
    assert model.mistakes_[-1] == 0
    assert model.n_iter_ == len(model.mistakes_) > 1
    assert ((model.decision_function(data.x) >= 0) == (setosa == "setosa")).all()
    with pytest.warns(UserWarning, match="Perceptron: fit did not converge in 20 epochs"):
        PerceptronClassifier(max_iter=20).fit(*xor())
    with pytest.raises(ValueError, match="it needs 2 classes, but got 3"):
        PerceptronClassifier().fit(data.x, data.y)


def test_early_stopping_keeps_a_tenth_apart_and_ends_before_max_iter():
    x, y = iris()
    model = MLPClassifier(
        early_stopping=True, max_iter=500, learning_rate_init=0.03, random_state=0
    ).fit(x, y)
    assert model.n_iter_ == len(model.history_) < 500
    assert np.isfinite(model.history_.validation_loss).all()
    assert np.isnan(MLPClassifier(max_iter=1).fit(x, y).history_.validation_loss).all()


def test_alpha_gives_smaller_weights():
    x, y = iris()
    size = [
        np.linalg.norm(MLPClassifier(alpha=alpha, random_state=0).fit(x, y).model_.flat().data)
        for alpha in (0.0, 30.0)
    ]
    assert size[1] < 0.5 * size[0]


# --- the same as scikit-learn's own networks, step by step ----------------------------------------


def same_start(theirs, ours):
    """Give scikit-learn's network the first weights of ours."""
    first = iter(
        [(layer.weight.data.T.copy(), layer.bias.data.copy()) for layer in linear_layers(ours)]
    )
    theirs._init_coef = lambda *_: next(first)
    return theirs


def fit_theirs(theirs, x, y, weights):
    if weights is None:
        return theirs.fit(x, y)
    pytest.importorskip("sklearn", minversion="1.7", reason="before, theirs took no weights")
    return theirs.fit(x, y, weights)


def started(estimator, x, y):
    """A copy with the weights that `fit` begins with."""
    return clone(estimator).set_params(solver=lambda p, lr: SGD(p, lr=1e-300), max_iter=1).fit(x, y)


SETTINGS = {
    "plain": {},
    "a penalty": {"alpha": 5.0},
    "logistic": {"activation": "logistic", "hidden_layer_sizes": 7},
    "tanh, two layers": {"activation": "tanh", "hidden_layer_sizes": (5, 4), "alpha": 0.1},
}
WEIGHTS = np.random.default_rng(1).integers(0, 4, 150).astype(float)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations")
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize("solver", [Adam, "sgd"])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_classifier_learns_what_scikit_learns_own_does(settings, solver, weights):
    x, y = iris()
    settings = {"hidden_layer_sizes": (6,), "alpha": 0.0} | settings
    settings |= {"learning_rate_init": 0.01, "max_iter": 30, "batch_size": 150, "random_state": 0}
    if solver is Adam:  # theirs adds ε before √v is corrected, ours after: here there is none
        solvers = functools.partial(Adam, eps=1e-300), {"solver": "adam", "epsilon": 1e-300}
    else:
        solvers = solver, {"solver": solver}
    ours = MLPClassifier(**settings, solver=solvers[0])
    theirs = sklearn.neural_network.MLPClassifier(**settings, **solvers[1], n_iter_no_change=99)
    fit_theirs(same_start(theirs, started(ours, x, y).model_), x, y, weights)
    ours.fit(x, y, weights)
    assert_allclose(ours.predict_log_proba(x), theirs.predict_log_proba(x), rtol=1e-6, atol=1e-8)
    for coefficients, layer in zip(theirs.coefs_, linear_layers(ours.model_)):
        assert_allclose(layer.weight.data.T, coefficients, rtol=1e-6, atol=1e-8)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer. Maximum iterations")
@pytest.mark.parametrize("weights", [None, WEIGHTS[:100]], ids=["alike", "weighted"])
@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_a_regressor_learns_what_scikit_learns_own_does(alpha, targets, weights):
    x = np.random.default_rng(0).normal(size=(100, 3))
    y = np.sin(x @ np.arange(3.0 * targets).reshape(3, targets))
    y = y[:, 0] if targets == 1 else y
    settings = {"hidden_layer_sizes": (6,), "alpha": alpha, "solver": "sgd", "max_iter": 30}
    settings |= {"batch_size": 100, "random_state": 0}
    # Theirs is half the squared error, summed over the targets; ours is the mean of both.
    ours = MLPRegressor(**settings, learning_rate_init=0.05 * targets / 2)
    theirs = sklearn.neural_network.MLPRegressor(
        **settings, learning_rate_init=0.05, n_iter_no_change=99
    )
    fit_theirs(same_start(theirs, started(ours, x, y).model_), x, y, weights)
    ours.fit(x, y, weights)
    assert_allclose(ours.predict(x), theirs.predict(x), rtol=1e-8, atol=1e-10)


def linear_layers(model):
    return [layer for layer in model if hasattr(layer, "weight")]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
def test_lbfgs_finds_the_minimum_that_scikit_learns_own_finds(weights):
    """Without hidden layers there is one minimum: that of softmax regression with a penalty."""
    x, y = iris()
    settings = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 10.0, "max_iter": 1000}
    ours = MLPClassifier(**settings, random_state=0).fit(x, y, weights)
    theirs = sklearn.neural_network.MLPClassifier(**settings, random_state=0, tol=1e-9)
    fit_theirs(theirs, x, y, weights)
    assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), atol=1e-4)
    assert ours.n_iter_ == len(ours.history_) < 1000
    assert (np.diff(ours.history_.loss) < 0).all()


# --- going on, and examples that count differently ------------------------------------------------


def test_a_warm_start_goes_on_with_the_weights_that_are_there():
    x, y = iris()
    settings = {"solver": "sgd", "batch_size": 150, "random_state": 0}
    warm = MLPClassifier(**settings, max_iter=5, warm_start=True)
    first = warm.fit(x, y).history_.loss
    second = warm.fit(x, y).history_.loss
    assert second[0] < first[-1] < first[0]
    assert_array_equal(MLPClassifier(**settings, max_iter=5).fit(x, y).history_.loss, first)
    with pytest.raises(ValueError, match=r"warm_start needs the classes of the call before"):
        warm.fit(x, y + 1)
    with pytest.raises(ValueError, match=r"goes on with a model of .* Set warm_start=False"):
        warm.set_params(hidden_layer_sizes=(3,)).fit(x, y)
    assert warm.set_params(warm_start=False).fit(x, y).model_[0].out_features == 3


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_epochs_of_partial_fit_are_the_epochs_of_fit(solver):
    x, y = iris()
    at_once = MLPClassifier(solver=solver, max_iter=4, random_state=0).fit(x, y)
    parts = MLPClassifier(solver=solver, random_state=0)
    losses = []
    for _ in range(4):
        parts.partial_fit(x, y, classes=[0, 1, 2])
        losses += parts.history_.loss.tolist()
        parts = pickle.loads(pickle.dumps(parts))  # the optimizer's memory goes along
    assert losses == at_once.history_.loss.tolist()
    assert_array_equal(parts.predict_proba(x), at_once.predict_proba(x))
    targets = x[:, :2]
    at_once = MLPRegressor(solver=solver, max_iter=4, random_state=0).fit(x, targets)
    parts = MLPRegressor(solver=solver, random_state=0)
    for _ in range(4):
        parts.partial_fit(x, targets)
    assert_array_equal(parts.predict(x), at_once.predict(x))


def test_partial_fit_learns_classes_that_come_later():
    x, y = iris()
    model = MLPClassifier(random_state=0, learning_rate_init=0.01)
    with pytest.raises(ValueError, match=r"the first call of partial_fit needs classes="):
        model.partial_fit(x, y)
    rng = np.random.default_rng(0)
    for _ in range(60):
        part = rng.permutation(150)[:40]
        model.partial_fit(x[part], y[part], classes=[0, 1, 2])
    assert model.partial_fit(x[:50], y[:50]).predict_proba(x).shape == (150, 3)
    assert model.score(x, y) > 0.9
    with pytest.raises(ValueError, match=r"has the classes \[0 1 2\], but y has \[3\]"):
        model.partial_fit(x, y + 1)
    with pytest.raises(ValueError, match=r"has the classes \[0 1 2\], but classes=\[0 1\]"):
        model.partial_fit(x, y, classes=[0, 1])


def test_lbfgs_has_no_batches():
    x, y = iris()
    model = MLPClassifier(solver="lbfgs")
    assert not hasattr(model, "partial_fit")
    with pytest.raises(ValueError, match=r'early_stopping needs batches, and solver="lbfgs" has'):
        model.set_params(early_stopping=True).fit(x, y)


def test_an_example_of_weight_0_is_not_learnt_from():
    x, y = iris()
    kept = y != 2
    wrong = np.where(kept, y, 0)
    settings = {"batch_size": 150, "random_state": 0, "max_iter": 20}
    weighted = MLPClassifier(**settings).fit(x, wrong, sample_weight=1.0 * kept)
    alone = MLPClassifier(**settings).fit(x[kept], y[kept])
    assert_allclose(weighted.predict_proba(x), alone.predict_proba(x), rtol=1e-9)
    for bad, message in (
        (-1.0 * kept, "MLPClassifier: needs weights >= 0, but got -1"),
        (0.0 * kept, "all have weight 0|zero"),
    ):
        with pytest.raises(ValueError, match=message):
            MLPClassifier().fit(x, y, sample_weight=bad)


def test_class_weights_count_like_weights_of_examples():
    x, y = iris()
    x, y = x[:110], y[:110]  # ten of the last class
    settings = {"random_state": 0, "max_iter": 20}
    by_class = MLPClassifier(**settings, class_weight={0: 1.0, 1: 2.0, 2: 5.0}).fit(x, y)
    by_example = MLPClassifier(**settings).fit(x, y, sample_weight=np.array([1.0, 2.0, 5.0])[y])
    assert_array_equal(by_class.predict_proba(x), by_example.predict_proba(x))
    balanced = MLPClassifier(**settings, class_weight="balanced").fit(x, y)
    counts = np.bincount(y)
    by_example.fit(x, y, sample_weight=(110 / (3 * counts))[y])
    assert_allclose(balanced.predict_proba(x), by_example.predict_proba(x), rtol=1e-9)
    plain = MLPClassifier(**settings).fit(x, y)
    assert recall(balanced, x, y) > recall(plain, x, y)
    with pytest.raises(ValueError, match=r'class_weight="balanced" needs to see all examples'):
        balanced.partial_fit(x, y)
    with pytest.raises(ValueError, match="MLPClassifier: needs weights >= 0, but got -1"):
        MLPClassifier(class_weight={0: -1.0, 1: 5.0}).fit(x, y)


def recall(model, x, y):
    return (model.predict(x)[y == 2] == 2).mean()


def test_the_penalty_leaves_the_intercept_alone():
    """With a penalty that leaves no weight, the intercepts say how frequent the classes are."""
    x, y = iris()
    x, y = x[:110], y[:110]
    model = MLPClassifier(hidden_layer_sizes=(), alpha=1e6, solver="lbfgs", max_iter=1000)
    assert_allclose(model.fit(x, y).predict_proba(x), [np.bincount(y) / 110] * 110, atol=1e-3)


def test_log_probabilities_are_finite_where_probabilities_are_0():
    x, y = iris()
    model = MLPClassifier(random_state=0).fit(x, y)
    far = 1e5 * x[:1]
    assert (model.predict_proba(far) == 0).any()
    assert np.isfinite(model.predict_log_proba(far)).all()
    assert_allclose(np.exp(model.predict_log_proba(x)), model.predict_proba(x), rtol=1e-12)


@pytest.mark.parametrize("fit", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "newton"}, "solver must be 'adam', 'sgd' or 'lbfgs', but got 'newton'"),
        ({"solver": None}, "solver must be 'adam', 'sgd' or 'lbfgs', but got None"),
        ({"alpha": -1}, "alpha must be >= 0, but got -1"),
        ({"max_iter": 0}, "max_iter must be >= 1, but got 0"),
        ({"max_iter": 2.5}, "max_iter must be an int, but got 2.5"),
        ({"max_iter": 0, "solver": "lbfgs"}, "max_iter must be >= 1, but got 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message, fit):
    x, y = iris()
    model = MLPRegressor(**settings)
    if hasattr(model, fit):
        with pytest.raises((TypeError, ValueError), match=f"^MLPRegressor: {message}"):
            getattr(model, fit)(x, y)


def test_partial_fit_cannot_stop_early():
    x, y = iris()
    with pytest.raises(ValueError, match="early_stopping needs all examples, and partial_fit sees"):
        MLPClassifier(early_stopping=True).partial_fit(x, y, classes=[0, 1, 2])


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        (MLPClassifier(max_iter=3), {"learning_rate_init": 0.0}),
        (MLPClassifier(max_iter=3), {"batch_size": 0}),
        (MLPClassifier(max_iter=3), {"solver": "lbfgs", "early_stopping": True}),
        (MLPClassifier(max_iter=3), {"solver": SGD, "learning_rate_init": 1e300}),
        (MLPRegressor(max_iter=3), {"warm_start": True}),
        (PerceptronClassifier(), {"eta0": -1.0}),
    ],
)
@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered")
def test_an_error_leaves_a_trained_estimator_what_it_was(model, settings):
    x, y = xor()
    x, names = np.repeat(x, 10, axis=0), np.array(["no", "yes"])[np.repeat(y, 10)]
    x, names = x[10:], names[10:]
    regresses = isinstance(model, MLPRegressor)
    model.fit(x, np.stack([x[:, 0], x[:, 1]], axis=1) if regresses else names)
    before, said = dict(vars(model)), model.predict(x)
    with pytest.raises((TypeError, ValueError, ArithmeticError)):
        model.set_params(**settings).fit(x, x[:, 0] if regresses else np.char.upper(names))
    assert vars(model) == before | settings
    assert_array_equal(model.predict(x), said)


def test_the_name_that_solver_had_in_0_1_still_works_and_says_the_new_one():
    x, y = iris()
    with pytest.warns(FutureWarning, match="optimizer is now called solver"):
        old = MLPClassifier(optimizer=SGD, max_iter=3, random_state=0).fit(x, y)
    new = MLPClassifier(solver=SGD, max_iter=3, random_state=0).fit(x, y)
    assert_array_equal(old.predict_proba(x), new.predict_proba(x))


def test_a_trained_estimator_is_pickled_with_what_it_learnt():
    x, y = iris()
    model = MLPClassifier(max_iter=3, random_state=0).fit(x, y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(x), model.predict_proba(x))
    assert not hasattr(clone(model), "model_")


def test_the_size_of_a_trained_estimator_does_not_grow_with_the_examples():
    x, y = iris()
    settings = {"max_iter": 1, "random_state": 0}
    few, many = (
        len(pickle.dumps(MLPClassifier(**settings).fit(np.tile(x, (n, 1)), np.tile(y, n))))
        for n in (1, 10)
    )
    assert many < few + 100


# --- an extra that nobody has to have


def test_importing_nn_imports_neither_scikit_learn_nor_matplotlib_nor_tqdm():
    program = (
        "import sys, nn, nn.plots, nn.training; "
        "print([name for name in ('sklearn', 'matplotlib', 'tqdm') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=pathlib.Path(nn.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "[]\n"


def test_without_scikit_learn_the_estimators_say_how_to_install_it(monkeypatch):
    for name in ("nn.estimators", "nn.training.estimators"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(nn, "estimators", raising=False)
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(ImportError, match=r"nn.estimators: needs scikit-learn .*pip install"):
        _ = nn.estimators
