#!/bin/sh
# A sparse direct solver agrees: all nodes of arrays up to 256 x 256 at once, by CHOLMOD, give the currents of `xbarc irdrop` to 1e-9.
here=$(cd "${srcdir:-.}/tests/peers" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
[ -f /usr/include/suitesparse/cholmod.h ] || { echo "SKIP: libsuitesparse-dev is not installed"; exit 77; }
${CC:-cc} -O2 "$here/cholmod.c" -o cholmod -lcholmod || exit 1
bad=0
complain() { echo "$1"; bad=$((bad + 1)); }
compare() { # rows, columns, r_row, r_col, more for array_csv.awk
    name="$1 x $2, $3 and $4 ohm"
    awk -v rows="$1" -v cols="$2" ${5:+-v "$5"} -v g=g.csv -v v=v.csv -f "$here/array_csv.awk"
    "$XBARC" irdrop --conductance g.csv --voltage v.csv --wire-row "$3" --wire-col "$4" --json >ours || { complain "$name: no solution"; return; }
    cat v.csv g.csv | ./cholmod "$1" "$2" "$3" "$4" >theirs || { complain "$name: CHOLMOD fails"; return; }
    sed -n 's/.*"current_a": \[\(.*\)\].*/\1/p' ours | tr -d ' ' | tr , '\n' | paste - theirs | awk -v want="$2" -v name="$name" '
        { e = $1 - $2; e = (e < 0 ? -e : e) / ($2 < 0 ? -$2 : $2); if (e > worst) worst = e }
        NF != 2 { broken = 1 }
        END { printf "%s: %d columns, largest difference %.1e\n", name, NR, worst; exit broken || NR != want || !(worst < 1e-9) }' ||
        complain "$name: CHOLMOD differs"
}
compare 64 64 2.5 2.5
compare 128 128 2.5 2.5
compare 256 256 2.5 2.5
compare 64 64 20 20 hi=1e-3
compare 256 256 20 20 hi=1e-3
compare 128 96 2.5 1 holes=1
compare 1 9 3 2
compare 13 1 3 2
echo "$bad complaints"
[ "$bad" = 0 ]
