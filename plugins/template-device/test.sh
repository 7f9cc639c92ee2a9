#!/bin/sh
# usage: test.sh PLUGIN.so: the plugin loads, is listed among the devices, and explains itself.
set -eu
xbarc=${XBARC:-xbarc} plugin=$1
fail() { echo "test.sh: $1" >&2; exit 1; }

"$xbarc" list --plugin="$plugin" | sed -n '/^devices:/,$p' | grep -q '^  uniform-error ' || fail "it is not listed"
help=$("$xbarc" help --plugin="$plugin" uniform-error)
for text in 'domain *conductance' 'stages *program$' 'width' '5%'; do
    echo "$help" | grep -q "$text" || fail "help has no '$text'"
done
echo "uniform-error: passed"
