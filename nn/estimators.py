"""Our models as scikit-learn estimators, for its cross-validation, searches and pipelines.

They keep its contract (settings in the constructor, `fit`, `predict`, `score`, learnt attributes
with a trailing underscore), so whatever takes an estimator takes these, also in parallel and, by
way of joblib, on a cluster. Settings that scikit-learn's own networks have are named as there.

>>> from sklearn.model_selection import GridSearchCV
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> from nn.datasets import iris
>>> x, y = iris()
>>> pipeline = make_pipeline(StandardScaler(), MLPClassifier(random_state=0))
>>> search = GridSearchCV(pipeline, {"mlpclassifier__hidden_layer_sizes": [(), (16,)]}, cv=3)
>>> bool(search.fit(x, y).best_score_ > 0.9)
True
"""

from nn.training.estimators import *  # noqa: F403
from nn.training.estimators import __all__ as __all__
