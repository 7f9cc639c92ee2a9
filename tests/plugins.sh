#!/bin/sh
# Plugins that must be refused, each with the field and both values; and one that loads.
here=$(cd "${srcdir:-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
bad=0
complain() { echo "$1"; bad=$((bad + 1)); }

# build NAME EXTRA-FLAGS < source
build() { ${CC:-cc} -std=c11 -fPIC -shared -fvisibility=hidden -I"$here/src/include" -o "$work/$1.so" -x c - || exit 1; }

# A plugin with one pass, its header fields given as macros.
plugin() {
    cat <<EOF
#include <xbarc/xbarc.h>
static int run(xb_cx *cx, xb_module *m, const void *o) { (void)cx; (void)m; (void)o; return $7; }
static const xb_pass pass = {.struct_size = $4, .level = XB_LEVEL_GRAPH, .name = "$5", .summary = "s",
    .services = (const char *const[]){"$6", NULL}, .run = run};
static const xb_plugin p = {.abi = {$1, $2, $3, sizeof(xb_plugin), 0}, .name = "odd", .version = "1",
    .passes = (const xb_pass *const[]){&pass, NULL}};
XB_EXPORT const xb_plugin *xbarc_plugin_query(const xb_abi *host);
const xb_plugin *xbarc_plugin_query(const xb_abi *host) { (void)host; return &p; }
EOF
}
M=XB_ABI_MAGIC J=XB_ABI_MAJOR N=XB_ABI_MINOR S='sizeof(xb_pass)'
plugin 0x12345678u $J $N "$S" odd xb.graph/1 0 | build magic
plugin $M $J+1 $N "$S" odd xb.graph/1 0 | build major
plugin $M $J $N+1 "$S" odd xb.graph/1 0 | build minor
plugin $M $J $N 8 odd xb.graph/1 0 | build small
plugin $M $J $N "$S" Odd_Name xb.graph/1 0 | build name
plugin $M $J $N "$S" odd xb.train/9 0 | build service
plugin $M $J $N "$S" place xb.graph/1 0 | build taken
plugin $M $J $N "$S" odd xb.graph/1 0 | build good
plugin $M $J $N "$S" odd xb.graph/1 -1 | build failing
plugin $M $J $N "$S" odd xb.graph/1 0 | build writable
echo 'int nothing; ' | build symbol
echo 'void *xbarc_plugin_query(void); __attribute__((visibility("default"))) void *xbarc_plugin_query(void) { return 0; }' | build null
echo 'this is no shared object' >"$work/text.so"
chmod 666 "$work/writable.so"

# refused NAME PATTERN: exit 1 and a diagnostic with the pattern
refused() {
    "$XBARC" list --plugin="$work/$1.so" >"$work/out" 2>&1
    code=$?
    [ $code = 1 ] || complain "$1: exit code $code, expected 1"
    grep -qE "$1\.so: error: plugin refused: .*$2.*\[plugin\]" "$work/out" || { complain "$1: no '$2' in:"; cat "$work/out"; }
}
refused magic 'abi.magic is 0x12345678, this host has 0x'
refused major 'abi.major is 1, this host has 0'
refused minor 'abi.minor is 2, this host has 1'
refused small 'struct_size 8, this host needs'
refused name "pass name 'Odd_Name'"
refused service 'xb.train/9'
refused symbol 'exports no function xbarc_plugin_query'
refused null 'returned NULL'
refused text 'not a shared object for this machine'
size=$(wc -c <"$work/good.so")
for n in 0 3 63 64 300 4096 5000 $((size / 2)) $((size - 64)) $((size - 1)); do
    head -c "$n" "$work/good.so" >"$work/cut.so"
    case $n in 3) refused cut 'not a shared object' ;; *) refused cut 'the file is cut short' ;; esac
done
refused writable 'the file is world-writable'
refused nowhere 'cannot be read'
mkdir -m 777 "$work/open" && cp "$work/good.so" "$work/open/folder.so" && chmod 777 "$work/open"
"$XBARC" list --plugin="$work/open/folder.so" 2>&1 | grep -q 'its folder is world-writable' || complain "world-writable folder accepted"
# a link does not hide where the file lies, nor who may move what the name leads through
mkdir "$work/safe" "$work/open/inner" "$work/sticky" && cp "$work/good.so" "$work/open/inner/deep.so" && chmod 1777 "$work/sticky"
mkdir "$work/sticky/inner" && cp "$work/good.so" "$work/sticky/inner/fine.so" && ln -s ../sticky/inner/fine.so "$work/safe/fine.so"
ln -s ../open/folder.so "$work/safe/link.so" && ln -s ../open/inner "$work/safe/inner" && ln -s ../good.so "$work/open/back.so"
ln -s ../open/back.so "$work/safe/twice.so" && ln -s loop.so "$work/safe/loop.so"
for name in open/folder safe/link open/back open/inner/deep safe/inner/deep safe/twice; do
    "$XBARC" list --plugin="$work/$name.so" >"$work/out" 2>&1 && complain "$name.so: accepted"
    grep -qE 'refused: (its folder|a folder on its way) is world-writable \[plugin\]' "$work/out" || { complain "$name.so:"; cat "$work/out"; }
done
"$XBARC" list --plugin="$work/safe/loop.so" 2>&1 | grep -q 'it cannot be read' || complain "a link to itself is not refused"
"$XBARC" list --plugin="$work/safe/fine.so" | grep -q '^  odd ' || complain "a sticky folder above is refused"
(cd "$work/safe" && "$XBARC" list --plugin=fine.so && "$XBARC" list --plugin=../safe/./fine.so) | grep -c '^  odd ' | grep -qx 2 ||
    complain "a relative name is refused"

"$XBARC" list --plugin="$work/good.so" | grep -q '^  odd ' || complain "a good plugin is not listed"
# first come, first served: the file given by hand has the name, the installed one is refused and doctor says why
"$XBARC" doctor --plugin="$work/taken.so" | grep -q "refused .*'place' is already offered" || complain "a taken name is not explained"

# a pass that fails without a word is a fault of the plugin: exit 3, named, nothing written
"$XBARC" opt --plugin="$work/failing.so" "$here/plugins/template/tiny.xir" --passes '[odd]' -o "$work/x.xir" >"$work/out" 2>&1
[ $? = 3 ] || { complain "a failing pass: wrong exit code"; cat "$work/out"; }
grep -q "'odd' failed with status -1" "$work/out" || complain "a failing pass is not named"
[ ! -e "$work/x.xir" ] || complain "a failing pass left an output"

# a backend that misuses JSON, leaves its file open, has no unit for its progress: told of each, nothing is written
build rude <<'EOF'
#include <xbarc/xbarc.h>
static int emit(xb_cx *cx, xb_module *m, xb_sink *s, const void *o)
{
    (void)m; (void)o;
    const xb_json_api *json = cx->host->service(cx, "xb.json", 1);
    cx->host->progress(cx, 1, 2, NULL);
    s->open(s, "rude.json");
    struct xb_json *j = json->begin(cx, s);
    json->object(j, NULL);
    json->integer(j, NULL, 1);
    json->array(j, "list", true);
    json->integer(j, "key", 1);
    json->end(j);
    json->close(j);
    return 0;
}
static const xb_backend rude = {.struct_size = sizeof(xb_backend), .name = "rude", .summary = "s", .emit = emit};
XBARC_PLUGIN(rude) = {XBARC_PLUGIN_HEADER, .name = "rude", .backends = (const xb_backend *const[]){&rude, NULL}};
EOF
printf 'xbarc: 1\nmodel: %s/plugins/template/tiny.xir\nhardware: memristor-64\npasses: []\nemit: [rude]\n' "$here" >"$work/rude.yaml"
"$XBARC" compile --plugin="$work/rude.so" "$work/rude.yaml" -o "$work/rude-out" >"$work/out" 2>&1
[ $? = 1 ] || { complain "a rude backend: wrong exit code"; cat "$work/out"; }
for text in 'a value without a key' 'a key outside' 'nothing is open' 'left a file open'; do
    grep -q "$text" "$work/out" || { complain "a rude backend is not told: $text"; cat "$work/out"; }
done
ls -d "$work"/rude-out* 2>/dev/null && complain "a rude backend left an output"

# devices: what each must have; a name that is offered twice, in one plugin or by two
device() {
    cat <<EOF
#include <xbarc/xbarc.h>
static void change(const xb_cells *c, const void *o, float *v) { (void)c; (void)o; (void)v; }
static void moments(const xb_cells *c, const void *o, const float *v, float *m, float *s) { (void)c; (void)o; (void)v; (void)m; (void)s; }
static const xb_option table[] = {{.name = "count", .help = "h", .type = XB_OPT_INT, .def = "$5"}, {.name = NULL}};
static const xb_device device = {.struct_size = $1, .domain = $2, .name = "$3", .summary = "s",
    .options = table, .options_size = 8, $4};
static void (*const unused)(const xb_cells *, const void *, const float *, float *, float *) = moments;
XBARC_PLUGIN(dev) = {XBARC_PLUGIN_HEADER, .name = "dev", .version = "1",
    .devices = (const xb_device *const[]){&device, ${6:-NULL}, NULL}};
void use(void); void use(void) { (void)unused; (void)change; }
EOF
}
D='sizeof(xb_device)' G=XB_DOMAIN_CONDUCTANCE
device 8 $G dev '.program = change' 1 | build devsmall && refused devsmall 'a device has struct_size 8, this host needs'
device "$D" 7 dev '.program = change' 1 | build devdomain && refused devdomain 'device dev has domain 7'
device "$D" $G Dev '.program = change' 1 | build devname && refused devname "device name 'Dev'"
device "$D" $G dev '.doc = "d"' 1 | build devidle && refused devidle 'device dev has no program, age or read function'
device "$D" $G dev '.age = change, .read_moments = moments' 1 | build devmoments &&
    refused devmoments 'device dev has moments of a read it does not do'
device "$D" $G dev '.read = change' none | build devoption && refused devoption 'dev: option table: .*default'
device "$D" $G dev '.read = change' 1 '&device' | build devtwice && refused devtwice 'it offers device dev twice'
device "$D" $G dev '.read = change, .read_moments = moments' 1 | build devgood
"$XBARC" list --plugin="$work/devgood.so" | sed -n '/^devices:/,$p' | grep -q '^  dev  *conductance s$' || complain "a device is not listed"
"$XBARC" list --plugin="$work/devgood.so" --plugin="$work/devgood.so" 2>&1 | grep -q "'dev' is already offered" ||
    complain "a device that another plugin offers is accepted"
device "$D" $G drift '.age = change' 1 | build devtaken
"$XBARC" doctor --plugin="$work/devtaken.so" | grep -q "refused .*'drift' is already offered" || complain "a taken device is not explained"
"$XBARC" help --plugin="$work/devgood.so" dev | grep -q '^stages  *read (with moments)$' || complain "help does not know a device's stages"
build uniform <"$here/plugins/template-device/uniform-error.c"
XBARC=$XBARC sh "$here/plugins/template-device/test.sh" "$work/uniform.so" >/dev/null || complain "the device to copy fails its test"

# XBARC_PLUGIN_PATH: folders of plugins; a refused one is explained when its name is asked for; relative folders are left out
mkdir "$work/path" && cp "$work/good.so" "$work/path/odd.so" && cp "$work/major.so" "$work/path/next.so"
XBARC_PLUGIN_PATH=$work/path "$XBARC" list | grep -q '^  odd ' || complain "XBARC_PLUGIN_PATH is not searched"
XBARC_PLUGIN_PATH=$work/path "$XBARC" opt "$here/plugins/template/tiny.xir" --passes '[next]' 2>&1 | grep -q 'abi.major is 1' ||
    complain "asking for a refused plugin does not say why"
(cd "$work" && XBARC_PLUGIN_PATH=path "$XBARC" list) | grep -q '^  odd ' && complain "a relative plugin folder was searched"
echo "$bad complaints"
[ $bad = 0 ]
