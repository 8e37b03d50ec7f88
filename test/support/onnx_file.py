"""Checks ONNX files, or runs them: python onnx_file.py check FILE..., or run ENGINE FILE with inputs as JSON on stdin."""

import json
import sys

import numpy as np


def run(engine, file, inputs):
    arrays = {
        name: np.array(each["data"], each["type"]).reshape(each["dims"]) for name, each in inputs.items()
    }
    if engine == "onnxruntime":
        import onnxruntime

        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, arrays)))
    import openvino

    model = openvino.Core().compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    results = model(arrays)
    return {name: results[output] for output in model.outputs for name in output.names}


what, *rest = sys.argv[1:]
if what == "check":
    import onnx

    for file in rest:
        onnx.checker.check_model(file, full_check=True)
else:
    outputs = run(*rest, json.load(sys.stdin))
    print(json.dumps({name: {"dims": value.shape, "data": value.ravel().tolist()} for name, value in outputs.items()}))
