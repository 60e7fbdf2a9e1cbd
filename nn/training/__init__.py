"""Training: where networks and optimizers meet; nothing else in `nn` knows `optim`.

What is public here is found in `nn`: `nn.fit`, `nn.History`, `nn.plots`, `nn.estimators`, …
"""

from nn.training.evaluation import accuracy, evaluate, predict
from nn.training.history import EarlyStopping, History
from nn.training.loop import fit

__all__ = ["EarlyStopping", "History", "accuracy", "evaluate", "fit", "predict"]
