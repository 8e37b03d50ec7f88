#!/usr/bin/env bash
# transformers 5.24.0, default_data_collator (Trainer's when there is no tokenizer): soft scores are cut to 0 in some batches.
#
# What:    the type of the labels of a batch is that of its first row: of `label`, or of the first number of `label_ids`. Where that is
#          a whole number, written 1 or 0, all labels of the batch become integers, and 0.3, 0.6 and 0.9 become 0. Another order of
#          the same rows keeps them. `labels`, the name that models take, and every other column have no such rule. No warning; with
#          return_tensors="pt", the default, it is the same.
# A guess: lists of numbers become what torch.tensor or np.array make of them: floats, if one of them is.
# Hurt:    whoever trains on the scores of VQA (0, 0.3, 0.6, 0.9, 1), which JSON, and Python's min(1, n * 0.3), write as whole numbers
#          where they are whole. As rows are shuffled, some batches are right: training runs, and is poor.
# Instead: name the column `labels`, or make all scores floats first (`float(score)`).
#
# Seen: label 1, 0.3, 0.9                      1, 0, 0
#       label 0.9, 0.3, 1                      0.9, 0.3, 1
#       label_ids [0, 0.3, 1], [0.6, 0, 0]     0 0 1, 0 0 0
#       label_ids [0.6, 0, 0], [0, 0.3, 1]     0.6 0 0, 0 0.3 1
#       labels [0, 0.3, 1], [0.6, 0, 0]        0 0.3 1, 0.6 0 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-compile \
  transformers==5.24.0 huggingface_hub==2.4.0 tokenizers==0.23.3 safetensors==0.8.0 numpy==2.4.6

cat > "$folder/collate.py" <<'PY'
import json, sys
from transformers import default_data_collator


def collated(name, *values):
    rows = [{name: json.loads(value)} for value in values]
    batch = default_data_collator(rows, return_tensors="np")["labels"].round(3)
    return ", ".join(" ".join(f"{number:g}" for number in row) for row in batch.reshape(len(rows), -1))


cases = {
    ("label", "1", "0.3", "0.9"): "1, 0, 0",
    ("label", "0.9", "0.3", "1"): "0.9, 0.3, 1",
    ("label_ids", "[0, 0.3, 1]", "[0.6, 0, 0]"): "0 0 1, 0 0 0",
    ("label_ids", "[0.6, 0, 0]", "[0, 0.3, 1]"): "0.6 0 0, 0 0.3 1",
    ("labels", "[0, 0.3, 1]", "[0.6, 0, 0]"): "0 0.3 1, 0.6 0 0",
}
seen = {case: collated(*case) for case in cases}
for (name, *values), batch in seen.items():
    print(f"{name} {', '.join(values)} -> {batch}")
sys.exit(0 if seen == cases else f"CHANGED: expected {list(cases.values())}")
PY
HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error "$folder/venv/bin/python" "$folder/collate.py"
