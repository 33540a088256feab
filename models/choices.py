"""How likely each of a few words was as an answer, from the log-probabilities of its tokens."""

import math
from collections.abc import Iterable, Sequence

from openai.types.chat import ChatCompletion
from openai.types.chat.chat_completion_token_logprob import ChatCompletionTokenLogprob


def choice_probabilities(completion: ChatCompletion, choices: Sequence[str]) -> dict[str, float] | None:
    """The probability of each choice, adding to 1, at the place where the answer names one of them.

    None without log-probabilities, or where no token tells the choices apart.
    """
    if not choices or not completion.choices:
        return None
    given = completion.choices[0].logprobs
    tokens = (given.content if given is not None else None) or ()
    text = "".join(token.token for token in tokens)
    places = (text.rfind(f'"{choice}"') for choice in choices)
    start = max(places, default=-1) + 1
    if start == 0:
        return None
    return _at(tokens, start, choices)


def _at(
    tokens: Sequence[ChatCompletionTokenLogprob], start: int, choices: Sequence[str]
) -> dict[str, float] | None:
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
