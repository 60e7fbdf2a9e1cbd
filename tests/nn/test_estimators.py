"""Our models as scikit-learn estimators."""

import pathlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import nn
from nn.datasets import iris, spirals, xor
from optim import SGD

pytest.importorskip("sklearn", minversion="1.6")

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


@pytest.mark.filterwarnings("ignore:Perceptron. fit did not converge")
@parametrize_with_checks(
    [
        MLPClassifier(max_iter=50, random_state=0),
        MLPRegressor(max_iter=50, random_state=0),
        PerceptronClassifier(max_iter=50, random_state=0),
    ]
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
    grid = {"hidden_layer_sizes": [(), (32, 32)], "activation": ["tanh", "relu"]}
    search = GridSearchCV(MLPClassifier(learning_rate_init=0.01, random_state=0), grid, cv=KFold(3))
    search.fit(*spirals(300))
    assert search.best_params_["hidden_layer_sizes"] == (32, 32)
    assert search.best_score_ > 0.9
    by_depth = dict.fromkeys([(), (32, 32)], 0.0)
    for settings, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"]):
        by_depth[settings["hidden_layer_sizes"]] = max(
            score, by_depth[settings["hidden_layer_sizes"]]
        )
    assert by_depth[()] < 0.7


def test_random_search_over_rates_and_rules():
    choices = {
        "mlpclassifier__learning_rate_init": [1e-5, 0.01, 0.03],
        "mlpclassifier__optimizer": [SGD, MLPClassifier().optimizer],
    }
    search = RandomizedSearchCV(scaled(max_iter=20), choices, n_iter=4, cv=3, random_state=0)
    search.fit(*iris())
    assert search.best_score_ > 0.9
    assert search.best_params_["mlpclassifier__learning_rate_init"] > 1e-5


def test_a_search_runs_in_several_processes():
    x, y = iris()
    scores = [cross_val_score(scaled(max_iter=5), x, y, cv=2, n_jobs=n) for n in (1, 2)]
    assert_array_equal(*scores)


def test_a_search_runs_on_a_dask_cluster():
    joblib = pytest.importorskip("joblib")
    distributed = pytest.importorskip("distributed")
    x, y = iris()
    alone = cross_val_score(scaled(max_iter=5), x, y, cv=2)
    settings = {"n_workers": 1, "threads_per_worker": 2, "processes": False}
    with (
        distributed.LocalCluster(dashboard_address=None, **settings) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        assert_array_equal(cross_val_score(scaled(max_iter=5), x, y, cv=2), alone)


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
        for alpha in (0.0, 0.1)
    ]
    assert size[1] < 0.5 * size[0]


def test_a_trained_estimator_is_pickled_with_what_it_learnt():
    x, y = iris()
    model = MLPClassifier(max_iter=3, random_state=0).fit(x, y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(x), model.predict_proba(x))
    assert not hasattr(clone(model), "model_")


# --- an extra that nobody has to have


def test_importing_nn_imports_neither_scikit_learn_nor_matplotlib_nor_tqdm():
    program = (
        "import sys, nn, nn.plots, nn.training; "
        "print([name for name in ('sklearn', 'matplotlib', 'tqdm') if name in sys.modules]); "
        "print(nn.estimators.MLPClassifier.__name__)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=pathlib.Path(nn.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split("\n")[:2] == ["[]", "MLPClassifier"]


def test_without_scikit_learn_the_estimators_say_how_to_install_it(monkeypatch):
    for name in ("nn.estimators", "nn.training.estimators"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(nn, "estimators", raising=False)
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(ImportError, match=r"nn.estimators: needs scikit-learn .*pip install"):
        _ = nn.estimators
