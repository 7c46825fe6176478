#!/usr/bin/python3
"""Evaluates one sub-network of a SONATA supernet with PyTorch (Debian: apt install python3-torch).

    command: evaluate_torch.py --genotype {genotype} --supernet {supernet} --dataset /usr/share/datasets/fashion-mnist
                               --threads {threads} --inferences {min_inferences} --warmup {warmup_s}

Takes the weights of the genotype's layers from the safetensors file, measures batch-norm statistics on the engine's training pictures (a supernet's statistics
cannot be shared), then accuracy on the test set and the latency of single pictures. Answers with one SONATA-RESULT line (docs/ADAPTERS.md).

It is an example to start from: replace build() by your own network and keep the rest. Needs numpy and torch only.
"""
import argparse
import gzip
import json
import math
import pathlib
import struct
import sys
import time


def finish(result):
    print("SONATA-RESULT " + json.dumps(result), flush=True)
    sys.exit(0 if result.get("outcome", "ok") == "ok" else 1)


def fail(outcome, reason):
    finish({"outcome": outcome, "reason": reason[:150]})


try:
    import numpy
    import torch
    import torch.nn.functional as F
except ImportError as error:
    fail("config", f"{error.name or error} cannot be imported: apt install python3-torch python3-numpy")

EPSILON = 1e-5


def read_safetensors(path):
    """{name: float32 array}; u64 header length, JSON header, raw tensors."""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    body = memoryview(data)[8 + size :]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            fail("config", f"tensor {name} is {entry['dtype']}, F32 is expected")
        begin, end = entry["data_offsets"]
        tensors[name] = numpy.frombuffer(body[begin:end], dtype="<f4").reshape(entry["shape"])
    return tensors


def read_idx(folder, name):
    for path in (pathlib.Path(folder) / name, pathlib.Path(folder) / (name + ".gz")):
        if path.exists():
            with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
                data = file.read()
            dims = data[3]
            shape = struct.unpack(f">{dims}I", data[4 : 4 + 4 * dims])
            return numpy.frombuffer(data, dtype=numpy.uint8, offset=4 + 4 * dims).reshape(shape)
    fail("config", f"{folder}: there is no {name}")


MASK = (1 << 64) - 1


def splitmix(state):
    state = (state + 0x9E3779B97F4A7C15) & MASK
    z = state
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return state, z ^ z >> 31


def recalibration_index(n, count, seed=20240213):
    """The training pictures that the engine takes: the first of one seeded shuffle (xoshiro256++, Lemire's bounded draw). Other pictures give other statistics
    and so another network: with the first 512 instead, logits differ by up to 0.4."""
    _, stream = splitmix(0x6A09E667F3BCC909)
    state, words = seed ^ stream, []
    for _ in range(4):
        state, word = splitmix(state)
        words.append(word)

    def draw():
        a, b, c, d = words
        total = (a + d) & MASK
        c, d = c ^ a, d ^ b
        words[:] = a ^ d, b ^ c, c ^ (b << 17 & MASK), (d << 45 | d >> 19) & MASK
        return ((total << 23 | total >> 41) + a & MASK) >> 32

    index = numpy.arange(n)
    for i in range(count):
        m = draw() * (n - i)
        while m & 0xFFFFFFFF < (1 << 32) % (n - i):
            m = draw() * (n - i)
        j = i + (m >> 32)
        index[[i, j]] = index[[j, i]]
    return index[:count]


def pictures(images):
    return torch.from_numpy(images.astype(numpy.float32) / 255.0).unsqueeze(1)


class Layer:
    """One convolution with batch norm, ReLU and residual. Weights come as [ky][kx][in][out], depthwise as [ky][kx][channel]."""

    def __init__(self, tensors, name, stride=1, relu=True, residual=None):
        if name + ".weight" not in tensors:
            fail("config", f"the supernet has no layer {name}")
        weight = tensors[name + ".weight"]
        self.depthwise = weight.ndim == 3
        if weight.ndim == 2:
            weight = weight[None, None]
        order = (2, 0, 1) if self.depthwise else (3, 2, 0, 1)
        weight = torch.from_numpy(weight.transpose(order).copy())
        self.weight = weight.unsqueeze(1) if self.depthwise else weight
        self.scale, self.shift = (torch.from_numpy(tensors[f"{name}.{part}"].copy()) for part in ("scale", "shift"))
        self.bias, self.stride, self.relu, self.residual = None, stride, relu, residual

    def convolve(self, x):
        groups = self.weight.shape[0] if self.depthwise else 1
        return F.conv2d(x, self.weight, self.bias, self.stride, self.weight.shape[-1] // 2, groups=groups)

    def fold(self, y):
        variance, mean = torch.var_mean(y, dim=(0, 2, 3), unbiased=False)
        factor = self.scale / torch.sqrt(variance + EPSILON)
        self.weight = self.weight * factor.view(-1, 1, 1, 1)
        self.bias = self.shift - mean * factor

    def finish(self, y, outputs):
        y = F.relu(y) if self.relu else y
        return y if self.residual is None else y + outputs[self.residual]


def build(tensors, gene, strides):
    """Layers of the genotype in order, by the supernet's naming (common/supernet)."""
    layers = [Layer(tensors, "stem", stride=2)]
    channels = layers[0].weight.shape[0]
    for stage, stride in enumerate(strides, 1):
        width = gene(f"w{stage}")
        for block in range(1, gene(f"d{stage}") + 1):
            kernel, expansion = gene(f"k{stage}{block}"), gene(f"e{stage}{block}")
            name = f"stage{stage}.block{block}.{channels}to{width}.e{expansion}"
            before = len(layers) - 1
            layers.append(Layer(tensors, name + ".expand"))
            layers.append(Layer(tensors, f"{name}.k{kernel}.depthwise", stride=stride if block == 1 else 1))
            layers.append(Layer(tensors, name + ".project", relu=False, residual=before if block > 1 else None))
            channels = width
    head = next((name[: -len(".weight")] for name in tensors if name.startswith(f"head.{channels}to") and name.endswith(".weight")), "head")
    layers.append(Layer(tensors, head))
    return layers


def run(layers, x, calibrate=False):
    outputs = []
    for layer in layers:
        y = layer.convolve(x)
        if calibrate:
            layer.fold(y)
            y = layer.convolve(x)
        x = layer.finish(y, outputs)
        outputs.append(x)
    return x.mean(dim=(2, 3))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--genotype", required=True, help='"d1=2 w1=32 k11=3 ..."')
    parser.add_argument("--supernet", required=True)
    parser.add_argument("--dataset", required=True, help="folder of the IDX files")
    parser.add_argument("--strides", default="2,2,2", help="of the stages")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--inferences", type=int, default=30)
    parser.add_argument("--warmup", type=float, default=1.0, help="seconds")
    parser.add_argument("--logits", metavar="FILE", help="also write the test set's logits (float32, row by row) there, to compare with another engine's")
    parser.add_argument("--recalibration", type=int, default=512, help="training pictures for batch norm")
    return parser.parse_args()


def all_logits(layers, linear, images):
    return numpy.concatenate([linear(run(layers, pictures(images[begin : begin + 500]))).numpy() for begin in range(0, len(images), 500)])


def accuracy_of(logits, labels):
    n, correct = len(labels), int((logits.argmax(1) == labels).sum())
    share, z = correct / n, 1.96  # Wilson interval
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {"value": 100 * share, "low": 100 * min(share, centre - half), "high": 100 * max(share, centre + half), "n": n}


def measure_latency(layers, linear, picture, warmup_s, inferences):
    end = time.perf_counter() + warmup_s
    while time.perf_counter() < end:
        linear(run(layers, picture))
    samples = []
    for _ in range(inferences):
        begin = time.perf_counter_ns()
        linear(run(layers, picture))
        samples.append((time.perf_counter_ns() - begin) / 1000)
    return samples


def main():
    options = parse_arguments()
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    genes = dict(part.split("=", 1) for part in options.genotype.split() if "=" in part)

    def gene(name):
        if name not in genes:
            fail("config", f"the genotype has no gene {name}")
        return int(float(genes[name]))

    tensors = read_safetensors(options.supernet)
    layers = build(tensors, gene, [int(s) for s in options.strides.split(",")])
    weight, bias = (torch.from_numpy(tensors[f"linear.{part}"].copy()) for part in ("weight", "bias"))

    def linear(x):
        return torch.addmm(bias, x, weight)

    train = read_idx(options.dataset, "train-images-idx3-ubyte")
    run(layers, pictures(train[recalibration_index(len(train), options.recalibration)]), calibrate=True)
    images, labels = read_idx(options.dataset, "t10k-images-idx3-ubyte"), read_idx(options.dataset, "t10k-labels-idx1-ubyte")
    logits = all_logits(layers, linear, images)
    if options.logits:
        logits.astype("<f4").tofile(options.logits)
    accuracy = accuracy_of(logits, labels)
    samples = measure_latency(layers, linear, pictures(images[:1]), options.warmup, options.inferences)
    finish({"samples_us": samples, "metrics": {"accuracy": accuracy, "params": sum(layer.weight.numel() + layer.bias.numel() for layer in layers) + weight.numel() + bias.numel()}})


try:
    main()
except MemoryError:
    fail("infeasible", "ram: Python ran out of memory")
