#!/usr/bin/env bash
# transformers 5.24.0: `BertTokenizer(vocab_file="vocab.txt")` knows five tokens, and every word of every question is [UNK].
#
# What:    version 5 calls the argument `vocab`. `vocab_file=` is still taken, and kept (`tokenizer.vocab_file` is the path), but the
#          file is not read: without `vocab` the vocabulary is [PAD], [UNK], [CLS], [SEP], [MASK]. LxmertTokenizer and BertTokenizerFast
#          are the same class. No warning; a file that is not there is no error either.
# A guess: `vocab_file` was the argument's name from the first release to 4.57, where the same line gives the words; the
#          description in 5.24.0 says that without `vocab` the vocabulary is loaded from `vocab_file`.
# Hurt:    questions of n words become n times the same id: a model still answers (from the picture alone), and training goes on
#          from there; the ids fit every embedding, so nothing fails.
# Instead: `BertTokenizer("vocab.txt")`, right in both, or `from_pretrained` on a folder; look at `len(tokenizer)`.
#
# Seen: 4.57.6 vocab_file=: 10 tokens, [CLS] what colour is the cat [SEP]; first argument: the same
#       5.24.0 vocab_file=: 5 tokens, [CLS] [UNK] [UNK] [UNK] [UNK] [UNK] [SEP]; first argument: as in 4.57.6
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]' what colour is the cat > "$folder/vocab.txt"

cat > "$folder/tokens.py" <<'PY'
import sys
from transformers import BertTokenizer, LxmertTokenizer

texts = []
for tokenizer in (BertTokenizer(vocab_file=sys.argv[1]), LxmertTokenizer(vocab_file=sys.argv[1]), BertTokenizer(sys.argv[1])):
    ids = tokenizer("What colour is the cat")["input_ids"]
    texts.append(f"{len(tokenizer)} tokens, {' '.join(tokenizer.convert_ids_to_tokens(ids))}")
assert texts[0] == texts[1]
print(f"vocab_file=: {texts[0]}; first argument: {texts[2]}")
PY

status=0
python3 -m venv "$folder/venv"
check() { # transformers, huggingface_hub, tokenizers, expected
  "$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-compile \
    "transformers==$1" "huggingface_hub==$2" "tokenizers==$3" numpy==2.4.6
  seen=$(HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error "$folder/venv/bin/python" "$folder/tokens.py" "$folder/vocab.txt")
  echo "transformers $1, $seen"
  [ "$seen" = "$4" ] || { echo "CHANGED: expected $4"; status=1; }
}
words='10 tokens, [CLS] what colour is the cat [SEP]'
unknown='5 tokens, [CLS] [UNK] [UNK] [UNK] [UNK] [UNK] [SEP]'
check 4.57.6 0.36.2 0.22.2 "vocab_file=: $words; first argument: $words"
check 5.24.0 2.4.0 0.23.3 "vocab_file=: $unknown; first argument: $words"
exit $status
