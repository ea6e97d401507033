"""References for single operations and for the optimizers: inputs, outputs, and PyTorch's gradients.

An operation y = f(x) comes as f.x, f.y, an arbitrary f.dy, and f.dx: what backward makes of f.dy. The numbers
are stored in double precision; the inputs fit in float32 exactly.
"""

import numpy as np
import torch
import torch.nn.functional as F

import gpt2

# B, T, C, H, V and the rest as in gpt2.py: all different, none a power of two.
SMALL = 3, 7, 10, 2, 13, 6
# Widths that are multiples of 8, as fast kernels want them.
WIDE = 2, 5, 48, 2, 40, 72


def tensor(random, *shape, scale=1.0):
    x = (scale * random.standard_normal(shape)).astype(np.float32)
    return torch.tensor(x, dtype=torch.float64, requires_grad=True)


def record(random, name, function, **inputs):
    """Runs y = function(inputs in their order) forward and backward. Tokens and targets get no gradient."""
    y = function(*inputs.values())
    result = {f"{name}.{key}": x for key, x in inputs.items()}
    if y.dim() == 0:  # a loss
        result[f"{name}.loss"] = y
        y.backward()
    else:
        dy = tensor(random, *y.shape)
        result.update({f"{name}.y": y, f"{name}.dy": dy})
        y.backward(dy)
    result.update({f"{name}.d{key}": x.grad for key, x in inputs.items() if x.requires_grad})
    return {key: x.detach().numpy() for key, x in result.items()}


def make_operations(random, sizes=SMALL):
    """Returns (tensors, metadata)."""
    B, T, C, H, V, OUT = sizes

    def new(*shape, scale=1.0):
        return tensor(random, *shape, scale=scale)

    def indices(end, *shape):
        return torch.tensor(random.randint(0, end, shape))

    def linear(x, weight, bias):
        return x @ weight + bias

    def attention(qkv):
        return gpt2.causal_attention(qkv, H)

    def cross_entropy(logits, targets):
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    result = {}
    for name, function in {
        "relu": F.relu,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "gelu": gpt2.gelu,
        "softmax": lambda x: torch.softmax(x, -1),
        "log_softmax": lambda x: torch.log_softmax(x, -1),
    }.items():
        result.update(record(random, name, function, x=new(B, T, C, scale=2.0)))
    result.update(record(random, "linear", linear, x=new(B, T, C), weight=new(C, OUT), bias=new(OUT)))
    result.update(record(random, "layernorm", gpt2.layernorm, x=new(B, T, C), weight=new(C), bias=new(C)))
    result.update(
        record(
            random, "embedding", gpt2.embedding, tokens=indices(V, B, T), wte=new(V, C), wpe=new(T + 2, C)
        )
    )
    result.update(record(random, "attention", attention, qkv=new(B, T, 3 * C)))
    result.update(record(random, "mse", F.mse_loss, input=new(B, T), target=new(B, T)))
    logits, targets = new(B, T, V, scale=3.0), indices(V, B, T)
    result.update(record(random, "cross_entropy", cross_entropy, logits=logits, targets=targets))
    return result, {
        "n_head": H,
        "layernorm_eps": 1e-5,
        "linear_layout": "in,out",
        "torch_version": torch.__version__,
    }


OPTIMIZERS = {
    "gd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "rmsprop": (torch.optim.RMSprop, {"alpha": 0.9, "eps": 1e-8}),
    "adam": (torch.optim.Adam, {"betas": (0.9, 0.99), "eps": 1e-8}),
    "adamw": (torch.optim.AdamW, {"betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0.1}),
}


def make_optimizers(random):
    """Each optimizer takes the same gradients, one row a step; .after is the parameters after each step."""
    steps, size, lr = 6, 9, 0.05
    start = tensor(random, size)
    gradients = tensor(random, steps, size)
    result = {"start": start.detach().numpy(), "gradients": gradients.detach().numpy()}
    for name, (optimizer_class, options) in OPTIMIZERS.items():
        x = start.detach().clone().requires_grad_()
        optimizer = optimizer_class([x], lr=lr, **options)
        rows = []
        for gradient in gradients.detach():
            x.grad = gradient.clone()
            optimizer.step()
            rows.append(x.detach().numpy().copy())
        result[f"{name}.after"] = np.stack(rows)
    metadata = {"lr": lr, "torch_version": torch.__version__}
    for name, (_, options) in OPTIMIZERS.items():
        for key, value in options.items():
            if key == "betas":
                metadata[f"{name}.beta1"], metadata[f"{name}.beta2"] = value
            else:
                metadata[f"{name}.{key}"] = value
    return result, metadata
