#!/bin/sh
# A browser shows report.html: the numbers are in its document, nothing is asked of a network, and the page fits 1,000 pixels.
command -v chromium >/dev/null || { echo "SKIP: chromium is not installed"; exit 77; }
here=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
complain() { echo "$1"; bad=$((bad + 1)); }
"$XBARC" compile -q "$here/examples/digits/pipeline.yaml" -o "$work/out" >/dev/null || exit 1
browse() {
    timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --user-data-dir="$work/profile" "$@" 2>/dev/null
}
grep -qE 'src=|href=|<script|@import|url\(' "$work/out/report.html" && complain "the page wants something from elsewhere"
# the width that the document asks for, by a copy of the page that writes it into its title
sed 's|</body>|<script>document.title="width "+document.documentElement.scrollWidth</script></body>|' "$work/out/report.html" >"$work/w.html"
browse --window-size=1000,800 --dump-dom "file://$work/w.html" >"$work/dom"
for text in 430,500 99.25 conv1 fc2 '<svg' '<title>array 0'; do
    grep -qF -- "$text" "$work/dom" || complain "'$text' is not on the page"
done
width=$(sed -n 's/.*<title>width \([0-9]*\).*/\1/p' "$work/dom")
[ "${width:-9999}" -le 1000 ] || complain "the page is ${width:-?} pixels wide"
browse --window-size=1000,1600 --screenshot="$work/page.png" "file://$work/out/report.html" >/dev/null
size=$(stat -c %s "$work/page.png" 2>/dev/null || echo 0)
[ "$size" -gt 30000 ] || complain "the picture of the page has $size bytes"
echo "width $width, $bad complaints"
[ "$bad" = 0 ]
