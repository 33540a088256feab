"""A language model behind an OpenAI-compatible server (vLLM, SGLang, llama.cpp, Ollama): a form in, a form out.

Answers are constrained by ``response_format: json_schema``, the one way that all of these servers share,
and validated all the same: some accept it and ignore it. Whoever calls sets the time limit of the whole
piece of work as an anyio cancel scope; each call keeps within it.
"""

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import anyio
import httpx2
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
)
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel, ConfigDict, ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from models.breaker import Breaker
from models.completion import Completion, Usage, choice_probabilities

_TOP = 10  # likeliest tokens asked for at each place
_BUSY = frozenset({429, 503, 529})
_PASSING = frozenset({"llm_unavailable", "llm_overloaded"})  # worth another try at once
_QUIET = _PASSING | {"llm_timeout"}  # what the breaker counts
_BACKOFF = wait_random_exponential(multiplier=0.2, max=4)

Code = Literal[
    "llm_unavailable",  # no connection, or a fault of the server (5xx)
    "llm_overloaded",  # 429, 503: come later
    "llm_timeout",  # no answer within the time limit
    "llm_refused",  # another 4xx: wrong model, key or request
    "llm_invalid_answer",  # not of the asked form, twice
    "llm_answer_cut",  # longer than the token limit
    "llm_no_schema",  # the server does not honour json_schema
    "llm_circuit_open",  # left alone for a while after repeated failures
]


class LanguageModelError(Exception):
    """The model did not answer as asked; ``code`` says why. The message holds nothing of prompt or answer."""

    def __init__(self, code: Code, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class ModelServer:
    """Where the model is, and how it is treated.

    ``call_seconds``: longest single call. ``concurrency``: calls at one time. ``retries``: further tries
    of a call after passing faults. ``failures``, ``recovery_seconds``: of the circuit breaker.
    """

    base_url: str
    model: str
    api_key: str = "none"
    call_seconds: float = 20.0
    concurrency: int = 8
    retries: int = 2
    failures: int = 5
    recovery_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Prompt:
    """``system``: the same bytes for every question, so that servers reuse its computation; ``user``: the rest."""

    system: str
    user: str


Form = TypeVar("Form", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answer(Generic[Form]):
    """A valid answer; ``odds`` are the probabilities of ``choices``, where the server gives log-probabilities."""

    value: Form
    usage: Usage
    odds: dict[str, float] | None = None


class _Probe(BaseModel):
    """Words that no model says of itself, so that a server which ignores the schema is found out."""

    model_config = ConfigDict(extra="forbid")

    colour: Literal["ultramarine"]


class LanguageModel:
    """One model on one server. To be used from one event loop.

    The server is probed by the first call, not at start: it may come up later than the service.
    """

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        self.breaker = Breaker(server.failures, server.recovery_seconds)
        self.gives_logprobs = False
        self._probed = False
        self._slots = anyio.CapacityLimiter(server.concurrency)
        limits = httpx2.Limits(max_connections=server.concurrency)
        # no proxies or keys of the environment, no redirects: report text goes to this server only
        http = httpx2.AsyncClient(trust_env=False, follow_redirects=False, limits=limits)
        self._client = AsyncOpenAI(
            base_url=server.base_url,
            api_key=server.api_key,
            organization="",
            project="",
            max_retries=0,
            timeout=server.call_seconds,
            http_client=http,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    async def ask(
        self, prompt: Prompt, form: type[Form], *, max_tokens: int, choices: tuple[str, ...] = ()
    ) -> Answer[Form]:
        """The model's answer in this form; an answer of another form is asked once more.

        Args:
            prompt: what is asked.
            form: its JSON schema constrains the answer; one ``choices`` field where these are given.
            max_tokens: longest answer; a longer one is a failure, because what is cut off cannot be trusted.
            choices: values whose probabilities are wanted, where the server can tell.

        Raises:
            LanguageModelError: with the code that says why there is none.
        """
        if not self._probed:
            await self._probe()
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.user},
        ]
        usage = Usage()
        for last in (False, True):
            completion = await self._complete(
                messages, form, max_tokens, logprobs=bool(choices) and self.gives_logprobs
            )
            usage += completion.usage
            try:
                return Answer(_value(completion, form), usage, choice_probabilities(completion, choices))
            except ValidationError as error:
                if last:
                    break
                messages += [
                    {"role": "assistant", "content": completion.words},
                    {"role": "user", "content": _repair(error)},
                ]
        raise LanguageModelError("llm_invalid_answer")

    async def _probe(self) -> None:
        """Find out whether the server honours json_schema, and whether it gives log-probabilities."""
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello."}]
        try:
            completion = await self._complete(messages, _Probe, 40, logprobs=True)
        except LanguageModelError as error:
            if error.code != "llm_refused":
                raise
            completion = await self._complete(messages, _Probe, 40, logprobs=False)
        try:
            _value(completion, _Probe)
        except (ValidationError, LanguageModelError):
            raise LanguageModelError("llm_no_schema") from None
        self.gives_logprobs = bool(completion.choices[0].logprobs)
        self._probed = True

    async def _complete(
        self,
        messages: list[ChatCompletionMessageParam],
        form: type[BaseModel],
        max_tokens: int,
        logprobs: bool,
    ) -> Completion:
        """One completion, tried again after passing faults while there is time."""
        arguments: dict[str, Any] = {
            "model": self.server.model,
            "messages": messages,
            "max_tokens": max_tokens,
            "temperature": 0,
            "seed": 0,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": form.model_json_schema()},
            },
        }
        if logprobs:
            arguments |= {"logprobs": True, "top_logprobs": _TOP}
        left = anyio.current_effective_deadline() - anyio.current_time()
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: getattr(error, "code", None) in _PASSING),
            stop=stop_after_attempt(1 + self.server.retries) | stop_before_delay(min(left, 3_600)),
            wait=_pause,
            reraise=True,
        )
        completion: Completion = await retrying(self._send, arguments)
        return completion

    async def _send(self, arguments: dict[str, Any]) -> Completion:
        async with self._slots:
            if not self.breaker.admit():
                raise LanguageModelError("llm_circuit_open")
            limit = anyio.current_effective_deadline()
            try:
                completion = await self._called(arguments)
            except LanguageModelError as error:
                if error.code in _QUIET:
                    self.breaker.failed()
                else:
                    self.breaker.succeeded()
                raise
            except anyio.get_cancelled_exc_class():
                if anyio.current_time() >= limit:
                    self.breaker.failed()
                raise
            self.breaker.succeeded()
            return completion

    async def _called(self, arguments: dict[str, Any]) -> Completion:
        """One HTTP call, its failure as a LanguageModelError."""
        try:
            with anyio.fail_after(self.server.call_seconds):
                raw = await self._client.chat.completions.with_raw_response.create(**arguments)
                return Completion.model_validate_json(raw.content)
        except (TimeoutError, APITimeoutError):
            raise LanguageModelError("llm_timeout") from None
        except APIStatusError as error:
            raise _refusal(error) from None
        except APIConnectionError:
            raise LanguageModelError("llm_unavailable") from None
        except ValidationError:  # an answer that is no completion
            raise LanguageModelError("llm_invalid_answer") from None


def _refusal(error: APIStatusError) -> LanguageModelError:
    if error.status_code in _BUSY:
        return LanguageModelError("llm_overloaded", _seconds(error.response.headers.get("retry-after")))
    return LanguageModelError("llm_unavailable" if error.status_code >= 500 else "llm_refused")


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is not used by model servers."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None


def _pause(state: RetryCallState) -> float:
    """What the server asked for, else growing pauses with chance."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.retry_after if isinstance(error, LanguageModelError) else None
    return _BACKOFF(state) if asked is None else asked


def _value(completion: Completion, form: type[Form]) -> Form:
    if completion.cut:
        raise LanguageModelError("llm_answer_cut")
    return form.model_validate_json(completion.words)


def _repair(error: ValidationError) -> str:
    """What was wrong with an answer, without its words."""
    wrong = sorted(
        {".".join(map(str, item["loc"])) or "answer" for item in error.errors(include_input=False)}
    )
    return f"That is not JSON of the schema (wrong: {', '.join(wrong[:5])}). Answer again, only JSON."
