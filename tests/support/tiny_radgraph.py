"""A tiny model of RadGraph-XL's kind with random weights, in the published layout."""

import json
from pathlib import Path
from typing import Any

HIDDEN, FEATURE, WIDEST, INNER = 16, 4, 3, 8
LABELS = ("Observation::definitely present", "Observation::definitely absent", "Anatomy::definitely present")
RELATIONS = ("modify", "located_at", "suggestive_of")
WORDS = "small left pleural effusion no pneumothorax findings impression . : , nodule consolidation focal cm 1 2".split()


def tiny_radgraph(folder: Path) -> None:
    """Write config, weights, vocabulary and encoder into ``folder``; needs torch and transformers."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(3)
    (folder / "encoder").mkdir(parents=True)
    (folder / "vocabulary").mkdir()
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "encoder" / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    tiny = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(vocab_size=len(vocabulary), hidden_size=HIDDEN, **tiny)
    config.save_pretrained(folder / "encoder")
    BertTokenizerFast(vocab=str(folder / "encoder" / "vocab.txt")).save_pretrained(folder / "encoder")
    (folder / "vocabulary" / "tiny__ner_labels.txt").write_text(
        "\n" + "\n".join(LABELS) + "\n", encoding="utf-8"
    )
    (folder / "vocabulary" / "tiny__relation_labels.txt").write_text(
        "\n".join(RELATIONS) + "\n", encoding="utf-8"
    )
    model = {"max_span_width": WIDEST, "modules": {"relation": {"spans_per_word": 0.5}}}
    (folder / "config.json").write_text(json.dumps({"model": model}), encoding="utf-8")
    torch.save(_weights(BertModel(config).state_dict()), folder / "weights.th")


def _weights(encoder: dict[str, Any]) -> dict[str, Any]:
    import torch

    span = 2 * HIDDEN + FEATURE
    prefix = "_embedder.token_embedder_bert._matched_embedder.transformer_model."
    weights = {prefix + key: value for key, value in encoder.items()}
    weights["_endpoint_span_extractor._span_width_embedding.weight"] = torch.randn(WIDEST, FEATURE)

    def linear(name: str, inputs: int, outputs: int) -> None:
        weights[f"{name}.weight"] = torch.randn(outputs, inputs) / 2
        weights[f"{name}.bias"] = torch.zeros(outputs)

    def feedforward(name: str, inputs: int) -> None:
        linear(f"{name}._linear_layers.0", inputs, INNER)
        linear(f"{name}._linear_layers.1", INNER, INNER)

    feedforward("_ner._ner_scorers.tiny__ner_labels.0._module", span)
    linear("_ner._ner_scorers.tiny__ner_labels.1._module", INNER, len(LABELS))
    feedforward("_relation._mention_pruners.tiny__relation_labels._scorer.0._module", span)
    linear("_relation._mention_pruners.tiny__relation_labels._scorer.1._module", INNER, 1)
    feedforward("_relation._relation_feedforwards.tiny__relation_labels", 3 * span)
    linear("_relation._relation_scorers.tiny__relation_labels", INNER, len(RELATIONS))
    return weights
