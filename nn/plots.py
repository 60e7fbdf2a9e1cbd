"""Pictures of data, models and trainings, with matplotlib.

Every function draws on the axes it is given and returns them, so that pictures can be put side by
side and changed further; without axes it makes a figure. Whatever colour says is also said by
shape, dashes or lightness, so that the pictures can be read in greyscale. The label of the axes,
`ax.get_label()`, describes the picture in words: an alternative text for those who do not see it.
"""

from nn.training.plots import *  # noqa: F403
from nn.training.plots import __all__ as __all__
