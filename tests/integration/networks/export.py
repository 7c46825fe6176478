#!/usr/bin/env python3
"""export.py FOLDER [SIZE [NAME...]]: torchvision's networks with random weights as ONNX files, with a picture and what PyTorch makes of it.

Writes FOLDER/NAME.onnx, NAME.x.npy and NAME.y.npy. Statistics of batch normalisation come from a few random pictures, so that values stay in the range
they have in a trained network. Needs Debian's python3-torch, python3-torchvision and python3-onnx.
"""
import os
import sys

import numpy
import torch
import torchvision

NAMES = ["mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "resnet18", "resnet50", "efficientnet_b0", "shufflenet_v2_x1_0", "regnet_x_400mf",
         "regnet_y_400mf", "squeezenet1_1", "mnasnet1_0", "densenet121"]


def calibrate(model, size):
    """Running statistics of the pictures themselves."""
    for m in model.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.momentum = None
            torch.nn.init.uniform_(m.weight, 0.6, 1.2)
            torch.nn.init.uniform_(m.bias, -0.2, 0.2)
        if isinstance(m, torch.nn.Dropout):
            m.p = 0.0
    model.train()
    with torch.no_grad():
        model(torch.randn(4, 3, size, size))
    model.eval()


def export(folder, name, size):
    torch.manual_seed(sum(map(ord, name)))
    model = getattr(torchvision.models, name)(weights=None)
    calibrate(model, size)
    x = torch.randn(1, 3, size, size)
    with torch.no_grad():
        y = model(x)
    base = os.path.join(folder, name)
    torch.onnx.export(model, x, base + ".onnx", opset_version=14, input_names=["image"], output_names=["logits"],
                      dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})
    numpy.save(base + ".x.npy", x.numpy())
    numpy.save(base + ".y.npy", y.numpy())
    print(f"{name}: {os.path.getsize(base + '.onnx') / 1e6:.1f} MB", flush=True)


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 224
    torch.set_num_threads(1)
    os.makedirs(sys.argv[1], exist_ok=True)
    for name in sys.argv[3:] or NAMES:
        export(sys.argv[1], name, size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
