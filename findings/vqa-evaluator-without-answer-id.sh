#!/usr/bin/env bash
# The VQA evaluator (as shipped in salesforce-lavis 1.0.2) on answers without `answer_id`: the more people agree, the
# lower the score.
#
# What:    for each of ten answers the evaluator compares with "the other nine", and takes as others the dictionaries that
#          are unequal to this one. VQA's dictionaries differ by `answer_id`. Those of VizWiz hold only `answer` and
#          `answer_confidence`, so equal answers leave each other out: ten people who agree give 0.
# A guess: `answer_id` appears in no rule of the metric, so it looks safe to leave out; and scores stay between 0 and 100.
# Hurt:    whoever brings VizWiz, or a set of their own, into VQA's form to score it: the easiest questions count for least.
# Instead: number the answers (`answer_id` 1 to 10) when converting; in your own evaluator, take the others by position.
#
# Seen, for a prediction that n of ten people gave:
#   n                    1     2     3      4      5      6      7      8      9     10
#   with answer_id    30.0  60.0  90.0  100.0  100.0  100.0  100.0  100.0  100.0  100.0
#   without           30.0  53.33 70.0   60.0   50.0   40.0   30.0   20.0   10.0    0.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install --no-deps --target "$folder/lavis" salesforce-lavis==1.0.2

cat > "$folder/agreement.py" <<'PY'
import contextlib, io, sys
from types import SimpleNamespace
from vqa_eval import VQAEval  # alone: it needs nothing of the rest of the package


def score(answers, prediction):
    asked = SimpleNamespace(qa={1: {"answers": answers, "question_type": "what color", "answer_type": "other"}}, getQuesIds=lambda: [1])
    given = SimpleNamespace(qa={1: {"answer": prediction}})
    evaluator = VQAEval(asked, given)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator.evaluate()
    return evaluator.accuracy["overall"]


def answers(n, numbered):
    texts = ["blue"] * n + ["cup", "mug", "red", "jar", "can", "box", "bag", "hat", "pot"][: 10 - n]
    made = [{"answer": text, "answer_confidence": "yes"} for text in texts]
    return [{**answer, "answer_id": i + 1} for i, answer in enumerate(made)] if numbered else made


numbered = [score(answers(n, True), "blue") for n in range(1, 11)]
bare = [score(answers(n, False), "blue") for n in range(1, 11)]
print("with answer_id, 1 to 10 people agree:", numbered)
print("without answer_id:                   ", bare)
same = numbered == [30.0, 60.0, 90.0] + [100.0] * 7 and bare == [
    30.0, 53.33, 70.0, 60.0, 50.0, 40.0, 30.0, 20.0, 10.0, 0.0]
sys.exit(0 if same else "CHANGED: expected the two rows in this script's header")
PY
PYTHONPATH="$folder/lavis/lavis/common/vqa_tools" "$folder/venv/bin/python" "$folder/agreement.py"
