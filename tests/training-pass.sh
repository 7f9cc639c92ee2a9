#!/bin/sh
# The training pass of docs/writing-a-pass.md: compiles as it stands there, cuts units out, gives the same bytes on any threads.
here=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
bad=0
complain() { echo "$1"; bad=$((bad + 1)); }

awk '/^## / { here = /^## A training pass, whole/ } /^```c$/ { on = here; next } /^```$/ { on = 0 } on' "$here/docs/writing-a-pass.md" >"$work/shrink.c"
${CC:-cc} -std=c11 -Wall -Wextra -Wshadow -Werror -fPIC -shared -fvisibility=hidden -I"$here/src/include" "$work/shrink.c" \
    -o "$work/shrink.so" -lm || exit 1
chmod 755 "$work/shrink.so"

# pipeline LAYER
pipeline() {
    printf 'xbarc: 1\nmodel: %s/examples/digits/lenet.onnx\ndata: {train: "digits:320@1", test: "digits:100@2", input: {scale: 1/256}}\n' "$here"
    printf 'hardware: memristor-64\npasses: [shrink: {layer: %s, epochs: 2, rate: 0.01, strength: 5.5}, map, place]\nemit: [layout]\n' "$1"
}
pipeline fc1 >"$work/fc1.yaml"
pipeline fc9 >"$work/fc9.yaml"
for j in 1 2; do
    "$XBARC" compile -j "$j" --plugin="$work/shrink.so" "$work/fc1.yaml" -o "$work/out$j" >"$work/said$j" 2>&1 ||
        { complain "the pass failed"; cat "$work/said$j"; }
done
gone=$(sed -n 's/.*shrink: \([0-9]*\) units are gone.*/\1/p' "$work/said1" | tail -n 1)
[ "${gone:-0}" -gt 0 ] && [ "$gone" -lt 500 ] || { complain "not some of 500 units are gone: '$gone'"; cat "$work/said1"; }
grep -q "^const %fc1.weight f32\[$((500 - ${gone:-0})),800\]" "$work/out1/model.xir" || complain "fc1 has other units than were kept"
cmp "$work/out1/weights.bin" "$work/out2/weights.bin" || complain "the result depends on threads"
"$XBARC" compile --plugin="$work/shrink.so" "$work/fc9.yaml" -o "$work/none" >"$work/said" 2>&1 && complain "a layer that is not there"
grep -q "there is no layer 'fc9' to shrink \[shrink\]" "$work/said" || { complain "no reason is given"; cat "$work/said"; }
echo "$bad complaints"
[ $bad = 0 ]
