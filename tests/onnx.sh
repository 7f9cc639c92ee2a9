#!/bin/sh
# The ONNX backend suite of libonnx-testdata, plain and fast engine: at least 400 of its 1,072 cases pass, none fails, none
# that passed is lost (tests/onnx/unsupported.txt says why the others are not run).
data=${ONNX_TESTDATA:-/usr/share/libonnx-testdata/data}
[ -d "$data/node" ] || { echo "SKIP: libonnx-testdata is not installed"; exit 77; }
last=$("${abs_builddir:-.}/tests/onnx/suite" "$data" --expect "${srcdir:-.}/tests/onnx/unsupported.txt" | tee /dev/stderr | tail -n 1)
echo "$last" | awk -F'[ ,]+' '/^passed [0-9]+, unsupported [0-9]+, failed 0$/ && $2 >= 400 && $2 + $4 == 1072 { good = 1 }
    END { exit !good }'
