"""GPT-2 in PyTorch, written to be read: the formulas, and nothing that makes them fast.

The parameters are a plain dictionary with the names and the layouts of GPT-2's published files. There a
linear layer keeps its matrix as (in, out), so that y = x W + b.

Shapes: B batch, T time, C width, H heads, V vocabulary.
"""

import math

import torch
import torch.nn.functional as F


def parameter_shapes(config):
    """{name: shape}, in the order of the forward pass. The output layer's matrix is wte again."""
    C = config["n_embd"]
    shapes = {"wte.weight": (config["vocab_size"], C), "wpe.weight": (config["n_ctx"], C)}
    for layer in range(config["n_layer"]):
        block = {
            "ln_1.weight": (C,), "ln_1.bias": (C,),
            "attn.c_attn.weight": (C, 3 * C), "attn.c_attn.bias": (3 * C,),
            "attn.c_proj.weight": (C, C), "attn.c_proj.bias": (C,),
            "ln_2.weight": (C,), "ln_2.bias": (C,),
            "mlp.c_fc.weight": (C, 4 * C), "mlp.c_fc.bias": (4 * C,),
            "mlp.c_proj.weight": (4 * C, C), "mlp.c_proj.bias": (C,),
        }  # fmt: skip
        shapes.update({f"h.{layer}.{name}": shape for name, shape in block.items()})
    shapes.update({"ln_f.weight": (C,), "ln_f.bias": (C,)})
    return shapes


def linear(x, p, name):
    return x @ p[f"{name}.weight"] + p[f"{name}.bias"]


def layernorm(x, weight, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps) * weight + bias


def gelu(x):
    """The tanh approximation, as GPT-2 has it (Hendrycks and Gimpel 2016)."""
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def causal_attention(qkv, n_head):
    """qkv: (B, T, 3C), queries, keys and values side by side -> (B, T, C)."""
    B, T, C = qkv.shape[0], qkv.shape[1], qkv.shape[2] // 3
    q, k, v = (x.reshape(B, T, n_head, C // n_head).transpose(1, 2) for x in qkv.split(C, dim=2))
    scores = q @ k.transpose(2, 3) / math.sqrt(C // n_head)  # (B, H, T, T)
    future = torch.ones(T, T, dtype=torch.bool).triu(1)
    weights = torch.softmax(scores.masked_fill(future, -math.inf), dim=-1)
    return (weights @ v).transpose(1, 2).reshape(B, T, C)


def embedding(tokens, wte, wpe):
    return wte[tokens] + wpe[: tokens.shape[1]]


def logits(p, config, tokens):
    """tokens: (B, T) -> (B, T, V)."""
    x = embedding(tokens, p["wte.weight"], p["wpe.weight"])
    for layer in range(config["n_layer"]):
        h = f"h.{layer}"
        normal = layernorm(x, p[f"{h}.ln_1.weight"], p[f"{h}.ln_1.bias"])
        mixed = causal_attention(linear(normal, p, f"{h}.attn.c_attn"), config["n_head"])
        x = x + linear(mixed, p, f"{h}.attn.c_proj")
        normal = layernorm(x, p[f"{h}.ln_2.weight"], p[f"{h}.ln_2.bias"])
        x = x + linear(gelu(linear(normal, p, f"{h}.mlp.c_fc")), p, f"{h}.mlp.c_proj")
    return layernorm(x, p["ln_f.weight"], p["ln_f.bias"]) @ p["wte.weight"].T


def loss(p, config, tokens, targets):
    """Mean cross-entropy over all B·T tokens."""
    return F.cross_entropy(logits(p, config, tokens).flatten(0, 1), targets.flatten())


def adamw(p, config):
    """AdamW that decays the matrices, embeddings included, and leaves biases and layernorms alone."""
    matrices = [x for x in p.values() if x.dim() >= 2]
    vectors = [x for x in p.values() if x.dim() < 2]
    groups = [
        {"params": matrices, "weight_decay": config["weight_decay"]},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, config["lr"], (config["beta1"], config["beta2"]), config["eps"])


def train(p, config, tokens, targets):
    """Takes config["steps"] steps on one batch, changing p. Returns loss and gradient norm of each."""
    optimizer = adamw(p, config)
    losses, norms = [], []
    for _ in range(config["steps"]):
        optimizer.zero_grad()
        value = loss(p, config, tokens, targets)
        value.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(p.values(), config["grad_clip"]).item())
        losses.append(value.item())
        optimizer.step()
    return losses, norms
