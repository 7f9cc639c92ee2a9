#!/bin/sh
# ngspice agrees: the same array as a netlist of resistors gives the column currents of `xbarc irdrop` to 1e-6.
command -v ngspice >/dev/null || { echo "SKIP: ngspice is not installed"; exit 77; }
here=$(cd "${srcdir:-.}/tests/peers" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
bad=0
complain() { echo "$1"; bad=$((bad + 1)); }
compare() { # rows, columns, r_row, r_col, more for array_csv.awk
    name="$1 x $2, $3 and $4 ohm"
    awk -v rows="$1" -v cols="$2" ${5:+-v "$5"} -v g=g.csv -v v=v.csv -f "$here/array_csv.awk"
    "$XBARC" irdrop --conductance g.csv --voltage v.csv --wire-row "$3" --wire-col "$4" >ours || { complain "$name: no solution"; return; }
    awk -F, -v rr="$3" -v rc="$4" -f "$here/array_netlist.awk" v.csv g.csv >net
    ngspice -b net >log 2>&1
    sed -n 's/^vs[0-9]*#branch = //p' log >theirs
    awk '$1 ~ /^[0-9]+$/ && NF == 6 { print $2 }' ours | paste - theirs | awk -v want="$2" -v name="$name" '
        { e = $1 - $2; e = (e < 0 ? -e : e) / ($2 < 0 ? -$2 : $2); if (e > worst) worst = e }
        NF != 2 { broken = 1 }
        END { printf "%s: %d columns, largest difference %.1e\n", name, NR, worst; exit broken || NR != want || !(worst < 1e-6) }' ||
        complain "$name: ngspice differs"
}
compare 32 32 2.5 2.5
compare 32 32 20 5 hi=1e-3
compare 32 32 2.5 1 holes=1
compare 1 9 3 2
compare 13 1 3 2
compare 20 7 0.5 40 holes=1
echo "$bad complaints"
[ "$bad" = 0 ]
