"""Review by a language model: detect, localize, correct, verify (arXiv 2406.15045), bounded by rules."""
