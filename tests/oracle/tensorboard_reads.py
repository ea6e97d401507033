"""TensorBoard's own reader on the event files of a run: python3 tests/oracle/tensorboard_reads.py [RUN]

Without RUN it trains a tiny model for it. Exit code 77: TensorBoard is not installed (pip install tensorboard)."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError:
    print("skipped: TensorBoard is not installed", file=sys.stderr)
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
GPT = os.environ.get("GPT", str(ROOT / "build/release/bin/gpt"))
TAGS = {"loss/training": "train_loss", "loss/validation": "val_loss", "optimizer/lr": "lr",
        "optimizer/gradient_norm": "grad_norm", "speed/step_ms": "step_ms"}


def tiny_run(folder):
    run = folder / "run"
    words = "train --layers 1 --heads 2 --width 16 --context 16 --batch 6 --warmup 2 --tokenizer byte --eval-every 5 --threads 1"
    subprocess.run([GPT, *words.split(), "--steps", "20", "--out", run], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([GPT, "train", "--resume", "--steps", "30", "--out", run], check=True, stdout=subprocess.DEVNULL)
    return run


def compare(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    reader = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0, "tensors": 0})
    reader.Reload()
    compared = 0
    for tag, name in TAGS.items():
        expected = [(line["step"], line[name]) for line in lines if name in line]
        found = [(event.step, event.value) for event in reader.Scalars(tag)] if expected else []
        assert [step for step, _ in found] == [step for step, _ in expected], f"{tag}: other steps"
        for (step, value), (_, wanted) in zip(found, expected):
            assert abs(value - wanted) <= 1e-5 * abs(wanted) + (1e-3 if name.endswith("_ms") else 1e-6), f"{tag} in step {step}: {value}, not {wanted}"
        compared += len(found)
    print(f"TensorBoard reads {compared} numbers of {len(lines)} steps as they stand in metrics.jsonl")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        compare(pathlib.Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            compare(tiny_run(pathlib.Path(scratch)))
