"""An elastic network in the manner of once-for-all (Cai et al. 2020), in PyTorch (Debian: python3-torch) on Fashion-MNIST: one set of weights, of which every
sub-network takes the first channels, the first blocks of a stage and the middle of a kernel.

    python3 evaluator.py [STEPS]                                      trains supernet.pt (the sandwich rule of Yu & Huang 2019)
    python3 -m sonata check evaluator.py --space space.yaml -n 3      without any server
    sonata run search.yaml                                            a search: the supernet is loaded once, a sub-network takes a fraction of a second
"""
import gzip
import os
import random
import sys
import time
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import sonata

DATA = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")
WEIGHTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "supernet.pt")
CHANNELS = (16, 24, 40)
STEPS, BATCH, TRAIN, TEST, CALIBRATION = 1500, 96, 30000, 2000, 512
GENES = [(f"depth{s}", (1, 2, 3)) for s in (1, 2, 3)] + [(f"kernel{s}", (3, 5)) for s in (1, 2, 3)] + [(f"expand{s}", (1, 2, 3, 4)) for s in (1, 2, 3)]
SMALLEST, LARGEST = {g: c[0] for g, c in GENES}, {g: c[-1] for g, c in GENES}


def pictures(part, n):
    """n pictures as floats around 0, and their classes."""
    with gzip.open(f"{DATA}/{part}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + n * 784)[16:], np.uint8).reshape(-1, 1, 28, 28)
    with gzip.open(f"{DATA}/{part}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n)[8:], np.uint8)
    return torch.tensor((x / 255.0 - 0.286) / 0.353, dtype=torch.float32), torch.tensor(y, dtype=torch.long)


class Layer(NamedTuple):
    """A convolution with batch norm: its name among the shared weights, and how much of them is used."""

    name: str
    n_in: int
    n_out: int
    kernel: int = 1
    stride: int = 1
    depthwise: bool = False
    act: bool = True


def plan(genes):
    """Blocks of a sub-network: their layers, and whether the input is added to the output."""
    yield [Layer("stem", 1, CHANNELS[0], 3, stride=2)], False
    before = CHANNELS[0]
    for s, channels in enumerate(CHANNELS, 1):
        for b in range(genes[f"depth{s}"]):
            wide, stride = genes[f"expand{s}"] * before, 2 if b == 0 and s > 1 else 1
            yield [Layer(f"{s}{b}in", before, wide), Layer(f"{s}{b}mid", wide, wide, genes[f"kernel{s}"], stride, depthwise=True),
                   Layer(f"{s}{b}out", wide, channels, act=False)], stride == 1 and before == channels
            before = channels


def run(blocks, x, layer):
    for layers, add in blocks:
        y = x
        for part in layers:
            y = layer(part, y)
        x = x + y if add else y
    return x.mean((2, 3))


class Supernet(nn.Module):
    """All weights; forward() uses those of one sub-network, with the statistics of the batch in batch norms, which it keeps in `stats` when asked to."""

    def __init__(self):
        super().__init__()
        self.w = nn.ParameterDict()
        for layers, _ in plan(LARGEST):
            for k in layers:
                weight = torch.empty(k.n_out, 1 if k.depthwise else k.n_in, k.kernel, k.kernel)
                nn.init.kaiming_normal_(weight)
                self.w[k.name], self.w[k.name + "_scale"], self.w[k.name + "_shift"] = weight, torch.ones(k.n_out), torch.zeros(k.n_out)
        self.head = nn.Linear(CHANNELS[-1], 10)

    def weight(self, k):
        shared = self.w[k.name]
        cut = (shared.shape[-1] - k.kernel) // 2
        return shared[:k.n_out, : 1 if k.depthwise else k.n_in, cut:cut + k.kernel, cut:cut + k.kernel]

    def forward(self, x, genes, stats=None):
        def layer(k, x):
            x = F.conv2d(x, self.weight(k), stride=k.stride, padding=k.kernel // 2, groups=k.n_in if k.depthwise else 1)
            if stats is not None:
                stats[k.name] = torch.var_mean(x, (0, 2, 3), unbiased=False)
            x = F.batch_norm(x, None, None, self.w[k.name + "_scale"][:k.n_out], self.w[k.name + "_shift"][:k.n_out], True)
            return F.relu(x) if k.act else x

        return self.head(run(plan(genes), x, layer))


class Subnet(nn.Module):
    """A sub-network with weights of its own. Its batch norms get their statistics from `pictures`: inherited ones would be another network's."""

    def __init__(self, supernet, genes, pictures):
        super().__init__()
        stats = {}
        supernet(pictures, genes, stats)
        self.blocks, self.head, self.parts = list(plan(genes)), supernet.head, nn.ModuleDict()
        for layers, _ in self.blocks:
            for k in layers:
                self.parts[k.name] = self.layer(supernet, k, *stats[k.name])

    @staticmethod
    def layer(supernet, k, var, mean):
        conv = nn.Conv2d(k.n_in, k.n_out, k.kernel, k.stride, k.kernel // 2, groups=k.n_in if k.depthwise else 1, bias=False)
        norm = nn.BatchNorm2d(k.n_out)
        conv.weight.data = supernet.weight(k).clone()
        norm.weight.data, norm.bias.data = supernet.w[k.name + "_scale"][:k.n_out].clone(), supernet.w[k.name + "_shift"][:k.n_out].clone()
        norm.running_mean, norm.running_var = mean, var
        return nn.Sequential(conv, norm, nn.ReLU()) if k.act else nn.Sequential(conv, norm)

    def forward(self, x):
        return self.head(run(self.blocks, x, lambda k, y: self.parts[k.name](y)))


def train(steps):
    torch.manual_seed(1)
    dice = random.Random(1)
    x, y = pictures("train", TRAIN)
    net = Supernet()
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=6e-3, total_steps=steps)
    for step in range(steps):
        part = torch.randint(len(x), (BATCH,))
        optimizer.zero_grad()
        for genes in (LARGEST, SMALLEST, {g: dice.choice(c) for g, c in GENES}):
            loss = F.cross_entropy(net(x[part], genes), y[part])
            loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step} of {steps}: loss {loss.item():.3f}", flush=True)
    torch.save(net.state_dict(), WEIGHTS)
    print(f"{WEIGHTS} written")


@sonata.evaluator(metrics=["accuracy", "latency"])
class Elastic:
    def setup(self, context):
        torch.set_num_threads(context.threads)
        if not os.path.isfile(WEIGHTS):
            raise SystemExit(f"{WEIGHTS} is not there: make it with python3 evaluator.py")
        self.net = Supernet()
        self.net.load_state_dict(torch.load(WEIGHTS))
        self.calibration, self.test = pictures("train", CALIBRATION)[0], pictures("t10k", TEST)

    def subnet(self, genes):
        with torch.no_grad():
            return Subnet(self.net, genes, self.calibration).eval()

    def build(self, genes, context):
        path = os.path.join(context.folder, "net.onnx")
        torch.onnx.export(self.subnet(genes), torch.zeros(1, 1, 28, 28), path, opset_version=13, input_names=["image"], output_names=["logits"],
                          dynamic_axes={"image": {0: "n"}, "logits": {0: "n"}})
        return path

    def evaluate(self, genes, context):
        net, (x, y), samples, right = self.subnet(genes), self.test, [], 0
        with torch.no_grad():
            for i, (a, b) in enumerate(zip(x.split(500), y.split(500))):
                right += int((net(a).argmax(1) == b).sum())
                context.progress((i + 1) * 500 / len(x))
            for i in range(40):
                begin = time.perf_counter()
                net(x[i:i + 1])
                samples.append(1e6 * (time.perf_counter() - begin))
        return {"accuracy": 100 * right / len(y), "samples_us": samples[10:]}


if __name__ == "__main__":
    train(int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)
