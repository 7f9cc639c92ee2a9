#!/bin/sh
# usage: test.sh PLUGIN.so: the plugin loads, explains itself, and does what it says.
set -eu
xbarc=${XBARC:-xbarc} plugin=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "test.sh: $1" >&2; exit 1; }

"$xbarc" help --plugin="$plugin" round-weights | grep -q 'levels' || fail "help does not know the option"
# weights 0.9 0.1 -0.4 -1.0 on three levels (-1, 0, 1) become 1 0 0 -1
"$xbarc" opt --plugin="$plugin" tiny.xir --passes '[round-weights: {levels: 3}]' -o "$work/out.xir"
grep -q '= {1, 0, 0, -1}' "$work/out.xir" || { cat "$work/out.xir"; fail "wrong weights"; }
# an even count has no zero: two levels are -1 and 1; of four the inner ones are a third
"$xbarc" opt --plugin="$plugin" tiny.xir --passes '[round-weights: {levels: 2}]' -o "$work/two.xir"
grep -q '= {1, 1, -1, -1}' "$work/two.xir" || { cat "$work/two.xir"; fail "wrong weights of two levels"; }
"$xbarc" opt --plugin="$plugin" tiny.xir --passes '[round-weights: {levels: 4}]' -o "$work/four.xir"
grep -q '= {1, 0.333[0-9]*, -0.333[0-9]*, -1}' "$work/four.xir" || { cat "$work/four.xir"; fail "wrong weights of four levels"; }
# a weight that two ops share is rounded once
sed 's/^output.*/op fc2 MatMul(%y, %w) => %z f32[batch,2]\noutput %z/' tiny.xir >"$work/twice.xir"
"$xbarc" opt --plugin="$plugin" "$work/twice.xir" --passes '[round-weights: {levels: 4}]' -o "$work/shared.xir"
grep -q '= {1, 0.333[0-9]*, -0.333[0-9]*, -1}' "$work/shared.xir" || { cat "$work/shared.xir"; fail "wrong shared weights"; }
"$xbarc" opt --plugin="$plugin" tiny.xir --passes '[round-weights: {levels: 1}]' -o "$work/bad.xir" 2>"$work/err" &&
    fail "levels: 1 was accepted"
grep -q 'option-range' "$work/err" || fail "no range error"
echo "round-weights: passed"
