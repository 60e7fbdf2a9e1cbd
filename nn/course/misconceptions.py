"""What learners of backpropagation often believe: fifteen sentences, each of them wrong."""

import enum


class Misconception(enum.Enum):
    """A wrong belief that an exercise of the course can recognise, as its holder would say it.

    Example:
        >>> Misconception.UPHILL.value
        'The gradient points downhill.'
    """

    LEARNING = "Backpropagation is learning: backward() changes the weights."
    ONE_PATH = "One path from a number to the loss is enough; others need not be added."
    OVERWRITING = "Each backward() starts anew; old gradients need not be cleared."
    WRONG_POINT = "A local derivative may be taken anywhere, such as at the result."
    NO_INPUT = "The gradient of a weight does not depend on the input."
    IMPORTANCE = "A large gradient means that a number is important."
    UPHILL = "The gradient points downhill."
    DISTANCE = "A large gradient means that the minimum is far away."
    RATE = "If the loss rises or stays high, training is in a local minimum."
    ZERO = "Where the gradient is 0, the best has been reached."
    KINKS = "Steps, kinks and choices pass gradients like any other function."
    SUM = "Whether a batch is summed or averaged makes no difference."
    SHAPE = "The order of a matrix product and its transposes does not matter."
    FUSED = "Probability minus truth is the gradient wherever softmax or sigmoid appears."
    COST = "Backward needs no forward values, or one pass for every weight."
