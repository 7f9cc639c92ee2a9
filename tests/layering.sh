#!/bin/sh
# The arrows of the house: who may include whom.
cd "${srcdir:-.}" || exit 1
bad=0
complain() { echo "$1" >&2; bad=1; }

# room: rooms it may see
allowed() {
    case $1 in
    base) echo base ;;
    ir | report) [ "$1" = ir ] && echo 'base|ir' || echo 'base|report' ;;
    onnx | data | hw) echo "base|ir|$1" ;;
    nn) echo 'base|ir|onnx|data|hw|nn' ;;
    sim) echo 'base|ir|onnx|data|hw|nn|sim' ;;
    plug) echo 'base|ir|onnx|data|hw|nn|sim|report|plug' ;;
    pipe) echo 'base|ir|onnx|data|hw|nn|sim|report|plug|pipe' ;;
    cli) echo 'base|ir|onnx|data|hw|nn|sim|report|plug|pipe|cli' ;;
    esac
}
for room in base ir onnx data hw nn sim report plug pipe cli; do
    [ -d "src/$room" ] || { complain "src/$room is missing"; continue; }
    wrong=$(grep -rnE --exclude="*.pb-c.*" '^#include "' "src/$room" | grep -vE "#include \"($(allowed $room))/")
    [ -z "$wrong" ] || complain "src/$room looks where it may not:
$wrong"
done
# NAME.c may have parts in the folder NAME
own='^[a-z]+/(([a-z0-9-]+)\.c:[0-9]+:#include "\2/|[a-z0-9-]+/[a-z0-9_-]+\.[ch]:[0-9]+:#include "[^/"]+"$)'
wrong=$(grep -rnE '^#include "' passes backends plugins --include='*.[ch]' | grep -vE '#include "xbarc/' | grep -vE "$own")
[ -z "$wrong" ] || complain "passes, backends and plugins see <xbarc/...> and their own parts alone:
$wrong"
wrong=$(grep -rnE '^#include [<"](base|ir|onnx|data|hw|nn|sim|plug|pipe|report|cli)/' src/include passes backends plugins | grep -vE "$own")
[ -z "$wrong" ] || complain "public code looks inside:
$wrong"
# src names no pass, no backend and no device
for f in passes/*.c backends/*.c plugins/*.c; do
    name=$(basename "$f" .c)
    case $name in report | layout | map | place | levels) continue ;; esac # words of the field, too
    wrong=$(grep -rnF "\"$name\"" src --include='*.c')
    [ -z "$wrong" ] || complain "src names $name: $wrong"
done
# every source is in the build
for f in $(find src passes backends -name '*.c') plugins/*.c $(find tests/unit -name 'test_*.c' | sed 's/\.c$//'); do
    grep -qE "$f( |\$)" src/local.mk passes/local.mk backends/local.mk plugins/local.mk tests/local.mk || complain "$f is in no local.mk"
done
exit $bad
