#!/bin/sh
# The ONNX backend suite of libonnx-testdata: at least 400 of its 1,072 cases pass, none fails, none that passed is lost.
data=${ONNX_TESTDATA:-/usr/share/libonnx-testdata/data}
[ -d "$data/node" ] || { echo "SKIP: libonnx-testdata is not installed"; exit 77; }
exec "${abs_builddir:-.}/tests/onnx/suite" "$data" --expect "${srcdir:-.}/tests/onnx/unsupported.txt"
