#!/usr/bin/env python3
"""Makes the files of this folder with PyTorch (Debian: python3-torch): narrow supernets of the four published structures with random weights, under the names
and in the containers of the published files, and what random sub-networks of them answer after their batch-norm statistics were measured anew.

    tests/golden/elastic/make.py tests/golden/elastic

NAME.yaml is the space (written here, too), NAME.pth the weights, NAME.txt a line per sub-network: genotype; recipe; logits of two pictures.
The modules are written from the papers and from docs/SUPERNET.md, as functions over the dict of weights.
"""
import random
import sys

import torch
import torch.nn.functional as F

CLASSES, CALIBRATION, BATCH, SUBNETWORKS = 10, 20, 8, 20


def round8(v):
    n = max(8, int(v + 4) // 8 * 8)
    return n + 8 if n < 0.9 * v else n


def pictures(first, count, size):
    """Numbers from -2 to 2 that a few integer operations give, the same in every language."""
    i = torch.arange(first * 3 * size * size, (first + count) * 3 * size * size, dtype=torch.int64)
    h = (i * 2654435761 + 12345) % 2**32
    h = (h ^ (h >> 15)) * 2246822519 % 2**32
    return ((h >> 8).double() / 2**24 * 4 - 2).float().reshape(count, 3, size, size)


ACT = {
    "none": lambda x: x,
    "relu": F.relu,
    "relu6": F.relu6,
    "hswish": lambda x: x * F.relu6(x + 3) / 6,
    "swish": lambda x: x * torch.sigmoid(x),
}


class Weights:
    """A state dict that makes tensors when they are first asked for."""

    def __init__(self, generator):
        self.d, self.g = {}, generator

    def conv(self, name, out, into, k):
        self.d[name] = torch.randn(out, into, k, k, generator=self.g) * (2 / (into * k * k)) ** 0.5

    def bn(self, name, c):
        self.d[name + ".weight"] = 0.5 + torch.rand(c, generator=self.g)
        self.d[name + ".bias"] = torch.randn(c, generator=self.g) * 0.3
        self.d[name + ".running_mean"] = torch.randn(c, generator=self.g) * 0.1
        self.d[name + ".running_var"] = 0.5 + torch.rand(c, generator=self.g)
        self.d[name + ".num_batches_tracked"] = torch.tensor(7)

    def linear(self, name, out, into, bias=True):
        self.d[name + ".weight"] = torch.randn(out, into, generator=self.g) * into**-0.5
        if bias:
            self.d[name + ".bias"] = torch.randn(out, generator=self.g) * 0.1


class Run:
    """One pass: measures the statistics of a batch, or uses those measured."""

    def __init__(self, d, epsilon, statistics=None, unbiased=False):
        self.d, self.eps, self.use, self.unbiased, self.seen = d, epsilon, statistics, unbiased, {}

    def bn(self, x, name):
        c = x.shape[1]
        if self.use is None:
            mean = x.mean((0, 2, 3))
            var = x.var((0, 2, 3), unbiased=False)
            n = x.numel() // c
            self.seen[name] = (mean, var * n / (n - 1) if self.unbiased else var)
        else:
            mean, var = self.use[name]
        scale = self.d[name + ".weight"][:c] / torch.sqrt(var + self.eps)
        return x * scale.view(1, -1, 1, 1) + (self.d[name + ".bias"][:c] - mean * scale).view(1, -1, 1, 1)

    def conv(self, x, name, out, k=1, stride=1):
        return F.conv2d(x, self.d[name][:out, : x.shape[1]], stride=stride, padding=(k - 1) // 2)

    def depthwise(self, x, name, k, stride, matrices):
        w = self.d[name + ".weight"][: x.shape[1]]
        size = w.shape[-1]
        while size > k:
            w = w[:, :, 1:-1, 1:-1]
            if matrices:
                m = self.d[f"{name}.{size}to{size - 2}_matrix"]
                w = F.linear(w.reshape(w.shape[0], -1), m).reshape(w.shape[0], 1, size - 2, size - 2)
            size -= 2
        return F.conv2d(x, w, stride=stride, padding=(k - 1) // 2, groups=x.shape[1])

    def se(self, x, name):
        c = x.shape[1]
        z = round8(c // 4)
        y = x.mean((2, 3), keepdim=True)
        y = F.relu(F.conv2d(y, self.d[name + ".reduce.weight"][:z, :c], self.d[name + ".reduce.bias"][:z]))
        y = F.conv2d(y, self.d[name + ".expand.weight"][:c, :z], self.d[name + ".expand.bias"][:c])
        return x * F.relu6(y + 3) / 6


class Mobile:
    """MobileNetV3 and ProxylessNAS of once-for-all, and AttentiveNAS: one kind of block."""

    def __init__(self, name, generator):
        self.name = name
        self.attentive = name == "attentive"
        self.proxyless = name == "proxyless"
        self.eps = 1e-3 if self.proxyless else 1e-5
        if self.attentive:
            self.stem, self.res, self.ks = [8, 16], [32, 64], [3, 5]
            # widths, depths, expansions, stride, se
            self.stages = [([8, 16], [1, 2], [1], 1, False), ([16, 24], [1, 2, 3], [4, 5, 6], 2, False), ([24, 32], [1, 2], [4, 5, 6], 2, True), ([32, 40], [1, 2], [6], 1, True)]
            self.last = [64, 72]
            self.acts = ["swish"] * 4
        else:
            self.stem, self.res, self.ks = [16 if not self.proxyless else 24], [32, 48, 64], [3, 5, 7]
            e = [3, 4, 6]
            self.first = 16
            self.stages = [([16], [2, 3], e, 2, False), ([24], [2, 3], e, 2, not self.proxyless), ([32], [1, 2], e, 1, not self.proxyless)]
            self.acts = ["relu6"] * 3 if self.proxyless else ["relu", "relu", "hswish"]
            self.tail = 40 if self.proxyless else None
            self.head = (128,) if self.proxyless else (96, 64)
        self.build(Weights(generator))

    def blocks(self):
        """(stage, block in it, most input, most output, most expansion, stride, act, se) of every block, in order."""
        before = max(self.stem) if self.attentive else self.first
        for s, (w, d, e, stride, se) in enumerate(self.stages):
            for b in range(max(d)):
                yield s, b, before, max(w), max(e), stride if b == 0 else 1, self.acts[s], se
                before = max(w)
        if self.proxyless:
            yield len(self.stages), 0, before, self.tail, 6, 1, "relu6", False

    def build(self, w):
        a, conv, bn = self.attentive, ("conv.conv" if self.attentive else "conv"), ("bn.bn" if self.attentive else "bn")
        act = "swish" if a else ("relu6" if self.proxyless else "hswish")
        self.act = act
        w.conv(f"first_conv.{conv}.weight", max(self.stem), 3, 3)
        w.bn(f"first_conv.{bn}", max(self.stem))
        n = 0
        if not a:
            w.conv("blocks.0.mobile_inverted_conv.depth_conv.conv.weight", self.stem[0], 1, 3)
            w.bn("blocks.0.mobile_inverted_conv.depth_conv.bn", self.stem[0])
            w.conv("blocks.0.mobile_inverted_conv.point_linear.conv.weight", self.first, self.stem[0], 1)
            w.bn("blocks.0.mobile_inverted_conv.point_linear.bn", self.first)
            n = 1
        for _, _, into, out, e, _, _, se in self.blocks():
            p = f"blocks.{n}.mobile_inverted_conv."
            h = round8(round(into * e)) if e != 1 else into
            if e != 1:
                w.conv(p + "inverted_bottleneck.conv.conv.weight", h, into, 1)
                w.bn(p + "inverted_bottleneck.bn.bn", h)
            w.conv(p + "depth_conv.conv.conv.weight", h, 1, max(self.ks))
            if not a:
                for k in (5, 3):
                    w.d[f"{p}depth_conv.conv.{k + 2}to{k}_matrix"] = torch.eye(k * k) + 0.2 * torch.randn(k * k, k * k, generator=w.g)
            w.bn(p + "depth_conv.bn.bn", h)
            if se:
                z = round8(h // 4)
                w.conv(p + "depth_conv.se.fc.reduce.weight", z, h, 1)
                w.d[p + "depth_conv.se.fc.reduce.bias"] = torch.randn(z, generator=w.g) * 0.1
                w.conv(p + "depth_conv.se.fc.expand.weight", h, z, 1)
                w.d[p + "depth_conv.se.fc.expand.bias"] = torch.randn(h, generator=w.g) * 0.1
            w.conv(p + "point_linear.conv.conv.weight", out, h, 1)
            w.bn(p + "point_linear.bn.bn", out)
            if a:
                w.conv(f"blocks.{n}.shortcut.conv.conv.weight", out, into, 1)
            n += 1
        last = out
        if a:
            w.conv("last_conv.final_expand_layer.conv.conv.weight", 6 * last, last, 1)
            w.bn("last_conv.final_expand_layer.bn.bn", 6 * last)
            w.conv("last_conv.feature_mix_layer.conv.conv.weight", max(self.last), 6 * last, 1)
            w.linear("classifier.linear.linear", CLASSES, max(self.last))
        elif self.proxyless:
            w.conv("feature_mix_layer.conv.weight", self.head[0], last, 1)
            w.bn("feature_mix_layer.bn", self.head[0])
            w.linear("classifier.linear", CLASSES, self.head[0])
        else:
            w.conv("final_expand_layer.conv.weight", self.head[0], last, 1)
            w.bn("final_expand_layer.bn", self.head[0])
            w.conv("feature_mix_layer.conv.weight", self.head[1], self.head[0], 1)
            w.linear("classifier.linear", CLASSES, self.head[1])
        self.d = w.d

    def genes(self):
        g = {"r": self.res}
        if self.attentive:
            g["w0"] = self.stem
        for s, (w, d, e, _, _) in enumerate(self.stages, 1):
            if self.attentive:
                g[f"w{s}"] = w
            if len(d) > 1:
                g[f"d{s}"] = d
            for b in range(1, max(d) + 1) if not self.attentive else [""]:
                g[f"k{s}{b}"] = self.ks
                if len(e) > 1:
                    g[f"e{s}{b}"] = e
        if self.proxyless:
            g["k41"], g["e41"] = self.ks, [3, 4, 6]
        if self.attentive:
            g["w9"] = self.last
        return g

    def items(self):
        a, act = self.attentive, self.act
        out = [f"{{kind: conv, kernel: 3, stride: 2, width: {'w0' if a else self.stem[0]}, act: {act}}}"]
        if not a:
            shortcut = ", shortcut: identity" if not self.proxyless else ""
            out.append(f"{{kind: mbconv, width: {self.first}, kernel: 3, expand: 1, act: {'relu6' if self.proxyless else 'relu'}{shortcut}}}")
        for s, (w, d, e, stride, se) in enumerate(self.stages, 1):
            star = "" if a else "*"
            ex = f"e{s}{star}" if len(e) > 1 else e[0]
            out.append(f"{{kind: mbconv, depth: d{s}, width: {f'w{s}' if a else w[0]}, kernel: k{s}{star}, expand: {ex}, stride: {stride}, act: {self.acts[s - 1]}, "
                       f"se: {'true' if se else 'false'}, shortcut: {'pool' if a else 'identity'}}}")
        if a:
            out += ["{kind: conv, expand: 6, act: swish}", "{kind: mean}", "{kind: conv, width: w9, act: swish, norm: false}"]
        elif self.proxyless:
            out += [f"{{kind: mbconv, width: {self.tail}, kernel: k41, expand: e41, act: relu6}}", f"{{kind: conv, width: {self.head[0]}, act: relu6}}", "{kind: mean}"]
        else:
            out += [f"{{kind: conv, width: {self.head[0]}, act: hswish}}", "{kind: mean}", f"{{kind: conv, width: {self.head[1]}, act: hswish, norm: false}}"]
        return out + ["{kind: linear}"]

    def forward(self, run, g, x):
        a, act = self.attentive, ACT[self.act]
        conv, bn = ("conv.conv" if a else "conv"), ("bn.bn" if a else "bn")
        x = act(run.bn(run.conv(x, f"first_conv.{conv}.weight", g.get("w0", self.stem[0]), 3, 2), f"first_conv.{bn}"))
        n = 0
        if not a:
            p, f = "blocks.0.mobile_inverted_conv.", ACT["relu6" if self.proxyless else "relu"]
            y = F.conv2d(x, self.d[p + "depth_conv.conv.weight"], padding=1, groups=x.shape[1])
            y = f(run.bn(y, p + "depth_conv.bn"))
            y = run.bn(run.conv(y, p + "point_linear.conv.weight", self.first), p + "point_linear.bn")
            x = y if self.proxyless else x + y
            n = 1
        for s, b, _, out, e, stride, name, se in self.blocks():
            f, p = ACT[name], f"blocks.{n}.mobile_inverted_conv."
            block = "" if a else str(b + 1)
            n += 1
            tail = s == len(self.stages)
            if not tail and b >= g.get(f"d{s + 1}", 1):
                continue
            out = g.get(f"w{s + 1}", out)
            e = g.get(f"e{s + 1}{block}", e)
            k = g[f"k{s + 1}{block}"]
            y = x
            if e != 1:
                h = round8(round(x.shape[1] * e))
                y = f(run.bn(run.conv(y, p + "inverted_bottleneck.conv.conv.weight", h), p + "inverted_bottleneck.bn.bn"))
            y = self.depthwise(run, y, p, k, stride)
            y = f(run.bn(y, p + "depth_conv.bn.bn"))
            if se:
                y = run.se(y, p + "depth_conv.se.fc")
            y = run.bn(run.conv(y, p + "point_linear.conv.conv.weight", out), p + "point_linear.bn.bn")
            if a:
                r = F.avg_pool2d(x, 2) if stride == 2 else x
                y = y + (run.conv(r, f"blocks.{n - 1}.shortcut.conv.conv.weight", out) if r.shape[1] != out else r)
            elif not tail and stride == 1 and x.shape[1] == out:
                y = x + y
            x = y
        return self.top(run, g, x, act)

    def depthwise(self, run, y, p, k, stride):
        name = p + "depth_conv.conv"
        run.d[name + ".weight"] = run.d[name + ".conv.weight"]
        y = run.depthwise(y, name, k, stride, not self.attentive)
        del run.d[name + ".weight"]
        return y

    def top(self, run, g, x, act):
        mean = lambda t: t.mean((2, 3), keepdim=True)
        if self.attentive:
            x = act(run.bn(run.conv(x, "last_conv.final_expand_layer.conv.conv.weight", 6 * x.shape[1]), "last_conv.final_expand_layer.bn.bn"))
            x = act(run.conv(mean(x), "last_conv.feature_mix_layer.conv.conv.weight", g["w9"]))
            c = "classifier.linear.linear"
        elif self.proxyless:
            x = mean(act(run.bn(run.conv(x, "feature_mix_layer.conv.weight", self.head[0]), "feature_mix_layer.bn")))
            c = "classifier.linear"
        else:
            x = act(run.bn(run.conv(x, "final_expand_layer.conv.weight", self.head[0]), "final_expand_layer.bn"))
            x = act(run.conv(mean(x), "feature_mix_layer.conv.weight", self.head[1]))
            c = "classifier.linear"
        x = x.flatten(1)
        return F.linear(x, self.d[c + ".weight"][:, : x.shape[1]], self.d[c + ".bias"])


class Residual:
    """ResNet50 of once-for-all."""

    name, eps, attentive = "resnet", 1e-5, False

    def __init__(self, generator):
        self.scales, self.res = [0.65, 0.8, 1.0], [32, 48, 64]
        self.stem, self.stages = (32, 32), [(48, [1, 2], 1), (64, [2, 3], 2), (96, [1, 2], 2)]
        w = Weights(generator)
        w.conv("input_stem.0.conv.conv.weight", self.stem[0], 3, 3)
        w.bn("input_stem.0.bn.bn", self.stem[0])
        w.conv("input_stem.1.conv.conv.conv.weight", self.stem[0], self.stem[0], 3)
        w.bn("input_stem.1.conv.bn.bn", self.stem[0])
        w.conv("input_stem.2.conv.conv.weight", self.stem[1], self.stem[0], 3)
        w.bn("input_stem.2.bn.bn", self.stem[1])
        n, into = 0, self.stem[1]
        for out, d, _ in self.stages:
            for b in range(max(d)):
                m = round8(round(out * 0.35))
                for i, (o, c, k) in enumerate([(m, into, 1), (m, m, 3), (out, m, 1)], 1):
                    w.conv(f"blocks.{n}.conv{i}.conv.conv.weight", o, c, k)
                    w.bn(f"blocks.{n}.conv{i}.bn.bn", o)
                if b == 0:
                    w.conv(f"blocks.{n}.downsample.conv.conv.weight", out, into, 1)
                    w.bn(f"blocks.{n}.downsample.bn.bn", out)
                n, into = n + 1, out
        w.linear("classifier.linear.linear", CLASSES, into)
        self.d = w.d

    def genes(self):
        g = {"r": self.res, "d0": [0, 1], "w0": [0.65, 1.0], "w1": self.scales}
        for s, (_, d, _) in enumerate(self.stages, 1):
            g[f"w{s + 1}"] = self.scales
            g[f"d{s}"] = d
            for b in range(1, max(d) + 1):
                g[f"e{s}{b}"] = [0.2, 0.25, 0.35]
        return g

    def items(self):
        out = [f"{{kind: conv, kernel: 3, stride: 2, width: {self.stem[0]}, scale: w0, act: relu}}",
               f"{{kind: conv, kernel: 3, depth: d0, width: {self.stem[0]}, scale: w0, act: relu, shortcut: identity}}",
               f"{{kind: conv, kernel: 3, width: {self.stem[1]}, scale: w1, act: relu}}", "{kind: maxpool, kernel: 3, stride: 2}"]
        for s, (w, _, stride) in enumerate(self.stages, 1):
            out.append(f"{{kind: bottleneck, depth: d{s}, width: {w}, scale: w{s + 1}, kernel: 3, expand: e{s}*, stride: {stride}, act: relu, shortcut: project}}")
        return out + ["{kind: mean}", "{kind: linear}"]

    def forward(self, run, g, x):
        c = lambda x, p, out, k, s: run.bn(run.conv(x, p + ".conv.conv.weight", out, k, s), p + ".bn.bn")
        w0 = round8(self.stem[0] * g["w0"])
        x = F.relu(c(x, "input_stem.0", w0, 3, 2))
        if g["d0"]:
            x = F.relu(run.bn(run.conv(x, "input_stem.1.conv.conv.conv.weight", w0, 3, 1), "input_stem.1.conv.bn.bn")) + x
        x = F.relu(c(x, "input_stem.2", round8(self.stem[1] * g["w1"]), 3, 1))
        x = F.max_pool2d(x, 3, 2, 1)
        n = 0
        for s, (width, d, stride) in enumerate(self.stages, 1):
            out = round8(width * g[f"w{s + 1}"])
            for b in range(max(d)):
                p = f"blocks.{n}"
                n += 1
                if b >= g[f"d{s}"]:
                    continue
                m = round8(round(out * g[f"e{s}{b + 1}"]))
                st = stride if b == 0 else 1
                y = F.relu(c(x, p + ".conv1", m, 1, 1))
                y = F.relu(c(y, p + ".conv2", m, 3, st))
                y = c(y, p + ".conv3", out, 1, 1)
                if b == 0:
                    r = F.avg_pool2d(x, st, st, 0, ceil_mode=True) if st > 1 else x
                    x = c(r, p + ".downsample", out, 1, 1)
                x = F.relu(y + x)
        x = x.mean((2, 3))
        return F.linear(x, self.d["classifier.linear.linear.weight"][:, : x.shape[1]], self.d["classifier.linear.linear.bias"])


def answer(net, g, unbiased):
    """Logits of two pictures after the statistics were measured on CALIBRATION others."""
    sums, size = {}, g["r"]
    for first in range(0, CALIBRATION, BATCH):
        n = min(BATCH, CALIBRATION - first)
        run = Run(net.d, net.eps, unbiased=unbiased)
        net.forward(run, g, pictures(first, n, size))
        for k, (m, v) in run.seen.items():
            a, b = sums.get(k, (0, 0))
            sums[k] = (a + m * n, b + v * n)
    statistics = {k: (m / CALIBRATION, v / CALIBRATION) for k, (m, v) in sums.items()}
    return net.forward(Run(net.d, net.eps, statistics), g, pictures(1000, 2, size))


def write(folder, net, legacy):
    genes = net.genes()
    with open(f"{folder}/{net.name}.yaml", "w", encoding="utf-8") as f:
        f.write(f"# Made by make.py: a narrow network of the published structure.\nname: golden-{net.name}\ngenes:\n")
        f.writelines(f"  - {{name: {k}, ordinal: true, choices: [{', '.join(map(str, v))}]}}\n" for k, v in genes.items())
        f.write(f"network:\n  family: elastic\n  input: r\n  channels: 3\n  classes: {CLASSES}\n  epsilon: {net.eps:g}\n  items:\n")
        f.writelines(f"    - {i}\n" for i in net.items())
    weights = dict(net.d)
    if net.attentive:
        weights = {"module." + k: v for k, v in weights.items()}
    whole = {"state_dict": weights, "epoch": 1} if net.attentive or legacy else weights
    torch.save(whole, f"{folder}/{net.name}.pth", _use_new_zipfile_serialization=not legacy)
    with open(f"{folder}/{net.name}.txt", "w", encoding="utf-8") as f:
        for i in range(SUBNETWORKS):
            g = {k: random.choice(v) for k, v in genes.items()}
            logits = answer(net, g, net.attentive)
            f.write(" ".join(f"{k}={v}" for k, v in g.items()) + ";" + ("attentivenas" if net.attentive else "once-for-all") + ";")
            f.write(" ".join(f"{v:.9g}" for v in logits.flatten().tolist()) + "\n")


def main():
    random.seed(5)
    generator = torch.Generator().manual_seed(5)
    torch.set_num_threads(1)
    with torch.no_grad():
        write(sys.argv[1], Mobile("mbv3", generator), True)
        write(sys.argv[1], Mobile("proxyless", generator), False)
        write(sys.argv[1], Residual(generator), False)
        write(sys.argv[1], Mobile("attentive", generator), True)


main()
