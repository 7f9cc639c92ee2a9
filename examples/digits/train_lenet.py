#!/usr/bin/env python3
"""Trains Caffe's LeNet on the built-in digits and writes lenet.onnx: how examples/digits/lenet.onnx was made.

    xbarc data digits:train -o digits-train
    xbarc data digits:test -o digits-test
    python3 train_lenet.py digits-train digits-test lenet.onnx

Needs NumPy, PyTorch and onnx. The network is that of Caffe's lenet_train_test.prototxt: conv 20@5x5, max-pool 2,
conv 50@5x5, max-pool 2, fc 500, ReLU, fc 10; it takes pixel / 256. SGD, momentum 0.9, weight decay 5e-4, batch 64,
rate 0.01 falling along a cosine to 0 over 8 epochs, seed 1, one thread (some minutes). lenet.onnx gets 9,925 of the
10,000 test images right; another processor or BLAS gives other last bits, and so a few other mistakes. The same script with
mnist:DIR/train and mnist:DIR/t10k made examples/mnist/lenet.onnx.
"""
import sys

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import nn

EPOCHS, BATCH, RATE, SEED = 8, 64, 0.01, 1


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 20, 5)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(800, 500)
        self.relu1 = nn.ReLU()
        self.fc2 = nn.Linear(500, 10)

    def forward(self, x):
        x = self.pool1(self.conv1(x))
        x = self.pool2(self.conv2(x))
        return self.fc2(self.relu1(self.fc1(self.flatten(x))))


def load(stem):
    images = np.load(stem + ".images.npy").reshape(-1, 1, 28, 28).astype(np.float32) / 256
    return torch.from_numpy(images), torch.from_numpy(np.load(stem + ".labels.npy").astype(np.int64))


def count_correct(model, x, y):
    with torch.no_grad():
        return sum(int((model(a).argmax(1) == b).sum()) for a, b in zip(x.split(500), y.split(500)))


def train(model, x, y, test):
    steps = len(x) // BATCH
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS * steps)
    for epoch in range(EPOCHS):
        order = torch.randperm(len(x))
        for i in range(steps):
            pick = order[i * BATCH:(i + 1) * BATCH]
            optimiser.zero_grad()
            loss = F.cross_entropy(model(x[pick]), y[pick])
            loss.backward()
            optimiser.step()
            schedule.step()
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {float(loss):.3f}", flush=True)
    print(f"{count_correct(model, *test)} of {len(test[1])} test images correct")


def export(model, path):
    torch.onnx.export(model, torch.zeros(1, 1, 28, 28), path, opset_version=13, input_names=["image"],
                      output_names=["logits"], dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})
    file = onnx.load(path)
    renamed = {}
    for node in file.graph.node:  # "/conv1/Conv" becomes "conv1", and so does its result
        node.name = node.name.split("/")[1]
        for i, name in enumerate(node.output):
            if name != "logits":
                renamed[name] = node.output[i] = node.name
        for i, name in enumerate(node.input):
            node.input[i] = renamed.get(name, name)
    onnx.checker.check_model(file)
    onnx.save(file, path)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    model = LeNet()
    train(model, *load(sys.argv[1]), load(sys.argv[2]))
    export(model.eval(), sys.argv[3])


if __name__ == "__main__":
    main()
