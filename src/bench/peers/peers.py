"""What a Python user runs in place of this project: Hugging Face's LXMERT in PyTorch, exported by torch.onnx.export to ONNX
Runtime and OpenVINO, and in 8 bits by ONNX Runtime's own dynamic quantization. `lxmert bench --peers` and
bench/compareOnnx.ts start it.

    python peers.py versions            a JSON line: the version of each package that this needs, null where it is missing
    python peers.py export FOLDER       once: FOLDER/huggingface, torch.onnx and torch_int8.onnx
    python peers.py serve FOLDER THREADS    answers JSON lines {"peer", "questions", "warmUp", "atLeast", "seconds", "logits"}
                                            with {"seconds", "logits"}
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

Arrays = dict[str, np.ndarray]
Run = Callable[[Arrays], np.ndarray]

PADDED_LENGTH = 20
"""Word pieces that the reference pads every question to."""

PACKAGES = ["torch", "transformers", "onnx", "onnxscript", "onnxruntime", "openvino"]
NUM_REGIONS = 36
NUM_ANSWERS = 3129


def read_questions(folder: Path) -> list[Arrays]:
    """The questions that the other side drew, one at a time, without padding."""
    described = json.loads((folder / "questions.json").read_text())
    features = np.fromfile(folder / "features.bin", np.float32).reshape(len(described), 1, NUM_REGIONS, -1)
    questions = []
    for each, values in zip(described, features):
        ids = np.array([each["inputIds"]], np.int64)
        questions.append({
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
            "visual_feats": values,
            "visual_pos": np.array([each["boxes"]], np.float32),
            "visual_attention_mask": np.ones((1, NUM_REGIONS), np.int64),
        })
    return questions


def padded(question: Arrays) -> Arrays:
    """As the reference feeds its model."""
    words = {"input_ids", "attention_mask", "token_type_ids"}
    missing = PADDED_LENGTH - question["input_ids"].shape[1]
    return {k: np.pad(v, ((0, 0), (0, missing))) if k in words else v for k, v in question.items()}


def batch_of(questions: list[Arrays]) -> Arrays:
    """Of questions of one length."""
    return {name: np.concatenate([each[name] for each in questions]) for name in questions[0]}


def versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def export(folder: Path) -> None:
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import LxmertConfig, LxmertForQuestionAnswering

    torch.manual_seed(0)
    model = LxmertForQuestionAnswering(LxmertConfig(num_qa_labels=NUM_ANSWERS)).eval()
    model.save_pretrained(folder / "huggingface")

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, token_type_ids, visual_feats, visual_pos):
            return self.model(
                input_ids=input_ids,
                attention_mask=attention_mask,
                token_type_ids=token_type_ids,
                visual_feats=visual_feats,
                visual_pos=visual_pos,
            ).question_answering_score

    # Two, since a batch of one would be taken for a fixed size.
    example = {
        "input_ids": torch.ones(2, PADDED_LENGTH, dtype=torch.int64),
        "attention_mask": torch.ones(2, PADDED_LENGTH, dtype=torch.int64),
        "token_type_ids": torch.zeros(2, PADDED_LENGTH, dtype=torch.int64),
        "visual_feats": torch.rand(2, NUM_REGIONS, 2048),
        "visual_pos": torch.rand(2, NUM_REGIONS, 4),
    }
    batch = torch.export.Dim("batch", min=1, max=1024)
    torch.onnx.export(
        Logits().eval(),
        tuple(example.values()),
        str(folder / "torch.onnx"),
        input_names=list(example),
        output_names=["logits"],
        dynamo=True,
        dynamic_shapes=tuple({0: batch} for _ in example),
    )
    quantize_dynamic(
        str(folder / "torch.onnx"),
        str(folder / "torch_int8.onnx"),
        weight_type=QuantType.QInt8,
        per_channel=True,
    )


def onnxruntime_peer(file: Path, threads: int) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(file), options)
    names = {each.name for each in session.get_inputs()}
    return lambda arrays: session.run(["logits"], {k: v for k, v in arrays.items() if k in names})[0]


def openvino_peer(file: Path, threads: int, *, as_it_comes: bool = False) -> Run:
    """Where the processor multiplies bfloat16, OpenVINO does so unless it is told not to."""
    import openvino

    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
    if not as_it_comes:
        settings["INFERENCE_PRECISION_HINT"] = "f32"
    compiled = openvino.Core().compile_model(str(file), "CPU", settings)
    names = {each.get_any_name() for each in compiled.inputs}
    return lambda arrays: compiled({k: v for k, v in arrays.items() if k in names})["logits"]


def pytorch_peer(folder: Path, threads: int) -> Run:
    import torch
    from transformers import LxmertForQuestionAnswering

    torch.set_num_threads(threads)
    model = LxmertForQuestionAnswering.from_pretrained(folder / "huggingface").eval()

    def run(arrays: Arrays) -> np.ndarray:
        tensors = {k: torch.from_numpy(v) for k, v in arrays.items()}
        with torch.inference_mode():
            return model(**tensors).question_answering_score.numpy()

    return run


def load(folder: Path, peer: str, threads: int) -> tuple[Run, Callable[[Arrays], Arrays]]:
    """What runs a question, and what it has to be made into: everybody's own export reads padding."""
    ours = {name: folder / "lxmert" / "onnx" / file for name, file in {
        "lxmert float32": "model.onnx", "lxmert int8": "model_quantized.onnx",
    }.items()}
    theirs = {"float32": folder / "torch.onnx", "int8": folder / "torch_int8.onnx"}
    engine, _, what = peer.partition(": ")
    if engine == "PyTorch":
        return pytorch_peer(folder, threads), padded
    if peer == "openvino: as it comes":
        return openvino_peer(theirs["float32"], threads, as_it_comes=True), padded
    make = {"onnxruntime": onnxruntime_peer, "openvino": openvino_peer}[engine]
    if what in ours:
        return make(ours[what], threads), dict
    return make(theirs[what], threads), padded


def burst(run: Run, arrays: Arrays, asked: dict) -> tuple[list[float], np.ndarray | None]:
    """Answers one after the other for some time, those that warm up first and not counted."""
    for _ in range(asked["warmUp"]):
        run(arrays)
    seconds: list[float] = []
    logits = None
    begun = time.perf_counter()
    while len(seconds) < asked["atLeast"] or time.perf_counter() - begun < asked["seconds"]:
        start = time.perf_counter()
        logits = run(arrays)
        seconds.append(time.perf_counter() - start)
    return seconds, logits


def serve(folder: Path, threads: int) -> None:
    questions = read_questions(folder)
    peers: dict[str, tuple[Run, Callable[[Arrays], Arrays]]] = {}
    print(json.dumps(versions()), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        name = asked["peer"]
        if name not in peers:
            peers[name] = load(folder, name, threads)
        run, form = peers[name]
        arrays = batch_of([form(questions[i]) for i in asked["questions"]])
        seconds, logits = burst(run, arrays, asked)
        answer = {"seconds": seconds, **({"logits": logits.tolist()} if asked["logits"] else {})}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "versions":
        print(json.dumps(versions()))
    elif what == "export":
        export(Path(rest[0]))
    else:
        serve(Path(rest[0]), int(rest[1]))
