"""The wire form of what a review took."""

from pydantic import BaseModel, ConfigDict


class ReviewOut(BaseModel):
    """What the review by the language model took.

    ``dropped``: proposals whose words are not in the report. ``left_out``: sections beyond the limit of
    length. ``seconds``: by stage, when the review was made; an answer may repeat an earlier one. ``steered``:
    beside this report the model denied a plain error too, so its opinion of the detectors' errors is not taken.
    """

    model_config = ConfigDict(from_attributes=True)

    dropped: int
    left_out: tuple[str, ...]
    seconds: dict[str, float]
    prompt_tokens: int
    completion_tokens: int
    steered: bool
