#!/usr/bin/env bash
# The VQA evaluator (as shipped in salesforce-lavis 1.0.2): the word-for-word answer of all ten people can score 0.
#
# What:    the prediction is always normalised: punctuation, articles, number words. The people's answers lose only their
#          punctuation, and only if at least two of the ten differ. Articles and number words in them always stay.
#          So a unanimous "black/white" is looked for as "black white", and "two" as "2": no match.
# A guess: normalising is for both sides; and a prediction equal to every reference is right whatever the rule.
# Hurt:    whoever scores a set of their own with it. Answers from templates, one string copied ten times to fill the form, are
#          unanimous by construction; such a set can have a perfect model and a score far below 100.
# Instead: store the references in normal form (run the evaluator's own rules over them first), or normalise both sides and
#          say that the numbers are not the official script's.
#
# Seen (the prediction is the string that n of the ten people gave, the rest said "cup"):
#   black/white   9 of 10 -> 100.0   10 of 10 -> 0.0
#   two           9 of 10 -> 0.0     10 of 10 -> 0.0
#   the beach     9 of 10 -> 0.0     10 of 10 -> 0.0
#   beach         9 of 10 -> 100.0   10 of 10 -> 100.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-deps --target "$folder/lavis" salesforce-lavis==1.0.2

cat > "$folder/unanimous.py" <<'PY'
import contextlib, io, sys
from types import SimpleNamespace
from vqa_eval import VQAEval  # alone: it needs nothing of the rest of the package


def score(answer, n):
    people = [{"answer": text, "answer_id": i + 1} for i, text in enumerate([answer] * n + ["cup"] * (10 - n))]
    asked = SimpleNamespace(qa={1: {"answers": people, "question_type": "what", "answer_type": "other"}}, getQuesIds=lambda: [1])
    given = SimpleNamespace(qa={1: {"answer": answer}})
    evaluator = VQAEval(asked, given)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator.evaluate()
    return evaluator.accuracy["overall"]


expected = {"black/white": (100.0, 0.0), "two": (0.0, 0.0), "the beach": (0.0, 0.0), "beach": (100.0, 100.0)}
seen = {answer: (score(answer, 9), score(answer, 10)) for answer in expected}
for answer, (nine, ten) in seen.items():
    print(f"{answer:12} 9 of 10 -> {nine}, 10 of 10 -> {ten}")
sys.exit(0 if seen == expected else f"CHANGED: expected {expected}")
PY
PYTHONPATH="$folder/lavis/lavis/common/vqa_tools" "$folder/venv/bin/python" "$folder/unanimous.py"
