#!/usr/bin/env bash
# transformers.js 4.3.2: `truncation: true` cuts the closing [SEP] off, and of a pair only ever the second text.
#
# What:    the ids are made whole, [CLS] ... [SEP], and then cut at `max_length`. The Python libraries cut the words first and put
#          [SEP] after them; of a pair they shorten the longer text until both fit, each with its [SEP].
# A guess: the same tokenizer.json, the same names of options, the same ids; so it is for every text that fits.
# Hurt:    models with short limits: LXMERT was trained on 20 tokens, and every longer question then ends in the middle, in a form
#          that it never saw; a sentence with a long first half loses all of the second. The shape is right, so nothing fails.
# Instead: encode without truncation; if that is too long, keep the first `max_length` - 1 ids and write [SEP] (102 for BERT) at the end.
#
# Seen, at 5 tokens, and for a pair at 7:
#   Python           [CLS] what colour is [SEP]   [CLS] what colour [SEP] the cat [SEP]
#   transformers.js  [CLS] what colour is the     [CLS] what colour is the cat [SEP]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-deps tokenizers==0.23.3
# Only the tokenizer is used: the runtimes for models, hundreds of megabytes, are replaced by their interface.
mkdir "$folder/runtime"
echo '{"name": "runtime", "version": "1.0.0", "type": "module", "exports": {".": "./index.js", "./webgpu": "./index.js"}}' > "$folder/runtime/package.json"
echo 'export const env = {}, InferenceSession = {}; export class Tensor {} export default { env, InferenceSession, Tensor };' > "$folder/runtime/index.js"
cat > "$folder/package.json" <<'JSON'
{
  "private": true,
  "dependencies": { "@huggingface/transformers": "4.3.2", "onnxruntime-common": "1.30.0" },
  "overrides": { "onnxruntime-node": "file:./runtime", "onnxruntime-web": "file:./runtime" }
}
JSON
npm install --prefix "$folder" --silent --ignore-scripts --no-audit --no-fund

cat > "$folder/cut.py" <<'PY'
import sys
from tokenizers import BertWordPieceTokenizer

words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "what", "colour", "is", "the", "cat"]
tokenizer = BertWordPieceTokenizer({word: i for i, word in enumerate(words)})
tokenizer.save(sys.argv[1])
tokenizer.enable_truncation(5)
print(*tokenizer.encode("what colour is the cat").tokens)
tokenizer.enable_truncation(7)
print(*tokenizer.encode("what colour is the cat", "the cat").tokens)
PY
cat > "$folder/cut.mjs" <<'JS'
import { readFileSync } from 'node:fs';
import { BertTokenizer } from '@huggingface/transformers';
const file = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const special = { pad_token: '[PAD]', unk_token: '[UNK]', cls_token: '[CLS]', sep_token: '[SEP]', mask_token: '[MASK]' };
const tokenizer = new BertTokenizer(file, { tokenizer_class: 'BertTokenizer', ...special });
const words = Object.keys(file.model.vocab);
const shown = (options) =>
  tokenizer('what colour is the cat', { truncation: true, ...options }).input_ids.tolist()[0].map((id) => words[Number(id)]).join(' ');
console.log(shown({ max_length: 5 }));
console.log(shown({ max_length: 7, text_pair: 'the cat' }));
JS
mapfile -t python < <("$folder/venv/bin/python" "$folder/cut.py" "$folder/tokenizer.json")
mapfile -t script < <(node "$folder/cut.mjs" "$folder/tokenizer.json")
status=0
check() { # place, Python's, transformers.js's
  printf 'Python           %s\ntransformers.js  %s\n' "${python[$1]}" "${script[$1]}"
  [ "${python[$1]}/${script[$1]}" = "$2/$3" ] || { printf 'CHANGED: expected %s\n' "$2" "$3"; status=1; }
}
check 0 '[CLS] what colour is [SEP]' '[CLS] what colour is the'
check 1 '[CLS] what colour [SEP] the cat [SEP]' '[CLS] what colour is the cat [SEP]'
exit $status
