"""The exercises of the notebook on a tiny GPT."""

from nn.course.exercise import Exercise, Mistake

WIDTH = 12

EXERCISES = (
    Exercise(
        "scalar-gpt 1",
        right=lambda: WIDTH * WIDTH,
        answer="my_count",
        mistakes=(
            Mistake(lambda: WIDTH, "From 12 numbers it makes 12, each a weighted sum of all."),
            Mistake(lambda: 3 * WIDTH * WIDTH, "That is queries, keys and values together."),
            Mistake(
                lambda: WIDTH + WIDTH, "Each of 12 results has a weight for each of 12 inputs."
            ),
            Mistake(lambda: WIDTH * WIDTH + WIDTH, "This layer has no biases."),
        ),
        hints=("12 results, each a weighted sum of 12 numbers.", "WIDTH · WIDTH"),
    ),
    Exercise(
        "scalar-gpt 2",
        right=lambda: 1 / 3,
        answer="my_share",
        mistakes=(
            Mistake(lambda: 1, "The three shares together are 1."),
            Mistake(lambda: 1 / 2, "There are three letters to share among, not two."),
            Mistake(lambda: 0, "Softmax never gives a share of 0."),
        ),
        hints=("Softmax makes equal scores equal shares.", "Together they are 1."),
    ),
    Exercise(
        "scalar-gpt 3",
        right=lambda: "larger",
        choices=("larger", "smaller", "equal"),
        answer="my_guess",
        mistakes=(
            Mistake(
                lambda: "smaller",
                "How often does an x follow an x in the list? What does a surprised model pay?",
            ),
            Mistake(
                lambda: "equal",
                "It would be if the model had learnt nothing. It has learnt "
                "which letters tend to follow.",
            ),
        ),
        hints=("How often does an x follow an x in the list?", "Surprise costs."),
    ),
)
