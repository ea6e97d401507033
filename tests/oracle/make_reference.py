#!/usr/bin/env python3
"""Writes the reference files that the C++ code is compared with. Needs PyTorch (1.13 or later) and numpy.

    make_reference.py             writes all files into the folder of this script
    make_reference.py --check     computes them again and compares them with the files that are there

Everything is computed in double precision from numbers that float32 holds exactly, so that the rounding of
the reference is no part of the error measured against it.
"""

import argparse
import pathlib
import sys

import numpy as np
import torch

import gpt2
import ops
import safetensors_file

# eps is larger than the customary 1e-8, for this reason: softmax does not change when the same number is
# added to every score, so the bias of the keys has a gradient of exactly zero, and in float32 it is rounding
# noise of about 1e-8. Adam divides the noise by its own size plus eps: with a small eps it would walk in a
# random direction at full speed.
ADAMW = {
    "steps": 10,
    "lr": 2e-3,
    "beta1": 0.9,
    "beta2": 0.95,
    "eps": 1e-4,
    "weight_decay": 0.1,
    "grad_clip": 1.0,
}

# Odd sizes on purpose: a shape that is a power of two, or one in which two dimensions agree, hides mistakes.
# `batch` and `time` are the shape of the tokens; n_ctx above `time` leaves rows of wpe without a gradient.
MODELS = {
    # One of everything, small enough to print. Nothing is clipped.
    "one_layer": {**ADAMW, "n_layer": 1, "n_head": 1, "n_embd": 6, "n_ctx": 3, "vocab_size": 11,
                  "batch": 1, "time": 3, "grad_clip": 1e3},
    # The context is longer than the tokens; every step is clipped, hard.
    "three_heads": {**ADAMW, "n_layer": 2, "n_head": 3, "n_embd": 15, "n_ctx": 12, "vocab_size": 29,
                    "batch": 2, "time": 7, "grad_clip": 0.25},
    # Deeper and wider, with PyTorch's own beta2, a smaller eps and strong decay.
    "three_layers": {**ADAMW, "n_layer": 3, "n_head": 2, "n_embd": 34, "n_ctx": 17, "vocab_size": 61,
                     "batch": 3, "time": 17, "lr": 1e-3, "beta2": 0.999, "eps": 1e-5,
                     "weight_decay": 0.5},
    # More tokens than a block of 32 or 64 holds, stored as 32-bit integers. Clipping ends half-way,
    # when the norm falls below 1.
    "long_context": {**ADAMW, "n_layer": 1, "n_head": 2, "n_embd": 8, "n_ctx": 70, "vocab_size": 257,
                     "batch": 2, "time": 70, "index_type": "I32"},
}  # fmt: skip


def random_parameters(config, random):
    """Larger than a sensible initialisation, biases and layernorms included, so that any mistake shows."""
    parameters = {}
    for name, shape in gpt2.parameter_shapes(config).items():
        x = random.standard_normal(shape)
        if name.startswith("w"):
            x *= 0.4
        elif len(shape) == 2:
            x /= np.sqrt(shape[0])
        elif "ln_" in name and name.endswith("weight"):
            x = 1 + 0.3 * x
        else:
            x *= 0.2
        parameters[name] = x.astype(np.float32)
    return parameters


def make_model(config, seed):
    """Returns (tensors, metadata) of one file."""
    random = np.random.RandomState(
        seed
    )  # its stream is frozen: the same numbers from every version of numpy
    start = random_parameters(config, random)
    tokens, targets = random.randint(0, config["vocab_size"], (2, config["batch"], config["time"]))

    def fresh(dtype):
        return {name: torch.tensor(x, dtype=dtype, requires_grad=True) for name, x in start.items()}

    def stored(x):
        return x.detach().numpy().astype(np.float32)

    data = torch.tensor(tokens), torch.tensor(targets)
    p = fresh(torch.float64)
    logits = gpt2.logits(p, config, data[0])
    loss = gpt2.loss(p, config, *data)
    loss.backward()
    gradients = {name: stored(x.grad) for name, x in p.items()}
    losses, norms = gpt2.train(p, config, *data)

    index = np.dtype(safetensors_file.DTYPES[config.get("index_type", "I64")])
    tensors = {
        **start,
        "input_ids": tokens.astype(index),
        "targets": targets.astype(index),
        "expected.logits": stored(logits),
        "expected.loss": stored(loss),
        **{f"expected.grad.{name}": x for name, x in gradients.items()},
        **{f"expected.after_steps.{name}": stored(x) for name, x in p.items()},
        "expected.losses": np.float32(losses),  # before each step
        "expected.grad_norms": np.float32(norms),  # before each step, and before clipping
    }
    metadata = {key: value for key, value in config.items() if key not in ("batch", "time", "index_type")}
    metadata.update(format="pt", torch_version=torch.__version__)
    return tensors, metadata


def largest_difference(ours, theirs):
    """The largest difference of any tensor, relative to the tensor's largest value; names it too."""
    if ours.keys() != theirs.keys():
        return float("inf"), "the names of the tensors"
    worst = (0.0, "all")
    for name, x in ours.items():
        y = theirs[name]
        if x.shape != y.shape or x.dtype != y.dtype:
            return float("inf"), name
        scale = max(np.abs(x.astype(float)).max(), 1e-30)
        worst = max(worst, (np.abs(x.astype(float) - y.astype(float)).max() / scale, name))
    return worst


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="compare with the files that are there; write nothing"
    )
    parser.add_argument(
        "--out", type=pathlib.Path, default=pathlib.Path(__file__).parent, help="the folder"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    files = {name: make_model(config, seed) for seed, (name, config) in enumerate(MODELS.items(), 1)}
    files["ops"] = ops.make_operations(np.random.RandomState(100))
    files["wide_ops"] = ops.make_operations(np.random.RandomState(102), ops.WIDE)
    files["optimizers"] = ops.make_optimizers(np.random.RandomState(101))

    failed = False
    for name, (tensors, metadata) in files.items():
        path = arguments.out / f"{name}.safetensors"
        if arguments.check:
            difference, where = largest_difference(tensors, safetensors_file.read(path)[0])
            failed |= difference > 1e-6
            print(f"{path.name:28} largest relative difference {difference:.1e} ({where})")
        else:
            safetensors_file.write(path, tensors, metadata)
            print(f"{path.name:28} {len(tensors):3} tensors {path.stat().st_size:8,} bytes")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
