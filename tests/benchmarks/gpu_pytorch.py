#!/usr/bin/env python3
"""Times whole training steps of GPT-2 124M in PyTorch on a GPU: batch, forward, backward, clipping, AdamW.

bf16 by autocast with f32 weights, flash attention, the fused AdamW, no dropout, TF32 for what stays f32. Prints one
JSON object on its last line. Needs a PyTorch with CUDA, 2.3 or newer.
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

LAYERS, HEADS, WIDTH, CONTEXT, VOCABULARY = 12, 12, 768, 1024, 50257


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        B, T, C = x.shape
        heads = self.qkv(self.ln_1(x)).view(B, T, 3, HEADS, C // HEADS).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(*heads, is_causal=True)  # (B, heads, T, C / heads)
        x = x + self.out(y.transpose(1, 2).reshape(B, T, C))
        return x + self.down(F.gelu(self.up(self.ln_2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks, self.norm = nn.ModuleList(Block() for _ in range(LAYERS)), nn.LayerNorm(WIDTH)
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens, targets):
        x = self.tokens(tokens) + self.positions.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), self.tokens.weight)  # tied
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def make_optimizer(model):
    groups = [{"params": [p for p in model.parameters() if (p.dim() >= 2) == matrix], "weight_decay": decay}
              for matrix, decay in [(True, 0.1), (False, 0.0)]]
    return torch.optim.AdamW(groups, lr=6e-4, betas=(0.9, 0.95), fused=True)


def median_ms(run, rounds=10):
    """Of the device, after a warm-up."""
    for _ in range(3):
        run()
    times = []
    for _ in range(rounds):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        run()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return statistics.median(times)


def ceilings():
    """What PyTorch's own copy and product reach: a check of the figures that chapter 07's program gives."""
    n = 8192
    a, b = (torch.randn(n, n, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    tflops = 2 * n**3 / median_ms(lambda: a @ b) / 1e9
    source = torch.randn(2**27, device="cuda")
    target = torch.empty_like(source)
    copy = 2 * 4 * 2**27 / median_ms(lambda: target.copy_(source)) / 1e6
    return {"matmul_tflops": tflops, "copy_gb_per_s": copy}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=["eager", "compile"], default="eager")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--vocabulary", type=int, default=VOCABULARY, help="50304 is nanoGPT's: a multiple of 64")
    arguments = parser.parse_args()

    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")
    device = torch.device("cuda")
    result = {"gpu": torch.cuda.get_device_name(), "version": torch.__version__, "cuda": torch.version.cuda,
              "mode": arguments.mode, "batch": arguments.batch, **ceilings()}
    model = Gpt(arguments.vocabulary).to(device)
    optimizer = make_optimizer(model)
    compute = torch.compile(model) if arguments.mode == "compile" else model
    text = torch.randint(arguments.vocabulary, (1_000_000,))

    def batch():
        starts = torch.randint(len(text) - CONTEXT, (arguments.batch,)).tolist()
        pair = torch.stack([torch.stack([text[i + shift : i + shift + CONTEXT] for i in starts]) for shift in (0, 1)])
        return pair.pin_memory().to(device, non_blocking=True)

    def step():
        tokens, targets = batch()
        with torch.autocast("cuda", dtype=torch.bfloat16), sdpa_kernel(SDPBackend.FLASH_ATTENTION):
            loss = compute(tokens, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss

    first = step().item()
    for _ in range(4):
        step()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    seconds = []
    for _ in range(arguments.steps):
        start = time.perf_counter()
        last = step().item()  # waits, as a loop that prints its loss does
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    result |= {"tokens_per_second": arguments.batch * CONTEXT / median, "step_ms": 1e3 * median,
               "peak_mb": torch.cuda.max_memory_allocated() / 1e6, "first_loss": first, "last_loss": last}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
