"""Small networks in PyTorch (Debian: python3-torch), each trained for a few epochs on Fashion-MNIST (Debian: dataset-fashion-mnist), judged by their
accuracy on test pictures and their time in PyTorch, and exported as ONNX files that other boards can measure.

    python3 -m sonata check evaluator.py --space space.yaml -n 3      without any server
    sonata run search.yaml                                            a search
"""
import gzip
import os
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import sonata

DATA = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")
EPOCHS, TRAIN, TEST, BATCH = 3, 12000, 2000, 128


def pictures(part, n):
    """n pictures as floats around 0, and their classes."""
    with gzip.open(f"{DATA}/{part}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + n * 784)[16:], np.uint8).reshape(-1, 1, 28, 28)
    with gzip.open(f"{DATA}/{part}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + n)[8:], np.uint8)
    return torch.tensor((x / 255.0 - 0.286) / 0.353, dtype=torch.float32), torch.tensor(y, dtype=torch.long)


def block(n_in, n_out, kernel, separable):
    pad = kernel // 2
    if separable:
        parts = [nn.Conv2d(n_in, n_in, kernel, padding=pad, groups=n_in, bias=False), nn.BatchNorm2d(n_in), nn.ReLU(), nn.Conv2d(n_in, n_out, 1, bias=False)]
    else:
        parts = [nn.Conv2d(n_in, n_out, kernel, padding=pad, bias=False)]
    return nn.Sequential(*parts, nn.BatchNorm2d(n_out), nn.ReLU())


def network(genes):
    layers = [nn.Conv2d(1, genes["stem"], 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(genes["stem"]), nn.ReLU()]
    width = genes["stem"]
    for i in range(genes["depth"]):
        layers.append(block(width, genes["width"], genes["kernel"], genes["block"] == "separable"))
        width = genes["width"]
        if i == 0:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


@sonata.evaluator(metrics=["accuracy", "latency"])
class SmallCnn:
    def setup(self, context):
        torch.set_num_threads(context.threads)
        self.train, self.test = pictures("train", TRAIN), pictures("t10k", TEST)
        self.nets = {}

    def trained(self, genes, context):
        """The network of these genes: build() and evaluate(), which may be asked for at different times, share it."""
        key = tuple(sorted(genes.items()))
        if key in self.nets:
            return self.nets[key]
        torch.manual_seed(1)
        net, (x, y) = network(genes), self.train
        epochs = 1 if context.check else EPOCHS
        steps = epochs * -(-len(x) // BATCH)
        optimizer = torch.optim.AdamW(net.parameters(), weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=steps)
        done = 0
        for _ in range(epochs):
            order = torch.randperm(len(x))
            for part in order.split(BATCH):
                optimizer.zero_grad()
                F.cross_entropy(net(x[part]), y[part]).backward()
                optimizer.step()
                schedule.step()
                done += 1
                context.progress(done / steps)
        if not context.check:
            self.nets[key] = net.eval()
        return net.eval()

    def build(self, genes, context):
        path = os.path.join(context.folder, "net.onnx")
        torch.onnx.export(self.trained(genes, context), torch.zeros(1, 1, 28, 28), path, opset_version=13, input_names=["image"], output_names=["logits"],
                          dynamic_axes={"image": {0: "n"}, "logits": {0: "n"}})
        return path

    def evaluate(self, genes, context):
        net, (x, y) = self.trained(genes, context), self.test
        samples = []
        with torch.no_grad():
            right = sum(int((net(a).argmax(1) == b).sum()) for a, b in zip(x.split(500), y.split(500)))
            for i in range(60):
                begin = time.perf_counter()
                net(x[i:i + 1])
                samples.append(1e6 * (time.perf_counter() - begin))
        accuracy, n = 100 * right / len(y), len(y)
        half = 196 * (accuracy / 100 * (1 - accuracy / 100) / n) ** 0.5
        return {"accuracy": {"value": accuracy, "low": accuracy - half, "high": accuracy + half, "n": n}, "samples_us": samples[10:]}
