"""An answer from a folder that `lxmert export onnx` wrote, with ONNX Runtime.

python answer_onnxruntime.py FOLDER REGIONS.tsv IMAGE_ID QUESTION
"""

import json
import sys

import onnxruntime

from inputs import model_inputs

folder, *asked = sys.argv[1:]
# onnx/model_quantized.onnx are 8-bit weights, onnx/model_fp16.onnx float16, where they were exported.
session = onnxruntime.InferenceSession(f"{folder}/onnx/model.onnx")
[logits] = session.run(["logits"], model_inputs(folder, *asked))
with open(f"{folder}/answers.json") as table:
    print(json.load(table)[logits[0].argmax()])
