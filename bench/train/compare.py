#!/usr/bin/python3
"""usage: compare.py DRIVER NETS FOLDER [ROUNDS]: one line for bench/results/train.tsv per network.

xbarc (DRIVER, train.c) and PyTorch take turns, a round each, on one thread and on the same images: forward, loss, back, SGD with momentum;
PyTorch in the better of its two memory formats. Rates are per CPU second; the ratio is the median of the rounds' ratios. Two runs of
DRIVER, with one thread and with two, take turns for the ratio of wall times, which means something only on an idle machine: `load` is
its load average then, our own part included.
"""
import datetime
import os
import statistics
import subprocess
import sys
import time
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

IMAGES, WARM = 2048, 3


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 20, 5), nn.Conv2d(20, 50, 5)
        self.fc1, self.fc2 = nn.Linear(800, 500), nn.Linear(500, 10)

    def forward(self, x):
        x = F.max_pool2d(self.conv1(x), 2)
        x = F.max_pool2d(self.conv2(x), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = (nn.Conv2d(a, b, 5, padding=2) for a, b in ((3, 32), (32, 32), (32, 64)))
        self.fc1 = nn.Linear(1024, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 3, 2, ceil_mode=True))
        x = F.avg_pool2d(F.relu(self.conv2(x)), 3, 2, ceil_mode=True)
        x = F.avg_pool2d(F.relu(self.conv3(x)), 3, 2, ceil_mode=True)
        return self.fc1(x.flatten(1))


def vgg16_half():
    layers, channels = [], 3
    for width in (32, 32, 0, 64, 64, 0, 128, 128, 128, 0, 256, 256, 256, 0, 256, 256, 256, 0):
        if width:
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            channels = width
        else:
            layers.append(nn.MaxPool2d(2))
    dense = []
    for _ in range(2):
        dense += [nn.Dropout(0.5), nn.Linear(256, 256), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Flatten(), *dense, nn.Linear(256, 10))


# name: network, shape, batch, steps of a round
NETS = {"a-lenet": (LeNet, (1, 28, 28), 64, 60), "b-convnet": (ConvNet, (3, 32, 32), 100, 12),
        "e-vgg16-half": (vgg16_half, (3, 32, 32), 64, 5)}


class Peer:
    def __init__(self, make, layout, x, y, batch, steps):
        torch.manual_seed(0)
        self.net = make().to(memory_format=layout).train()
        self.optim = torch.optim.SGD(self.net.parameters(), 1e-3, momentum=0.9)
        self.x, self.y = torch.from_numpy(x).contiguous(memory_format=layout), torch.from_numpy(y)
        self.batch, self.steps, self.left = batch, steps, []
        self.run(WARM)

    def step(self):
        if not len(self.left):
            self.left = list(torch.randperm(IMAGES).split(self.batch))[:IMAGES // self.batch]
        at = self.left.pop()
        self.optim.zero_grad(set_to_none=True)
        F.cross_entropy(self.net(self.x[at]), self.y[at]).backward()
        self.optim.step()

    def run(self, steps):
        start = time.process_time()
        for _ in range(steps):
            self.step()
        return time.process_time() - start

    def round(self):
        return self.run(self.steps)


class Ours:
    def __init__(self, driver, net, data, batch, steps, rounds, threads):
        self.process = subprocess.Popen([driver, net, data] + [str(n) for n in (batch, steps, rounds, threads)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def round(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the driver ended early: {self.process.wait()}")
        return [float(v) for v in line.split()]

    def end(self):
        said = self.process.communicate("\n")[0].strip().split("\t")
        if self.process.returncode:
            sys.exit(f"the driver failed: {self.process.returncode}")
        return said


def compare(driver, nets, folder, name, rounds):
    make, shape, batch, steps = NETS[name]
    r = np.random.RandomState(1)
    x, y = r.rand(IMAGES, *shape).astype(np.float32), r.randint(10, size=IMAGES)
    np.save(f"{folder}/x.npy", x)
    np.save(f"{folder}/y.npy", y)
    data = f"npy:{folder}/x.npy,{folder}/y.npy"
    peers = [Peer(make, layout, x, y, batch, steps) for layout in (torch.channels_last, torch.contiguous_format)]
    peer = min(peers, key=lambda p: min(p.round() for _ in range(2)))
    one, two = (Ours(driver, f"{nets}/{name}.xir", data, batch, steps, rounds, threads) for threads in (1, 2))
    mine, other, walls = [], [], []
    for _ in range(rounds):
        cpu, wall = one.round()
        mine.append(cpu)
        other.append(peer.round())
        walls.append(wall / two.round()[1])
    profile, outside, parts = one.end()
    two.end()
    rate, other_rate = (steps * batch / statistics.median(v) for v in (mine, other))
    ratio = statistics.median(b / a for a, b in zip(mine, other))
    layout = ("channels_last", "contiguous")[peers.index(peer)]
    print("\t".join([name, str(batch), profile, f"{rate:.1f}", f"{other_rate:.1f}", layout, f"{ratio:.2f}",
                     f"{100 * float(outside):.1f}", f"{statistics.median(walls):.2f}", f"{os.getloadavg()[0]:.1f}"]), parts, sep="\t")


def main(driver, nets, folder, rounds=9):
    torch.set_num_threads(1)
    torch.zeros(64, 64) @ torch.zeros(64, 64)
    if "openblas" not in open("/proc/self/maps").read():
        sys.exit("PyTorch is not on OpenBLAS here (libopenblas0-pthread): its dense layers would be many times slower than they can be")
    cpu = next(line.split(": ")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    print("# date\tprocessor\tnet\tbatch\tprofile\timages per CPU s\tPyTorch\tits format\tratio\toutside oneDNN %\t"
          "2 threads, wall x\tload\twhere")
    for name in NETS:
        print(datetime.date.today(), cpu, "", sep="\t", end="", flush=True)
        compare(driver, nets, folder, name, int(rounds))


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) in (4, 5) else sys.exit(__doc__)
