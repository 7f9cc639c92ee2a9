# awk -v rows=P -v cols=Q [-v lo=1e-6 -v hi=1e-4] [-v holes=1] -v g=G.csv -v v=V.csv -f array_csv.awk: a random array, always the
# same one; with holes every eleventh cell or so is missing and voltages have both signs.
function uniform() { x = x * 16807 % 2147483647; return x / 2147483647 }
BEGIN {
    x = 20260101
    if (!lo) lo = 1e-6
    if (!hi) hi = 1e-4
    for (i = 0; i < rows; i++) {
        for (j = 0; j < cols; j++) {
            s = lo + (hi - lo) * uniform()
            if (holes && uniform() < 0.09) s = 0
            printf "%s%.9e", j ? "," : "", s >g
        }
        printf "\n" >g
        printf "%.9f\n", holes ? 2 * uniform() - 1 : uniform() >v
    }
}
