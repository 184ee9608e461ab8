"""Why the upkeep stops: the argument is the sentence that the administrator reads."""


class UpkeepRefused(Exception):
    """What was asked is not done, and nothing was changed unless the sentence says so."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)
