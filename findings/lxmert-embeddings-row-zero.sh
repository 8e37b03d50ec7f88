#!/usr/bin/env bash
# transformers 5.24.0, LXMERT: the embeddings of the first position and of segment 0 get no gradient; nothing trains them.
#
# What:    the position and the segment table are made with padding_idx=0, as the word table is, whose row 0 is [PAD]. In these two, row 0
#          is the place of [CLS], from which every answer is read, and the segment of all words of all questions. Both are zeros in a
#          model trained from nothing, and stay so; in fine-tuning only weight decay moves them. Row 1 and on are trained.
# A guess: padding_idx goes with the padding token; BERT's tables, which LXMERT's are otherwise, have it for words alone.
# Hurt:    whoever trains LXMERT by code of their own, or with BERT's embeddings put in: scores of a checkpoint are the same to the
#          last bit, so are all gradients but two rows', and from the second step on the losses drift apart.
# Instead: for the same numbers give row 0 of all three tables no gradient; to train them, set `padding_idx = None` on the two.
#
# Seen: gradients of a loss on the answer, rows 0 to 3 (4 tokens, of ids 5 6 7 8, all of segment 0)
#       LxmertForQuestionAnswering        positions no yes yes yes   segments no no
#       the same with padding_idx = None  positions yes yes yes yes  segments yes no
#       BertForSequenceClassification     positions yes yes yes yes  segments yes no
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install \
  torch==2.15.0 transformers==5.24.0 huggingface_hub==2.4.0 tokenizers==0.23.3 safetensors==0.8.0 numpy==2.4.6

cat > "$folder/gradients.py" <<'PY'
import sys
import torch
from transformers import BertConfig, BertForSequenceClassification, LxmertConfig, LxmertForQuestionAnswering

torch.manual_seed(0)
size = dict(vocab_size=10, hidden_size=8, num_attention_heads=2, intermediate_size=8, max_position_embeddings=4)
lxmert = LxmertForQuestionAnswering(LxmertConfig(**size, l_layers=1, r_layers=1, x_layers=1, num_qa_labels=3, visual_feat_dim=4))
bert = BertForSequenceClassification(BertConfig(**size, num_hidden_layers=1))
words = torch.tensor([[5, 6, 7, 8]])


def trained(model, embeddings, scores):
    model.zero_grad()
    scores.square().sum().backward()
    rows = []
    for table in (embeddings.position_embeddings, embeddings.token_type_embeddings):
        rows.append(" ".join("yes" if row.any() else "no" for row in table.weight.grad))
    return f"positions {rows[0]}, segments {rows[1]}"


def lxmert_scores():
    return lxmert(words, torch.rand(1, 2, 4), torch.rand(1, 2, 4)).question_answering_score


tables = lxmert.lxmert.embeddings
seen = [trained(lxmert, tables, lxmert_scores())]
tables.position_embeddings.padding_idx = tables.token_type_embeddings.padding_idx = None
seen.append(trained(lxmert, tables, lxmert_scores()))
seen.append(trained(bert, bert.bert.embeddings, bert(words).logits))
for name, rows in zip(("LXMERT", "LXMERT, padding_idx = None", "BERT"), seen):
    print(f"{name}: {rows}")
every = "positions yes yes yes yes, segments yes no"
expected = ["positions no yes yes yes, segments no no", every, every]
sys.exit(0 if seen == expected else f"CHANGED: expected {expected}")
PY
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" "$folder/gradients.py"
