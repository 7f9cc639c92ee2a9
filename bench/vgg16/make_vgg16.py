#!/usr/bin/python3
"""usage: make_vgg16.py OUT.onnx: VGG-16 for 224 x 224 images, 138,357,544 random parameters (seed 0), about 553 MB."""
import sys
import torch
import torch.nn as nn


def vgg16():
    layers, channels = [], 3
    for width in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        if not width:
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
        channels = width
    head = [nn.Flatten(), nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)]
    return nn.Sequential(*layers, *head)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.manual_seed(0)
    model = vgg16().eval()
    print(sum(p.numel() for p in model.parameters()), "parameters")
    torch.onnx.export(model, torch.zeros(1, 3, 224, 224), sys.argv[1], input_names=["image"], output_names=["logits"],
                      dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}}, opset_version=13)
