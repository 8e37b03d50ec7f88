"""An answer from a folder that `lxmert export onnx` wrote, with OpenVINO.

python answer_openvino.py FOLDER REGIONS.tsv IMAGE_ID QUESTION
"""

import json
import sys

import openvino

from inputs import model_inputs

folder, *asked = sys.argv[1:]
# Without the hint, processors that have bfloat16 round to it.
settings = {"INFERENCE_PRECISION_HINT": "f32"}
model = openvino.Core().compile_model(f"{folder}/onnx/model.onnx", "CPU", settings)
logits = model(model_inputs(folder, *asked))["logits"]
with open(f"{folder}/answers.json") as table:
    print(json.load(table)[logits[0].argmax()])
