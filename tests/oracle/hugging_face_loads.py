"""Hugging Face's `transformers` on what gpt convert writes, and gpt convert on what it writes: the same logits, the same files.

    python3 tests/oracle/hugging_face_loads.py

Exit code 77: torch or transformers is not installed (pip install torch transformers)."""

import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is to be loaded from anywhere
try:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel
except ImportError as error:
    print(f"skipped: {error}", file=sys.stderr)
    sys.exit(77)

from safetensors_file import read, write

ROOT = pathlib.Path(__file__).resolve().parents[2]
GPT = os.environ.get("GPT", str(ROOT / "build/release/bin/gpt"))
TOLERANCE = 1e-4


def convert(*words):
    done = subprocess.run([GPT, "convert", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def ours_to_theirs(folder, reference):
    """The weights of a reference file (which `gpt check` compares with the trainer) through convert into transformers."""
    weights = folder / "ours.safetensors"
    tensors, metadata = read(reference)
    names = [name for name in tensors if not name.startswith("expected.") and name not in ("input_ids", "targets")]
    write_weights(weights, {name: tensors[name] for name in names}, metadata)
    convert(weights, "--to", "huggingface", "--out", folder / "theirs")
    model = GPT2LMHeadModel.from_pretrained(folder / "theirs").eval()
    ids = torch.tensor(tensors["input_ids"]).long()
    with torch.no_grad():
        logits = model(ids).logits
    worst = (logits - torch.tensor(tensors["expected.logits"])).abs().max().item()
    assert worst <= TOLERANCE, f"{reference.name}: logits differ by {worst}"
    return worst


def write_weights(path, tensors, metadata):
    write(path, tensors, {name: metadata[name] for name in ("n_layer", "n_head", "n_embd", "n_ctx", "vocab_size")})


def theirs_and_back(folder):
    """A model that transformers saved goes through our file of weights and back: the same tensors, the same config.json."""
    torch.manual_seed(1)
    config = GPT2Config(n_layer=2, n_head=2, n_embd=16, n_positions=12, vocab_size=40, bos_token_id=None, eos_token_id=None)
    GPT2LMHeadModel(config).save_pretrained(folder / "saved", safe_serialization=True)
    convert(folder / "saved", "--to", "weights", "--out", folder / "between.safetensors")
    convert(folder / "between.safetensors", "--to", "huggingface", "--out", folder / "again")
    before, after = read(folder / "saved" / "model.safetensors")[0], read(folder / "again" / "model.safetensors")[0]
    before = {name: tensor for name, tensor in before.items() if not name.endswith((".attn.bias", ".attn.masked_bias"))}
    assert set(before) == set(after), set(before) ^ set(after)
    for name in before:
        assert before[name].tobytes() == after[name].tobytes(), f"{name} has other bytes"
    assert (folder / "saved" / "config.json").read_bytes() == (folder / "again" / "config.json").read_bytes()
    return len(after)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for reference in ("one_layer", "three_heads", "three_layers"):
            folder = pathlib.Path(scratch) / reference
            folder.mkdir()
            worst = ours_to_theirs(folder, ROOT / "tests/oracle" / f"{reference}.safetensors")
            print(f"{reference}: the largest difference of a logit is {worst:.2e}")
        count = theirs_and_back(pathlib.Path(scratch))
        print(f"{count} tensors that transformers saved, there and back: the same bytes")
