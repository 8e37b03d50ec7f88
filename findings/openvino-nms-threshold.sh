#!/usr/bin/env bash
# OpenVINO 2026.4.1: NonMaxSuppression with threshold 0, the format's default, keeps one box for each class, however far apart they are.
#
# What:    a box goes when its overlap (IoU) with a better one is the threshold or more. Boxes that do not touch have IoU 0, so at
#          threshold 0 all but the best go; at 1 copies of a box go; at 0.5 a box of which exactly half is covered.
# A guess: a box goes when the overlap is more than the threshold: so say torchvision, onnxruntime, ONNX's reference, and
#          OpenVINO's own page of the operation, where a factor of 1 is kept for IoU <= threshold.
# Hurt:    a detector exported to ONNX with the threshold left out or 0 ("no overlap at all") finds one object of each class in
#          every picture; with 1 ("suppress nothing") it loses boxes of the same place. Counting questions go wrong first.
# Instead: 1e-6 for 0; for 1 leave the operation out; compare numbers of boxes between runtimes, not scores alone.
#
# Seen, boxes kept of (0 0 10 10), (20 20 30 30), (20 20 30 30) again, (0 0 10 5):
#   threshold   left out   0.000001   0.5       1
#   onnxruntime 0 1        0 1        0 1 3     0 1 2 3
#   OpenVINO    0          0 1        0 1       0 1 3
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1

cat > "$folder/nms.py" <<'PY'
import sys
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

boxes = np.array([[[0, 0, 10, 10], [20, 20, 30, 30], [20, 20, 30, 30], [0, 0, 10, 5]]], np.float32)
scores = np.array([[[0.9, 0.8, 0.7, 0.6]]], np.float32)


def kept(threshold):
    constants = [numpy_helper.from_array(np.array([10], np.int64), "most")]
    inputs = ["boxes", "scores", "most"]
    if threshold is not None:
        constants.append(numpy_helper.from_array(np.array([threshold], np.float32), "threshold"))
        inputs.append("threshold")
    graph = helper.make_graph(
        [helper.make_node("NonMaxSuppression", inputs, ["kept"])], "nms",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in (("boxes", boxes), ("scores", scores))],
        [helper.make_tensor_value_info("kept", TensorProto.INT64, [None, 3])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    reference = session.run(None, {"boxes": boxes, "scores": scores})[0]
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model), "CPU")
    ours = compiled({"boxes": boxes, "scores": scores})[compiled.output(0)]
    return [" ".join(str(row[2]) for row in rows) for rows in (reference, ours)]


expected = {None: ["0 1", "0"], 1e-6: ["0 1", "0 1"], 0.5: ["0 1 3", "0 1"], 1.0: ["0 1 2 3", "0 1 3"]}
seen = {threshold: kept(threshold) for threshold in expected}
for threshold, (reference, ours) in seen.items():
    print(f"threshold {'left out' if threshold is None else threshold}: onnxruntime keeps {reference}, OpenVINO {ours}")
sys.exit(0 if seen == expected else f"CHANGED: expected {expected}")
PY
"$folder/venv/bin/python" "$folder/nms.py"
