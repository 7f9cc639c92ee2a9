#!/bin/sh
# Another engine agrees: what `xbarc opt` exports runs in ONNX Runtime with the outputs of PyTorch, before and after fold-bn.
python=/usr/bin/python3
here=$(cd "${srcdir:-.}/tests/peers" && pwd)
$python -c 'import torch, onnx' 2>/dev/null || { echo "SKIP: python3-torch and python3-onnx are not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
runtime=${ORT_DIR:-$PWD/ort}
mkdir -p "$runtime"
# Without --ignore-scripts its installer asks for a GPU library from elsewhere.
[ -d "$runtime/node_modules/onnxruntime-node" ] ||
    (cd "$runtime" && npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0) ||
    { echo "SKIP: onnxruntime-node cannot be installed"; exit 77; }
NODE_PATH=$runtime/node_modules
export NODE_PATH
$python -W ignore "$here/torch_exports.py" "$work" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
bad=0
complain() { echo "$1"; bad=$((bad + 1)); }
for model in "$work"/*-13.onnx "$work"/residual-9-inputs.onnx; do
    name=$(basename "$model" .onnx)
    for passes in '[]' '[fold-bn]'; do
        "$XBARC" opt "$model" --passes "$passes" -o "$work/out.onnx" || { complain "$name $passes: opt failed"; continue; }
        node "$here/ort_run.js" "$work/out.onnx" "$work/$name.in.npy" "$work/got.npy" || { complain "$name $passes: does not run"; continue; }
        $python "$here/compare_npy.py" "$work/got.npy" "$work/$name.out.npy" || complain "$name $passes: outputs differ"
    done
done
echo "$bad complaints"
[ "$bad" = 0 ]
