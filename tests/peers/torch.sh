#!/bin/sh
# Models exported by PyTorch, as they come: same outputs, compile, verify, and the exported model still says the same.
python=/usr/bin/python3
here=${srcdir:-.}/tests/peers
$python -c 'import torch, onnx' 2>/dev/null || { echo "SKIP: python3-torch and python3-onnx are not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
$python -W ignore "$here/torch_exports.py" "$work" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
bad=0
complain() { echo "$1"; bad=$((bad + 1)); }
n=0
for model in "$work"/*.onnx; do
    name=$(basename "$model" .onnx)
    n=$((n + 1))
    "$XBARC" run "$model" -i "$work/$name.in.npy" -o "$work/$name.got.npy" || { complain "$name: run failed"; continue; }
    $python "$here/compare_npy.py" "$work/$name.got.npy" "$work/$name.out.npy" || complain "$name: outputs differ from torch"
    "$XBARC" compile -q "$model" -o "$work/$name-out" >/dev/null || { complain "$name: compile failed"; continue; }
    "$XBARC" verify "$work/$name-out" || complain "$name: verify failed"
    "$XBARC" run "$work/$name-out" -i "$work/$name.in.npy" -o "$work/$name.got.npy" &&
        $python "$here/compare_npy.py" "$work/$name.got.npy" "$work/$name.out.npy" || complain "$name: compiled outputs differ"
    "$XBARC" opt "$model" --passes '[fold-bn]' --verify-each -o "$work/$name-folded.onnx" || { complain "$name: opt failed"; continue; }
    $python -c "import onnx,sys; onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)" "$work/$name-folded.onnx" ||
        complain "$name: the exported model is not valid"
done
[ "$n" -ge 19 ] || complain "only $n models"
echo "$n models, $bad complaints"
[ "$bad" = 0 ]
