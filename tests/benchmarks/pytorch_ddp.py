#!/usr/bin/env python3
"""One rank of PyTorch's DistributedDataParallel over gloo: times whole training steps, as pytorch_step.py does for one process.

RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT say who it is. The global batch is shared out over the ranks. Rank 0 prints
one JSON object: step_ms comes from the median step.
"""

import argparse
import json
import statistics
import time

import torch
import torch.distributed as dist
from pytorch_step import PRESETS, Gpt, make_optimizer
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks, powerSGD_hook
from torch.nn.parallel import DistributedDataParallel


def compress(model, method):
    """PyTorch's own hook for what ours is called."""
    if method == "fp16":
        model.register_comm_hook(None, default_hooks.fp16_compress_hook)
    elif method.startswith("powersgd:"):
        state = powerSGD_hook.PowerSGDState(None, matrix_approximation_rank=int(method.split(":")[1]), start_powerSGD_iter=2)
        model.register_comm_hook(state, powerSGD_hook.powerSGD_hook)
    elif method != "none":
        raise SystemExit(f"PyTorch has no hook for {method}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="shakespeare-char")
    parser.add_argument("--compress", default="none", help="none, fp16 or powersgd:N (its hook for bf16 is for GPUs)")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--warmup", type=int, default=4, help="steps before those that are timed")
    parser.add_argument("--bucket-mb", type=float, default=25)
    arguments = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    preset = dict(PRESETS[arguments.preset])
    batch, context, vocabulary = preset.pop("batch") // dist.get_world_size(), preset["context"], preset["vocabulary"]
    bare = Gpt(fused=hasattr(torch.nn.functional, "scaled_dot_product_attention"), **preset)
    masks = [name for name, _ in bare.named_buffers()]  # the same everywhere, and of a type that gloo does not send
    DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(bare, masks)
    model = DistributedDataParallel(bare, bucket_cap_mb=arguments.bucket_mb)
    compress(model, arguments.compress)
    optimizer = make_optimizer(bare)
    text = torch.randint(vocabulary, (1_000_000,))

    seconds = []
    for _ in range(arguments.warmup + arguments.steps):
        start = time.perf_counter()
        starts = torch.randint(len(text) - context, (batch,)).tolist()
        tokens = torch.stack([text[i : i + context] for i in starts])
        targets = torch.stack([text[i + 1 : i + 1 + context] for i in starts])
        model(tokens, targets).backward()
        torch.nn.utils.clip_grad_norm_(bare.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - start)
    if dist.get_rank() == 0:
        print(json.dumps({"step_ms": 1000 * statistics.median(seconds[arguments.warmup :]), "version": torch.__version__}))


if __name__ == "__main__":
    main()
