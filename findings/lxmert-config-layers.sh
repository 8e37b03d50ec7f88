#!/usr/bin/env bash
# transformers 5.24.0, LxmertConfig: `num_hidden_layers` is a dictionary, and nothing that sets it changes the model.
#
# What:    LXMERT has three stacks, sized by l_layers, r_layers and x_layers. `num_hidden_layers` is a copy made when the
#          configuration is built: {"vision": 5, "cross_encoder": 5, "language": 9}. Passing `num_hidden_layers=6` is taken
#          without a word, stored as 6, and leaves 9, 5 and 5 layers. Changing l_layers later, or in a config.json that
#          already holds the copy, leaves the old copy beside the new number.
# A guess: in the configurations of BERT and its kin it is the integer that sizes the model.
# Hurt:    tools over many models (layer counts, learning rate by depth, pruning) meet a TypeError on the dictionary or, after
#          num_hidden_layers=6, a number that is true of nothing; whoever makes a small model for a test gets the large one.
# Instead: set and read l_layers, r_layers and x_layers only; delete num_hidden_layers from a config.json edited by hand.
#
# Seen: LxmertConfig()                      num_hidden_layers {'vision': 5, 'cross_encoder': 5, 'language': 9}
#       LxmertConfig(num_hidden_layers=6)   num_hidden_layers 6, l/r/x_layers 9 5 5
#       a saved copy with l_layers 3        num_hidden_layers {'vision': 5, 'cross_encoder': 5, 'language': 9}, l_layers 3
#       BertConfig(num_hidden_layers=6)     num_hidden_layers 6
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install \
  transformers==5.24.0 huggingface_hub==2.4.0 tokenizers==0.23.3 safetensors==0.8.0 numpy==2.4.6

cat > "$folder/layers.py" <<'PY'
import json, sys
from pathlib import Path
from transformers import BertConfig, LxmertConfig

folder = Path(sys.argv[1])
stacks = {"vision": 5, "cross_encoder": 5, "language": 9}
plain = LxmertConfig()
six = LxmertConfig(num_hidden_layers=6)
plain.save_pretrained(folder)
file = folder / "config.json"
file.write_text(json.dumps({**json.loads(file.read_text()), "l_layers": 3}))
edited = LxmertConfig.from_pretrained(folder)
seen = [
    plain.num_hidden_layers,
    (six.num_hidden_layers, six.l_layers, six.r_layers, six.x_layers),
    (edited.num_hidden_layers, edited.l_layers),
    BertConfig(num_hidden_layers=6).num_hidden_layers,
]
for what, value in zip(("LxmertConfig()", "LxmertConfig(num_hidden_layers=6): it, l, r, x", "l_layers 3 in its config.json: it, l", "BertConfig(num_hidden_layers=6)"), seen):
    print(f"{what}: {value}")
expected = [stacks, (6, 9, 5, 5), (stacks, 3), 6]
sys.exit(0 if seen == expected else f"CHANGED: expected {expected}")
PY
mkdir "$folder/model"
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" "$folder/layers.py" "$folder/model"
