"""Gradients of the benchmark's networks in PyTorch, eager, float64, one thread. Prints microseconds by name as JSON."""
import json
import statistics
import sys
import time

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def measure(call, seconds=0.3):
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds / 3:
        call()
    times, begin = [], time.perf_counter()
    while time.perf_counter() - begin < seconds or len(times) < 15:
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


def leaves(*shapes):
    return [torch.randn(shape, requires_grad=True) for shape in shapes]


def swiglu(d, h, n):
    x, y = torch.randn(n, d), torch.randn(n, d)
    b, c, a = parameters = leaves((d, h), (d, h), (h, d))

    def call():
        out = (torch.nn.functional.silu(x @ b) * (x @ c)) @ a
        torch.autograd.grad(((out - y) ** 2).mean(), parameters)

    return call


def attention(d, heads, t, n):
    e = d // heads
    x, y = torch.randn(n, t, d), torch.randn(n, t, d)
    q, k, v, o = parameters = leaves(*[(d, d)] * 4)

    def split(z):
        return z.view(n, t, heads, e).transpose(1, 2)

    def call():
        scores = torch.softmax(split(x @ q) @ split(x @ k).transpose(-1, -2) / e**0.5, -1)
        out = (scores @ split(x @ v)).transpose(1, 2).reshape(n, t, d) @ o
        torch.autograd.grad(((out - y) ** 2).mean(), parameters)

    return call


def build(c):
    return swiglu(c["d"], c["h"], c["n"]) if c["kind"] == "swiglu" else attention(c["d"], c["heads"], c["t"], c["n"])


print(json.dumps({c["name"]: measure(build(c)) for c in json.loads(sys.argv[1])}))
