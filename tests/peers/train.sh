#!/bin/sh
# Training follows PyTorch step for step: the same weights to begin with, the same batches; rates and losses of fifty steps, and the
# running statistics at the end. Optimisers, schedules, losses, a teacher, clipping, batches in shards.
python=/usr/bin/python3
here=${srcdir:-.}/tests/peers
$python -c 'import torch, onnx' 2>/dev/null || { echo "SKIP: python3-torch and python3-onnx are not installed"; exit 77; }
OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-$(grep -q avx512f /proc/cpuinfo && echo SkylakeX || echo Haswell)}
export OPENBLAS_CORETYPE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
$python -W ignore "$here/train_torch.py" "$work" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
for file in "$work"/*.yaml; do
    name=${file%.yaml}
    "$XBARC" train "$file" -o "$name-trained.onnx" --log "$name.log" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
done
$python "$here/train_torch.py" --compare "$work"
