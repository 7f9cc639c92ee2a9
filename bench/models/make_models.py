#!/usr/bin/python3
"""usage: make_models.py OUTDIR [NAME...]: well-known networks with random weights (seed 0) as torch exports them.

mobilenetv2 (224 x 224), resnet18 (224 x 224), vgg8 (32 x 32).
"""
import sys
import torch
import torch.nn as nn
import torch.nn.functional as F


def conv_bn(i, o, k, s=1, groups=1, act=nn.ReLU6):
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, groups=groups, bias=False), nn.BatchNorm2d(o), act())


class Inverted(nn.Module):
    def __init__(self, i, o, stride, expand):
        super().__init__()
        h = i * expand
        self.skip = stride == 1 and i == o
        layers = [] if expand == 1 else [conv_bn(i, h, 1)]
        layers += [conv_bn(h, h, 3, stride, groups=h), nn.Conv2d(h, o, 1, bias=False), nn.BatchNorm2d(o)]
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.body(x) if self.skip else self.body(x)


class MobileNetV2(nn.Module):
    def __init__(self):
        super().__init__()
        layers, i = [conv_bn(3, 32, 3, 2)], 32
        for t, c, n, s in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
                           (6, 320, 1, 1)):
            for k in range(n):
                layers.append(Inverted(i, c, s if k == 0 else 1, t))
                i = c
        layers.append(conv_bn(320, 1280, 1))
        self.features, self.classifier = nn.Sequential(*layers), nn.Linear(1280, 1000)

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


class Basic(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.down = nn.Sequential(nn.Conv2d(i, o, 1, s, bias=False), nn.BatchNorm2d(o)) if s != 1 or i != o else None

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.down(x) if self.down else x))


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        layers, i = [], 64
        for o, s in ((64, 1), (128, 2), (256, 2), (512, 2)):
            layers += [Basic(i, o, s), Basic(o, o, 1)]
            i = o
        self.layers, self.fc = nn.Sequential(*layers), nn.Linear(512, 1000)

    def forward(self, x):
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(self.layers(self.stem(x)), 1), 1))


def vgg8():
    layers, i = [], 3
    for o in (128, 128, 0, 256, 256, 0, 512, 512, 0):
        layers += [nn.MaxPool2d(2)] if not o else [conv_bn(i, o, 3, act=nn.ReLU)]
        i = o or i
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(8192, 1024), nn.ReLU(), nn.Linear(1024, 10))


MODELS = {"mobilenetv2": (MobileNetV2, 224), "resnet18": (ResNet18, 224), "vgg8": (vgg8, 32)}

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in sys.argv[2:] or MODELS:
        torch.manual_seed(0)
        build, size = MODELS[name]
        torch.onnx.export(build().eval(), torch.zeros(1, 3, size, size), f"{sys.argv[1]}/{name}.onnx", input_names=["image"],
                          output_names=["logits"], dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
                          opset_version=13)
