"""What a server answers, as far as it is used; and how likely each of a few words was as an answer."""

import math
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, Field


class Rival(BaseModel):
    """One token and its log-probability."""

    token: str
    logprob: float


class Token(Rival):
    """A token of the answer, with the likeliest ones at its place."""

    top_logprobs: list[Rival] = Field(default_factory=list)


class Logprobs(BaseModel):
    """The log-probabilities of an answer."""

    content: list[Token] | None = None


class Message(BaseModel):
    """The words of an answer."""

    content: str | None = None


class Choice(BaseModel):
    """One answer, why it ended, and its log-probabilities."""

    message: Message
    finish_reason: str | None = None
    logprobs: Logprobs | None = None


class Usage(BaseModel):
    """Tokens read and written."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """The sum of both."""
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )


class Completion(BaseModel):
    """A chat completion (OpenAI API reference, POST /chat/completions)."""

    choices: list[Choice] = Field(min_length=1)
    usage: Usage = Field(default_factory=Usage)

    @property
    def words(self) -> str:
        """The answer."""
        return self.choices[0].message.content or ""

    @property
    def cut(self) -> bool:
        """True when the answer reached its token limit."""
        return self.choices[0].finish_reason == "length"


def choice_probabilities(completion: Completion, choices: Sequence[str]) -> dict[str, float] | None:
    """The probability of each choice, adding to 1, at the place where the answer names one of them.

    None without log-probabilities, or where no token tells the choices apart.
    """
    given = completion.choices[0].logprobs
    tokens = (given.content if given is not None else None) or ()
    text = "".join(token.token for token in tokens)
    start = max((text.rfind(f'"{choice}"') for choice in choices), default=-1) + 1
    return _at(tokens, start, choices) if start else None


def _at(tokens: Sequence[Token], start: int, choices: Sequence[str]) -> dict[str, float] | None:
    """The choices' probabilities at the token that holds the character ``start`` of the answer."""
    offset = 0
    for token in tokens:
        end = offset + len(token.token)
        if offset <= start < end:
            before = token.token[: start - offset]
            rivals = [(rival.token, rival.logprob) for rival in token.top_logprobs]
            return _shares(before, rivals or [(token.token, token.logprob)], choices)
        offset = end
    return None


def _shares(
    before: str, rivals: Iterable[tuple[str, float]], choices: Sequence[str]
) -> dict[str, float] | None:
    weights = dict.fromkeys(choices, 0.0)
    for token, logprob in rivals:
        rest = token.removeprefix(before)
        word = rest.partition('"')[0]
        meant = [choice for choice in choices if word and (choice.startswith(word))]
        if token.startswith(before) and len(meant) == 1:
            weights[meant[0]] += math.exp(logprob)
    total = sum(weights.values())
    return {choice: weight / total for choice, weight in weights.items()} if total > 0 else None
