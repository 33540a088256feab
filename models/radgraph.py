"""Extractor over RadGraph-XL-type weights: a span-based tagger and relation scorer on a BERT encoder.

The published model is DyGIE++ (Wadden et al. 2019, arXiv 1909.03546): every span of up to
``max_span_width`` words is embedded as its first word, its last word and its width; one feedforward
network tags it, another keeps the likeliest, a third scores each kept pair. This file runs that
computation in plain torch on the published state dict, so that no training framework is needed.

A model folder holds ``config.json``, ``weights.th``, ``vocabulary/*__ner_labels.txt`` and
``*__relation_labels.txt`` as published, and ``encoder/`` with the transformers configuration and
tokenizer of the encoder that the configuration names.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.radgraph_format import Aligned, graph_from_radgraph, words_of
from models.types import Report, ReportGraph

if TYPE_CHECKING:
    import torch

_ENCODER = "_embedder.token_embedder_bert._matched_embedder.transformer_model."
_WIDTHS = "_endpoint_span_extractor._span_width_embedding.weight"
_LONGEST = 400  # words given to the encoder at a time; longer reports go in pieces
_NO_RELATION = 0.0


class RadGraphError(Exception):
    """The weights cannot be used: the libraries, a file or a parameter is missing."""


@dataclass(frozen=True, slots=True)
class _Labels:
    """Label names by class number; tagging has an empty name for "no entity" at 0."""

    namespace: str
    ner: tuple[str, ...]
    relations: tuple[str, ...]


class RadGraphExtractor:
    """GraphExtractor over a folder of RadGraph-XL-type weights. Not fast without a GPU."""

    name = "radgraph"

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        """Load the weights.

        Raises:
            RadGraphError: when torch or transformers, a file or a parameter is missing.
        """
        try:
            import torch
            from transformers import AutoConfig, AutoModel, AutoTokenizer
        except ImportError as error:
            raise RadGraphError("install the extra 'gpu' to use RadGraph weights") from error
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model"]
            self._widest = int(config["max_span_width"])
            self._kept = float(config["modules"]["relation"]["spans_per_word"])
            self._labels = _read_labels(folder / "vocabulary")
            weights = torch.load(folder / "weights.th", map_location=device, weights_only=True)
            self._tokenizer = AutoTokenizer.from_pretrained(folder / "encoder", local_files_only=True)
            encoder = AutoConfig.from_pretrained(folder / "encoder", local_files_only=True)
            self._encoder = AutoModel.from_config(encoder)
            own = {
                key.removeprefix(_ENCODER): value
                for key, value in weights.items()
                if key.startswith(_ENCODER)
            }
            self._encoder.load_state_dict(own, strict=False)
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise RadGraphError(f"the RadGraph weights cannot be opened: {type(error).__name__}") from error
        self._heads = {key: value for key, value in weights.items() if not key.startswith(_ENCODER)}
        self._encoder.to(device).eval()
        self._device = device

    def extract(self, report: Report) -> ReportGraph:
        """See GraphExtractor."""
        return self.aligned(report).graph

    def aligned(self, report: Report) -> Aligned:
        """The graph, with the count of entities that had no place in the text."""
        words = words_of(report.text)
        entities: dict[str, dict[str, Any]] = {}
        for start in range(0, len(words), _LONGEST):
            self._annotate(words[start : start + _LONGEST], start, entities)
        return graph_from_radgraph(report, {"text": " ".join(words), "entities": entities})

    def _annotate(self, words: Sequence[str], offset: int, entities: dict[str, dict[str, Any]]) -> None:
        """Add the entities of one piece, in RadGraph's format, word indexes counted from the text's start."""
        import torch

        with torch.inference_mode():
            vectors = self._words(words)
            spans = [
                (start, end)
                for start in range(len(words))
                for end in range(start, min(start + self._widest, len(words)))
            ]
            embedded = self._spans(vectors, spans)
            tags = self._tags(embedded)
            pairs = self._relations(embedded, spans, len(words))
        tagged = {span: tag for span, tag in zip(spans, tags, strict=True) if tag}
        keys = {span: f"{offset}:{number}" for number, span in enumerate(tagged)}
        for span, tag in tagged.items():
            relations = [
                [kind, keys[target]]
                for source, target, kind in pairs
                if source == span and target in keys and target != span
            ]
            entities[keys[span]] = {
                "label": tag,
                "start_ix": offset + span[0],
                "end_ix": offset + span[1],
                "relations": relations,
            }

    def _words(self, words: Sequence[str]) -> "torch.Tensor":
        """One vector a word, shape (words, hidden): the mean over its word pieces."""
        import torch

        encoded = self._tokenizer(list(words), is_split_into_words=True, truncation=True, return_tensors="pt")
        states = self._encoder(**encoded.to(self._device)).last_hidden_state[0]
        owners = encoded.word_ids(0)
        vectors = torch.zeros((len(words), states.shape[1]), device=states.device)
        counts = torch.zeros((len(words), 1), device=states.device)
        for position, owner in enumerate(owners):
            if owner is not None:
                vectors[owner] += states[position]
                counts[owner] += 1
        return vectors / counts.clamp_min(1)

    def _spans(self, vectors: "torch.Tensor", spans: Sequence[tuple[int, int]]) -> "torch.Tensor":
        """First word, last word and width embedding of each span; shape (spans, 2 hidden + feature)."""
        import torch

        starts = torch.tensor([start for start, _ in spans], device=vectors.device)
        ends = torch.tensor([end for _, end in spans], device=vectors.device)
        return torch.cat([vectors[starts], vectors[ends], self._heads[_WIDTHS][ends - starts]], dim=1)

    def _tags(self, embedded: "torch.Tensor") -> list[str]:
        """The tag of each span, empty for none; the score of "none" is fixed at 0."""
        import torch

        prefix = f"_ner._ner_scorers.{self._labels.namespace}__ner_labels."
        hidden = self._feedforward(embedded, f"{prefix}0._module.")
        scores = self._linear(hidden, f"{prefix}1._module.")
        full = torch.cat([scores.new_zeros((scores.shape[0], 1)), scores], dim=1)
        return [self._labels.ner[index] for index in full.argmax(dim=1).tolist()]

    def _relations(
        self, embedded: "torch.Tensor", spans: Sequence[tuple[int, int]], words: int
    ) -> list[tuple[tuple[int, int], tuple[int, int], str]]:
        """(source span, target span, relation) of each related pair among the likeliest spans."""
        import torch

        namespace = f"{self._labels.namespace}__relation_labels."
        pruner = f"_relation._mention_pruners.{namespace}_scorer."
        mention = self._linear(self._feedforward(embedded, f"{pruner}0._module."), f"{pruner}1._module.")[
            :, 0
        ]
        keep = min(len(spans), max(1, ceil(words * self._kept)))
        top = torch.sort(torch.topk(mention, keep).indices).values
        kept = embedded[top]
        first = kept.unsqueeze(1).expand(-1, keep, -1)
        second = kept.unsqueeze(0).expand(keep, -1, -1)
        pairs = torch.cat([first, second, first * second], dim=2)
        hidden = self._feedforward(pairs, f"_relation._relation_feedforwards.{namespace}")
        scores = self._linear(hidden, f"_relation._relation_scorers.{namespace}")
        scores = scores + (mention[top].unsqueeze(1) + mention[top].unsqueeze(0)).unsqueeze(-1)
        best, label = scores.max(dim=2)
        return [
            (spans[int(top[i])], spans[int(top[j])], self._labels.relations[int(label[i, j])])
            for i, j in (best > _NO_RELATION).nonzero().tolist()
        ]

    def _feedforward(self, values: "torch.Tensor", prefix: str) -> "torch.Tensor":
        """Linear layers with ReLU, as many as the weights have."""
        layer = 0
        while f"{prefix}_linear_layers.{layer}.weight" in self._heads:
            values = self._linear(values, f"{prefix}_linear_layers.{layer}.").relu()
            layer += 1
        return values

    def _linear(self, values: "torch.Tensor", prefix: str) -> "torch.Tensor":
        try:
            weight, bias = self._heads[f"{prefix}weight"], self._heads[f"{prefix}bias"]
        except KeyError as error:
            raise RadGraphError(f"the weights have no parameter {error.args[0]}") from error
        return values @ weight.T + bias


def _read_labels(folder: Path) -> _Labels:
    tagging = sorted(folder.glob("*__ner_labels.txt"))
    if not tagging:
        raise KeyError("ner_labels")
    namespace = tagging[0].name.removesuffix("__ner_labels.txt")
    ner = tagging[0].read_text(encoding="utf-8").split("\n")
    relations = (folder / f"{namespace}__relation_labels.txt").read_text(encoding="utf-8").split()
    names = tuple(line for line in ner if line)
    return _Labels(namespace, ("", *names), tuple(relations))
