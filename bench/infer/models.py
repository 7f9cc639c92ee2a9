#!/usr/bin/python3
"""usage: models.py FOLDER: writes lenet.onnx and resnet18.onnx (random weights, batch norms folded).
usage: models.py --peer lenet|resnet18 BATCH: images per CPU second of the same network in PyTorch (jit.freeze, optimised for
inference, one thread; the better of the two memory formats)."""
import sys
import time
import torch
import torch.nn as nn
import torch.nn.functional as F


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 20, 5), nn.Conv2d(20, 50, 5)
        self.fc1, self.fc2 = nn.Linear(800, 500), nn.Linear(500, 10)

    def forward(self, x):
        x = F.max_pool2d(self.conv1(x), 2)
        x = F.max_pool2d(self.conv2(x), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class Block(nn.Module):
    def __init__(self, c, m, stride):
        super().__init__()
        self.first, self.second = nn.Conv2d(c, m, 3, stride, 1), nn.Conv2d(m, m, 3, 1, 1)
        self.shortcut = nn.Conv2d(c, m, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [64, 64, 64, 128, 128, 256, 256, 512, 512]
        self.stem = nn.Conv2d(3, 64, 7, 2, 3)
        self.blocks = nn.Sequential(*[Block(c, m, 1 if c == m else 2) for c, m in zip(widths, widths[1:])])
        self.head = nn.Linear(512, 1000)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.stem(x)), 3, 2, 1)
        return self.head(F.adaptive_avg_pool2d(self.blocks(x), 1).flatten(1))


NETS = {"lenet": (LeNet, (1, 28, 28), 4096), "resnet18": (ResNet18, (3, 224, 224), 32)}


def write(folder):
    for name, (net, shape, _) in NETS.items():
        torch.manual_seed(0)
        torch.onnx.export(net().eval(), torch.zeros(1, *shape), f"{folder}/{name}.onnx", input_names=["image"],
                          output_names=["logits"], dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
                          opset_version=13)


def rate(net, x, images):
    with torch.no_grad():
        net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, x)))
        net(x), net(x)
        best = 0
        for _ in range(5):
            start = time.process_time()
            for _ in range(images // len(x)):
                net(x)
            best = max(best, images // len(x) * len(x) / (time.process_time() - start))
    return best


def peer(name, batch):
    torch.set_num_threads(1)
    net, shape, images = NETS[name]
    torch.manual_seed(0)
    rates = []
    for layout in torch.contiguous_format, torch.channels_last:
        x = torch.rand(batch, *shape).contiguous(memory_format=layout)
        rates.append(rate(net().eval().to(memory_format=layout), x, images))
    print(f"{max(rates):.1f}")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--peer":
        peer(sys.argv[2], int(sys.argv[3]))
    elif len(sys.argv) == 2:
        write(sys.argv[1])
    else:
        sys.exit(__doc__)
