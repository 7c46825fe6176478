#!/usr/bin/env python3
"""Makes the files of this folder with PyTorch (Debian: python3-torch): the same weights in both containers, as a training script would save them.

    tests/golden/checkpoint/make.py tests/golden/checkpoint
"""
import collections
import sys

import torch


class Arguments:
    """Something of the script's own in the file: it must be passed over."""

    def __init__(self):
        self.rate, self.names = 0.1, ["a", "b"]


def weights():
    base = torch.arange(24, dtype=torch.float32)
    d = collections.OrderedDict()
    d["module.plain.weight"] = base.reshape(2, 3, 4) / 8
    d["module.transposed.weight"] = base.reshape(4, 6).t()
    d["module.part.weight"] = base[5:9]
    d["module.parameter.bias"] = torch.nn.Parameter(torch.tensor([1.5, -2.5]))
    d["module.half"] = torch.tensor([1.0, -0.5, 65504.0, 2.0**-24], dtype=torch.float16)
    d["module.brain"] = torch.tensor([1.0, -3.0], dtype=torch.bfloat16)
    d["module.double"] = torch.tensor([0.25], dtype=torch.float64)
    d["module.bn.num_batches_tracked"] = torch.tensor(1234567, dtype=torch.int64)
    d["module.bytes"] = torch.tensor([0, 255], dtype=torch.uint8)
    d["module.signed"] = torch.tensor([-1, 127], dtype=torch.int8)
    d["module.truth"] = torch.tensor([True, False])
    d["module.empty"] = torch.zeros(0, 3)
    return d


def main():
    folder = sys.argv[1]
    torch.manual_seed(1)
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    whole = {"epoch": 3, "args": Arguments(), "state_dict": weights(), "optimizer": optimizer.state_dict(), "best": 76.5}
    torch.save(whole, f"{folder}/legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(whole, f"{folder}/zip.pth")
    torch.save(weights(), f"{folder}/bare.pth", pickle_protocol=4)


main()
