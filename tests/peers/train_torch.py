#!/usr/bin/python3
"""Fifty steps of training as PyTorch does them, for `xbarc train` to follow.

usage: train_torch.py FOLDER: writes NAME.onnx (weights at the start), NAME.yaml, NAME.steps (step,rate,loss), NAME.npz (running
statistics at the end), teacher.onnx and the data.
usage: train_torch.py --compare FOLDER: exit 1 unless rate and loss of every step in NAME.log agree to 1e-4 of their size, and running
statistics in NAME-trained.onnx to 1e-3 of their largest element.

One recipe says both what the training file holds and what is built from PyTorch's parts. A ReLU or a maximum that the last bit decides
sends a gradient elsewhere, in PyTorch's floats as in ours, and training at a high rate makes more of it every step: so rates are low, and
PyTorch computes in doubles where that is fast enough. Normalisations do not start at 0 and 1: the exporter writes equal tensors once.
"""
import copy
import fnmatch
import json
import sys
import numpy as np
import onnx
import onnx.numpy_helper
import torch
import torch.nn as nn
import torch.nn.functional as F

STEPS, ITEMS, CLASSES = 50, 640, 10


class LeNet(nn.Module):
    shape, real = (1, 28, 28), torch.float

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 20, 5), nn.Conv2d(20, 50, 5)
        self.fc1, self.fc2 = nn.Linear(800, 500), nn.Linear(500, CLASSES)

    def forward(self, x):
        x = F.max_pool2d(self.conv1(x), 2)
        x = F.max_pool2d(self.conv2(x), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class Norms(nn.Module):
    """Channels that are and are not whole vectors, a stride, a shortcut, both pools."""
    shape, real = (3, 16, 16), torch.double

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.conv2, self.bn2 = nn.Conv2d(16, 24, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(24)
        self.conv3, self.bn3 = nn.Conv2d(24, 24, 3, padding=1, bias=False), nn.BatchNorm2d(24, momentum=0.2)
        self.fc = nn.Linear(24, CLASSES)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.relu(x + self.bn3(self.conv3(x)))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Mlp(nn.Module):
    shape, real = (1, 28, 28), torch.double

    def __init__(self, hidden=40):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(784, hidden), nn.Linear(hidden, 32), nn.Linear(32, CLASSES)

    def forward(self, x):
        return self.fc3(torch.tanh(self.fc2(F.relu(self.fc1(x.flatten(1))))))


SGD = dict(optimizer="sgd", momentum=0.9, decay=5e-4, rate=0.02)
ADAM = dict(optimizer="adam", decay=1e-4, rate=5e-4)
CASES = {
    "lenet-sgd": (LeNet, dict(SGD, rate=0.005, batch=64)),
    "lenet-adam": (LeNet, dict(ADAM, batch=64)),
    "lenet-8-shards": (LeNet, dict(SGD, rate=0.005, batch=64, shards=8)),
    "norms-sgd": (Norms, dict(SGD, rate=0.003, batch=32, shards=1)),
    "norms-adam": (Norms, dict(ADAM, batch=32, shards=1)),
    "norms-2-shards": (Norms, dict(SGD, rate=0.003, batch=64, shards=2)),
    "mlp-plain-descent": (Mlp, dict(SGD, batch=64, momentum=0)),
    "mlp-nesterov": (Mlp, dict(SGD, batch=64, nesterov=True)),
    "mlp-adamw": (Mlp, dict(ADAM, batch=64, optimizer="adamw", decay=0.1)),
    "mlp-cosine": (Mlp, dict(SGD, batch=64, schedule="cosine", warmup=0.5, floor=0.05)),
    "mlp-milestones": (Mlp, dict(SGD, batch=64, schedule="step", milestones=[1, 3], gamma=0.3)),
    "mlp-smoothing": (Mlp, dict(SGD, batch=64, smoothing=0.1)),
    "mlp-distil": (Mlp, dict(SGD, batch=64, distil={"from": "teacher.onnx", "temperature": 2, "weight": 0.7})),
    "mlp-distil-itself": (Mlp, dict(SGD, batch=64, distil={"temperature": 2, "weight": 0.5})),
    "mlp-clip": (Mlp, dict(SGD, batch=64, clip=0.3)),
    "mlp-square": (Mlp, dict(SGD, batch=64, loss="mse")),
    "mlp-rules": (Mlp, dict(SGD, batch=64, params={"*.bias": {"decay": 0, "rate": 2}, "fc2.*": {"frozen": True}})),
}


def dataset(shape, seed):
    """Classes that can be learnt, under so much noise that the loss stays away from 0."""
    r = np.random.RandomState(seed)
    y = r.randint(CLASSES, size=ITEMS)
    centre = r.rand(CLASSES, *shape)
    x = 0.3 * centre[y] + 0.7 * r.rand(ITEMS, *shape)
    wrong = r.rand(ITEMS) < 0.15
    y[wrong] = r.randint(CLASSES, size=wrong.sum())
    return x.astype(np.float32), y.astype(np.int64)


def export(net, path):
    net.eval()
    torch.onnx.export(net, torch.zeros(2, *net.shape), path, input_names=["x"], output_names=["y"], opset_version=13,
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
                      dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}})
    nodes = onnx.load(path).graph.node
    norms = [n for n in nodes if n.op_type == "BatchNormalization"]
    assert not any(n.op_type == "Identity" for n in nodes)  # equal tensors, written once
    assert len(norms) == sum(isinstance(m, nn.BatchNorm2d) for m in net.modules())
    assert all(len(n.input) == 5 and len(n.output) == 1 for n in norms)


def optimiser(net, r):
    groups = []
    for name, p in net.named_parameters():
        rule = next((v for k, v in r.get("params", {}).items() if fnmatch.fnmatch(name, k)), {})
        p.requires_grad_(not rule.get("frozen", False))
        groups.append({"params": [p], "lr": r["rate"] * rule.get("rate", 1), "weight_decay": r["decay"] * rule.get("decay", 1)})
    if r["optimizer"] == "sgd":
        return torch.optim.SGD(groups, r["rate"], momentum=r["momentum"], nesterov=r.get("nesterov", False))
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[r["optimizer"]](groups, r["rate"])


def schedule(optim, r, per_epoch):
    kind, warm = r.get("schedule", "constant"), round(r.get("warmup", 0) * per_epoch)
    if kind == "step":
        return torch.optim.lr_scheduler.MultiStepLR(optim, [m * per_epoch for m in r["milestones"]], r["gamma"])
    if kind == "constant":
        return torch.optim.lr_scheduler.LambdaLR(optim, lambda s: 1)
    rise = torch.optim.lr_scheduler.LambdaLR(optim, lambda s: (s + 1) / warm)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optim, STEPS - warm, r["floor"] * r["rate"])
    return torch.optim.lr_scheduler.SequentialLR(optim, [rise, fall], [warm])


def loss_of(r, logits, y, teacher):
    if r.get("loss") == "mse":
        return F.mse_loss(logits, F.one_hot(y, CLASSES).to(logits))
    hard = F.cross_entropy(logits, y, label_smoothing=r.get("smoothing", 0))
    if teacher is None:
        return hard
    t, a = r["distil"]["temperature"], r["distil"]["weight"]
    soft = F.kl_div(F.log_softmax(logits / t, 1), F.log_softmax(teacher / t, 1), reduction="batchmean", log_target=True)
    return (1 - a) * hard + a * t * t * soft


class Running:
    """Each shard is normalised by itself; running statistics are those of the whole batch."""

    def __init__(self, net):
        self.norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
        self.keep, self.seen = [m.momentum for m in self.norms], [[] for _ in self.norms]
        for m, seen in zip(self.norms, self.seen):
            m.momentum = 0.0
            m.register_forward_pre_hook(lambda _, x, seen=seen: seen.append(x[0].detach()))

    def update(self):
        for m, momentum, seen in zip(self.norms, self.keep, self.seen):
            x = torch.cat(seen)
            F.batch_norm(x, m.running_mean, m.running_var, training=True, momentum=momentum)
            seen.clear()


def train(net, teacher, r, x, y, log):
    optim, running, batch, shards = optimiser(net, r), Running(net), r["batch"], r.get("shards", 0) or r["batch"] // 32
    per_epoch = len(x) // batch
    rates = schedule(optim, r, per_epoch)
    net.train()
    for step in range(STEPS):
        at = step % per_epoch * batch
        optim.zero_grad()
        total = 0
        for part in torch.arange(at, at + batch).chunk(shards):
            with torch.no_grad():
                said = teacher(x[part]) if teacher else None
            loss = loss_of(r, net(x[part]), y[part], said) / shards
            loss.backward()
            total += loss.item()
        if "clip" in r:
            nn.utils.clip_grad_norm_(net.parameters(), r["clip"])
        rate = next(g["lr"] for g in optim.param_groups if g["params"][0].requires_grad)
        log.write(f"{step + 1},{rate:.9g},{total:.9g}\n")
        optim.step()
        rates.step()
        running.update()


def case(folder, name, cls, r, data, tutor):
    torch.manual_seed(len(name))
    net = cls()
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, nn.BatchNorm2d):
                for v, low in (m.weight, 0.5), (m.bias, -0.5), (m.running_mean, -0.5), (m.running_var, 0.5):
                    v.uniform_(low, low + 1)
    export(net, f"{folder}/{name}.onnx")
    net.to(cls.real)
    teacher = None
    if "distil" in r:
        teacher = tutor if "from" in r["distil"] else copy.deepcopy(net)
        teacher.to(cls.real).eval()
    file = {"xbarc": 1, "model": f"{name}.onnx", "data": {"train": f"npy:{cls.__name__}.x.npy,{cls.__name__}.y.npy"},
            "train": dict(r, steps=STEPS, shuffle=False)}
    with open(f"{folder}/{name}.yaml", "w") as out:
        json.dump(file, out)
    x, y = (torch.from_numpy(v) for v in data[cls])
    with open(f"{folder}/{name}.steps", "w") as log:
        log.write("step,rate,loss\n")
        train(net, teacher, r, x.to(cls.real), y, log)
    np.savez(f"{folder}/{name}.npz", **{k: v.numpy() for k, v in net.named_buffers() if v.ndim})


def write(folder):
    torch.set_num_threads(1)
    data = {cls: dataset(cls.shape, i) for i, cls in enumerate((LeNet, Norms, Mlp))}
    for cls, (x, y) in data.items():
        np.save(f"{folder}/{cls.__name__}.x.npy", x)
        np.save(f"{folder}/{cls.__name__}.y.npy", y)
    torch.manual_seed(99)
    tutor = Mlp(90)
    with torch.no_grad():
        tutor.fc3.weight *= 8  # opinions that differ from image to image
    export(tutor, f"{folder}/teacher.onnx")
    for name, (cls, r) in CASES.items():
        case(folder, name, cls, r, data, tutor)


def apart(folder, name):
    """What differs, or None."""
    a, b = (np.loadtxt(f"{folder}/{name}.{ending}", delimiter=",", skiprows=1) for ending in ("log", "steps"))
    if a.shape != (STEPS, 3) or b.shape != a.shape or (a[:, 0] != np.arange(1, STEPS + 1)).any():
        return f"not {STEPS} steps"
    off = np.abs(a / b - 1)
    for i in np.nonzero(~(off <= 1e-4).all(1))[0][:1]:
        return f"step {i + 1}: rate {a[i, 1]:.9g} and {b[i, 1]:.9g}, loss {a[i, 2]:.9g} and {b[i, 2]:.9g}"
    print(f"{name}: losses {b[0, 2]:.3f} to {b[-10:, 2].mean():.3f}, {off[:, 2].max():.0e} apart")
    mine = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(f"{folder}/{name}-trained.onnx").graph.initializer}
    for k, v in np.load(f"{folder}/{name}.npz").items():
        far = np.abs(mine[k] - v).max() / np.abs(v).max()
        if not far <= 1e-3:
            return f"{k} is {far:.2g} of its largest element apart"
    return None


def compare(folder):
    bad = {name: what for name in CASES for what in [apart(folder, name)] if what}
    for name, what in bad.items():
        print(f"{name}: {what}")
    print(f"{len(CASES)} runs, {len(bad)} complaints")
    sys.exit(len(bad) > 0)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--compare":
        compare(sys.argv[2])
    elif len(sys.argv) == 2:
        write(sys.argv[1])
    else:
        sys.exit(__doc__)
