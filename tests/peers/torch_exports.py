#!/usr/bin/python3
"""Models as PyTorch exports them, with inputs and expected outputs.

usage: torch_exports.py OUTDIR

Writes NAME.onnx, NAME.in.npy, NAME.out.npy. Each case is something that exports of real projects hold: symbolic batch with shape
arithmetic, Identity nodes of shared tensors, Clip bounds as inputs, initialisers listed as inputs, no convolution at all,
residuals, depthwise and grouped convolutions, ceil-mode pools, unfolded batch normalisation.
"""
import sys
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(784, 100), nn.Linear(100, 40), nn.Linear(40, 10)

    def forward(self, x):
        x = x.view(x.size(0), -1)
        return F.log_softmax(self.c(torch.tanh(self.b(torch.sigmoid(self.a(x))))), dim=1)


class Shared(nn.Module):
    """Two layers with one weight: the exporter writes Identity nodes or one tensor used twice."""

    def __init__(self):
        super().__init__()
        self.first, self.a, self.b, self.last = (nn.Linear(20, 32), nn.Linear(32, 32), nn.Linear(32, 32),
                                                 nn.Linear(32, 5))
        self.b.weight, self.b.bias = self.a.weight, self.a.bias

    def forward(self, x):
        return self.last(F.relu(self.b(F.relu(self.a(F.relu(self.first(x)))))))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c)
        self.c2, self.b2 = nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c)

    def forward(self, x):
        return F.relu(x + self.b2(self.c2(F.relu(self.b1(self.c1(x))))))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.bn = nn.Conv2d(3, 16, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(16)
        self.block, self.fc = Block(16), nn.Linear(16, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn(self.stem(x))), 3, 2, 1)
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(self.block(x), 1), 1))


class Mobile(nn.Module):
    """Depthwise separable with ReLU6, grouped and dilated convolutions, hard swish."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.dw, self.pw = nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 24, 1)
        self.grouped = nn.Conv2d(24, 36, 3, padding=2, dilation=2, groups=3)
        self.fc = nn.Linear(36, 10)

    def forward(self, x):
        x = F.relu6(self.stem(x))
        x = F.relu6(self.dw(x))
        x = F.hardswish(self.pw(x))
        x = F.elu(self.grouped(x))
        return self.fc(x.mean([2, 3]))


class Pools(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(3, 10, 5, padding=2), nn.Conv2d(10, 12, 3, stride=2)

    def forward(self, x):
        x = F.max_pool2d(self.c1(x), 3, 2, ceil_mode=True)
        x = F.avg_pool2d(F.leaky_relu(x, 0.1), 3, 2, padding=1, ceil_mode=True, count_include_pad=False)
        x = F.avg_pool2d(x, 2, 1, count_include_pad=True)
        return torch.flatten(self.c2(x), 1)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(12, 8 * 4 * 4)
        self.up1 = nn.ConvTranspose2d(8, 6, 4, stride=2, padding=1)
        self.up2 = nn.ConvTranspose2d(6, 3, 3, stride=2, padding=1, output_padding=1)

    def forward(self, x):
        x = F.relu(self.fc(x)).reshape(x.shape[0], 8, 4, 4)
        return torch.sigmoid(self.up2(F.relu(self.up1(x))))


class Shuffle(nn.Module):
    """Split, concat, transpose, pad, slice, squeeze: tensors moved about."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(4, 8, 3, padding=1), nn.Conv2d(8, 8, 1)

    def forward(self, x):
        n, _, h, w = x.shape
        x = F.relu(self.a(x))
        left, right = x.chunk(2, dim=1)
        x = torch.cat([right, left * 2 - 1], 1).view(n, 2, 4, h, w).transpose(1, 2).reshape(n, 8, h, w)
        x = F.pad(self.b(x), (1, 1, 2, 0))[:, :, 1:, :-1]
        return (x / 3).mean(dim=(2, 3), keepdim=True).squeeze(3).squeeze(2)


class Norms(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 6, 3)
        self.i = nn.InstanceNorm2d(6, affine=True)
        self.bn, self.fc = nn.BatchNorm1d(6 * 36), nn.Linear(6 * 36, 4)

    def forward(self, x):
        return F.softmax(self.fc(self.bn(self.i(self.c(x)).flatten(1))), -1)


def cases():
    for opset in (11, 13):
        yield f"mlp-{opset}", Mlp(), (3, 1, 28, 28), dict(opset_version=opset)
        yield f"shared-{opset}", Shared(), (4, 20), dict(opset_version=opset)
        yield f"residual-{opset}", Residual(), (2, 3, 32, 32), dict(opset_version=opset)
        yield f"mobile-{opset}", Mobile(), (2, 3, 24, 24), dict(opset_version=opset)
        yield f"pools-{opset}", Pools(), (2, 3, 33, 30), dict(opset_version=opset)
        yield f"decoder-{opset}", Decoder(), (2, 12), dict(opset_version=opset)
        yield f"shuffle-{opset}", Shuffle(), (3, 4, 9, 8), dict(opset_version=opset)
        yield f"norms-{opset}", Norms(), (2, 3, 8, 8), dict(opset_version=opset)
    yield "residual-9-inputs", Residual(), (2, 3, 32, 32), dict(opset_version=9, keep_initializers_as_inputs=True)
    yield "residual-17-unfolded", Residual(), (2, 3, 32, 32), dict(opset_version=16, do_constant_folding=False,
                                                                   training=torch.onnx.TrainingMode.PRESERVE)
    yield "mlp-7", Mlp(), (3, 1, 28, 28), dict(opset_version=7)


def main(out):
    torch.manual_seed(5)
    torch.set_num_threads(1)
    for name, model, shape, options in cases():
        model.eval()
        for m in model.modules():  # running statistics that are not the identity
            if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
                m.running_mean.uniform_(-0.5, 0.5)
                m.running_var.uniform_(0.5, 2)
        x = torch.randn(*shape)
        with torch.no_grad():
            y = model(x)
        torch.onnx.export(model, x, f"{out}/{name}.onnx", input_names=["x"], output_names=["y"],
                          dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}}, **options)
        np.save(f"{out}/{name}.in.npy", x.numpy())
        np.save(f"{out}/{name}.out.npy", y.numpy())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
