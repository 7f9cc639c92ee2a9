# awk -F, -v rr=OHM -v rc=OHM -f array_netlist.awk V.csv G.csv: the array with its wires as a SPICE netlist that prints the currents
# into the sense nodes, one "vsJ#branch = ..." a column.
BEGIN { print "crossbar array" }
FNR == NR { print "V" FNR " d" FNR " 0 " $1; next }
{
    rows = FNR
    cols = NF
    for (j = 1; j <= NF; j++) {
        print "RW" FNR "_" j " " (j == 1 ? "d" FNR : "w" FNR "_" j - 1) " w" FNR "_" j " " rr
        if ($j > 0) printf "RG%d_%d w%d_%d b%d_%d %.17g\n", FNR, j, FNR, j, FNR, j, 1 / $j
        if (FNR > 1) print "RB" FNR - 1 "_" j " b" FNR - 1 "_" j " b" FNR "_" j " " rc
    }
}
END {
    for (j = 1; j <= cols; j++) {
        print "RB" rows "_" j " b" rows "_" j " s" j " " rc
        print "VS" j " s" j " 0 0"
    }
    print ".control\nset numdgt=15\nop"
    for (j = 1; j <= cols; j++) print "print vs" j "#branch"
    print "quit\n.endc\n.end"
}
