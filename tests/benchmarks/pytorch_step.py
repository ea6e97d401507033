#!/usr/bin/env python3
"""Times whole training steps of a GPT in PyTorch on the CPU: batch, forward, backward, clipping, AdamW.

The model and the loop are nanoGPT's (Karpathy 2022), in PyTorch's eager mode, without dropout. Prints one
JSON object: tokens_per_second and step_ms come from the median step, peak_rss_mb is the peak memory.
"""

import argparse
import inspect
import json
import math
import resource
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

PRESETS = {
    "shakespeare-char": {
        "layers": 4,
        "heads": 4,
        "width": 128,
        "context": 64,
        "batch": 12,
        "vocabulary": 65,
    },
    "small": {"layers": 6, "heads": 6, "width": 384, "context": 256, "batch": 12, "vocabulary": 256},
}


class Attention(nn.Module):
    def __init__(self, width, heads, context, fused):
        super().__init__()
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.heads, self.fused = heads, fused
        self.register_buffer("past", torch.ones(context, context, dtype=torch.bool).tril())

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (
            y.view(B, T, self.heads, C // self.heads).transpose(1, 2) for y in self.qkv(x).split(C, dim=2)
        )
        if self.fused:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(C // self.heads))
            y = F.softmax(scores.masked_fill(~self.past[:T, :T], -math.inf), dim=-1) @ v
        return self.out(y.transpose(1, 2).contiguous().view(B, T, C))


class Block(nn.Module):
    def __init__(self, width, *attention):
        super().__init__()
        self.attention = nn.Sequential(nn.LayerNorm(width), Attention(width, *attention))
        self.mlp = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),  # as nanoGPT has it; GPT-2's tanh form is several times slower in PyTorch
            nn.Linear(4 * width, width),
        )

    def forward(self, x):
        x = x + self.attention(x)
        return x + self.mlp(x)


class Gpt(nn.Module):
    def __init__(self, layers, heads, width, context, vocabulary, fused):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads, context, fused) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(p)
        self.head.weight = self.tokens.weight

    def forward(self, tokens, targets):
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        logits = self.head(self.norm(self.blocks(x)))
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))


def make_optimizer(model):
    """nanoGPT's: weight decay for matrices only. The fused AdamW, where this PyTorch has one for the CPU."""
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    options = {"lr": 1e-3, "betas": (0.9, 0.99)}
    if "fused" in inspect.signature(torch.optim.AdamW).parameters:
        try:
            return torch.optim.AdamW(groups, fused=True, **options)
        except RuntimeError:  # older versions have it for CUDA only
            pass
    return torch.optim.AdamW(groups, **options)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", choices=PRESETS, default="shakespeare-char")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--warmup", type=int, default=3, help="steps before those that are timed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--attention", choices=["auto", "plain", "fused"], default="auto")
    arguments = parser.parse_args()

    torch.manual_seed(1)
    torch.set_num_threads(arguments.threads)
    preset = dict(PRESETS[arguments.preset])
    batch, context, vocabulary = preset.pop("batch"), preset["context"], preset["vocabulary"]
    fused = hasattr(F, "scaled_dot_product_attention") and arguments.attention != "plain"
    model = Gpt(fused=fused, **preset)
    optimizer = make_optimizer(model)
    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.precision == "bf16")
    text = torch.randint(vocabulary, (1_000_000,))

    def step():
        starts = torch.randint(len(text) - context, (batch,)).tolist()
        tokens = torch.stack([text[i : i + context] for i in starts])
        targets = torch.stack([text[i + 1 : i + 1 + context] for i in starts])
        with autocast:
            loss = model(tokens, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    for _ in range(arguments.warmup):
        step()
    seconds = []
    for _ in range(arguments.steps):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    result = {
        "preset": arguments.preset,
        "precision": arguments.precision,
        "threads": arguments.threads,
        "steps": arguments.steps,
        "tokens_per_second": batch * context / median,
        "step_ms": 1000 * median,
        "best_step_ms": 1000 * min(seconds),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "version": torch.__version__,
        "attention": "fused" if fused else "plain",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
