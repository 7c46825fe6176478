"""An evaluator to start from: trains a small network on two interleaved half moons, in plain Python. Put your own framework in its place.

    python3 -m sonata check evaluator.py --space space.yaml -n 3      without any server
    sonata run search.yaml                                            a search
"""
import math
import random
import time

import sonata

EPOCHS = 30


def moons(n, seed):
    """n points (x, y, class) of two half moons with noise."""
    dice = random.Random(seed)
    points = []
    for i in range(n):
        angle, label = dice.uniform(0, math.pi), i % 2
        x, y = (math.cos(angle), math.sin(angle)) if label == 0 else (1 - math.cos(angle), 0.5 - math.sin(angle))
        points.append((x + dice.gauss(0, 0.15), y + dice.gauss(0, 0.15), label))
    return points


class Network:
    """Fully connected layers, trained by plain stochastic gradient descent."""

    def __init__(self, width, depth, activation, seed):
        dice = random.Random(seed)
        sizes = [2] + [width] * depth + [1]
        self.relu = activation == "relu"
        self.layers = [
            [[dice.gauss(0, 1 / math.sqrt(n_in)) for _ in range(n_in)] + [0.0] for _ in range(n_out)] for n_in, n_out in zip(sizes, sizes[1:])
        ]

    def values(self, x, y):
        """What every layer puts out."""
        outs = [[x, y]]
        for k, layer in enumerate(self.layers):
            sums = [sum(w * v for w, v in zip(neuron, outs[-1])) + neuron[-1] for neuron in layer]
            if k + 1 < len(self.layers):
                sums = [max(0.0, s) if self.relu else math.tanh(s) for s in sums]
            outs.append(sums)
        return outs

    def learn(self, x, y, label, rate):
        outs = self.values(x, y)
        slopes = [1 / (1 + math.exp(-max(-30.0, min(30.0, outs[-1][0])))) - label]
        for k in range(len(self.layers) - 1, -1, -1):
            before = outs[k]
            back = [sum(slope * neuron[i] for slope, neuron in zip(slopes, self.layers[k])) for i in range(len(before))]
            for slope, neuron in zip(slopes, self.layers[k]):
                for i, value in enumerate(before):
                    neuron[i] -= rate * slope * value
                neuron[-1] -= rate * slope
            slopes = [b * ((1.0 if v > 0 else 0.0) if self.relu else 1 - v * v) for b, v in zip(back, before)]


@sonata.evaluator(metrics=["accuracy", "latency"])
class TwoMoons:
    def setup(self, context):
        """Once: what all architectures share."""
        self.train, self.test = moons(120, 1), moons(400, 2)

    def evaluate(self, genes, context):
        """genes: {"width": 8, "depth": 2, "activation": "tanh", "rate": 0.1}."""
        network = Network(genes["width"], genes["depth"], genes["activation"], seed=1)
        epochs = 3 if context.check else EPOCHS
        for epoch in range(epochs):
            context.progress(epoch / epochs)
            for x, y, label in self.train:
                network.learn(x, y, label, genes["rate"])
        if not all(math.isfinite(w) for layer in network.layers for neuron in layer for w in neuron):
            raise sonata.Infeasible("training diverged")
        right, samples = 0, []
        for x, y, label in self.test:
            begin = time.perf_counter()
            answer = network.values(x, y)[-1][0]
            samples.append(1e6 * (time.perf_counter() - begin))
            right += (answer > 0) == bool(label)
        return {"accuracy": 100 * right / len(self.test), "samples_us": samples}
