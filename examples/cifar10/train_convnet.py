#!/usr/bin/env python3
"""Trains Caffe's cifar10_full network (without its normalisation layers) and writes convnet.onnx.

    xbarc data cifar10:DIR/train -o train
    xbarc data cifar10:DIR/test -o test
    python3 train_convnet.py train test convnet.onnx

Needs NumPy, PyTorch and onnx. Three 5 x 5 convolutions of 32, 32 and 64 filters, each with a 3/2 pool in ceil mode, then 1024 -> 10.
It takes (pixel / 255 - mean) * 2 with mean 0.4914, 0.4822, 0.4465. SGD, momentum 0.9, weight decay 1e-3, batch 100, rate 0.02
falling along a cosine to 0 over 14 epochs; flips and shifts of up to 2 pixels; seed 1.
"""
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS, BATCH, RATE, SEED = 14, 100, 0.02, 1


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 5, padding=2)
        self.conv2 = nn.Conv2d(32, 32, 5, padding=2)
        self.conv3 = nn.Conv2d(32, 64, 5, padding=2)
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 3, 2, ceil_mode=True))
        x = F.avg_pool2d(F.relu(self.conv2(x)), 3, 2, ceil_mode=True)
        x = F.avg_pool2d(F.relu(self.conv3(x)), 3, 2, ceil_mode=True)
        return self.fc(torch.flatten(x, 1))


def load(stem):
    mean = torch.tensor([0.4914, 0.4822, 0.4465]).view(1, 3, 1, 1)
    images = torch.from_numpy(np.load(stem + ".images.npy").astype(np.float32))
    return (images / 255 - mean) * 2, torch.from_numpy(np.load(stem + ".labels.npy").astype(np.int64))


def augment(x):
    x = torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)
    dy, dx = (int(v) for v in torch.randint(0, 5, (2,)))
    return F.pad(x, (2, 2, 2, 2))[:, :, dy:dy + 32, dx:dx + 32]


def count_correct(model, x, y):
    with torch.no_grad():
        return sum(int((model(a).argmax(1) == b).sum()) for a, b in zip(x.split(500), y.split(500)))


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    model = ConvNet().to(memory_format=torch.channels_last)
    x, y = load(sys.argv[1])
    test = load(sys.argv[2])
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS * (len(x) // BATCH))
    for epoch in range(EPOCHS):
        order = torch.randperm(len(x))
        for pick in order.split(BATCH):
            optimiser.zero_grad()
            batch = augment(x[pick]).contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(model(batch), y[pick])
            loss.backward()
            optimiser.step()
            schedule.step()
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {float(loss):.3f}", flush=True)
    print(f"{count_correct(model, *test)} of {len(test[1])} test images correct")
    torch.onnx.export(model.eval().to(memory_format=torch.contiguous_format), torch.zeros(1, 3, 32, 32), sys.argv[3],
                      opset_version=13, input_names=["image"], output_names=["logits"],
                      dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})


if __name__ == "__main__":
    main()
