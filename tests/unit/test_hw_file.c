/* Hardware files: what is read, what is refused and where, and that the resolved text reads back. */
#include "base/file.h"
#include "hw_fixture.h"
#include <math.h>
#include <stdio.h>
#include <unistd.h>

static char *folder;

static void make_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    xb_buf b = {0};
    xb_buf_printf(&b, "%s/xbarc-hw-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    folder = mkdtemp(b.data);
    ck_assert(folder != NULL);
}

static void remove_folder(void)
{
    static const char *const names[] = {"a.yaml", "b.yaml", "c.yaml"};
    for (size_t i = 0; i < 3; i++) {
        char *path = xb_path_join(folder, names[i]);
        unlink(path);
        free(path);
    }
    rmdir(folder);
    free(folder);
}

static char *save(const char *name, const char *text)
{
    char *path = xb_path_join(folder, name);
    FILE *f = fopen(path, "w");
    ck_assert(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
    return path;
}

static char *shared(const char *name)
{
    const char *src = getenv("srcdir");
    xb_buf b = {0};
    xb_buf_printf(&b, "%s/share/hardware/%s.yaml", src ? src : ".", name);
    return b.data;
}

static char *printed(const xb_hw *hw)
{
    xb_buf b = {0};
    xb_hw_print(&b, hw);
    return b.data;
}

START_TEST(defaults)
{
    fx f = fx_new("xbarc: 1\n");
    const xb_hw *h = &f.hw;
    const char *why = NULL;
    ck_assert_str_eq(h->name, "hardware");
    ck_assert_int_eq(h->rule, XB_TILING_FIXED);
    ck_assert(h->max_rows == 128 && h->max_cols == 128 && h->devices_per_cell == 2 && !h->exact);
    ck_assert(h->input_bits == 8 && h->dac_bits == 1 && h->adc_bits == 8);
    ck_assert_double_eq_tol(h->adc_rate, 1.28e9, 1);
    ck_assert_double_eq_tol(h->adc.power, 2e-3, 1e-18);
    ck_assert_ptr_nonnull(strstr(h->adc.source, "ISAAC"));
    ck_assert(h->mesh_rows == 0 && h->mesh_cols == 0);
    ck_assert_double_eq_tol(h->site_pitch_x, 63e-6, 1e-9); /* sqrt(0.37229 mm2 / 96) = 62.3 um */
    ck_assert_int_eq(strlen(h->digest), 64);
    ck_assert_int_eq(xb_diags_warnings(f.d), 0);
    ck_assert_msg(xb_opts_check(xb_hw_options, 1 << 16, &why), "%s", why);
    fx_free(&f);
}
END_TEST

START_TEST(every_key)
{
    fx f = fx_new(
        "xbarc: 1\nname: all\nsource: here\n"
        "technology: {node: 22nm, vdd: 800mV, source: s1}\n"
        "device: {type: pcm, g_min: 1uS, g_max: 25uS, read_voltage: 0.2V, levels: 16, source: s2}\n"
        "crossbar: {rule: exact, rows: 32, cols: 48, exact: true, sign: offset, cell_area: 0.5um2, wire_pitch: 50nm,"
        " wire_r_row: 1.3ohm, wire_r_col: 1.4ohm, source: s3}\n"
        "interface: {input_bits: 4, dac_bits: 2, adc_bits: 6, adc_per_xbar: 2, adc_rate: 1GS/s, read_time: 50ns,"
        " source: s4}\n"
        "tile: {xbars: 6, xbars_per_unit: 3, shift_adds_per_unit: 2, shift_adds_per_tile: 5, tiles_per_router: 7,"
        " source: s5}\n"
        "chip: {mesh: [3, 5], site_pitch: [10um, 20um], source: s6}\n"
        "noc: {hop_energy: 3pJ, hop_latency: 2ns, source: s7}\n"
        "components: {adc: {power: 1mW, area: 1um2, energy: 1pJ, source: s8}, pool: {power: 2mW}}\n");
    const xb_hw *h = &f.hw;
    ck_assert_double_eq_tol(h->node, 22e-9, 1e-15);
    ck_assert_double_eq_tol(h->vdd, .8, 1e-12);
    ck_assert_str_eq(h->device_type, "pcm");
    ck_assert_double_eq_tol(h->g_max, 25e-6, 1e-15);
    ck_assert(h->levels == 16 && h->rule == XB_TILING_EXACT && h->max_rows == 32 && h->max_cols == 48 && h->exact);
    ck_assert_int_eq(h->devices_per_cell, 1);
    ck_assert_double_eq_tol(h->cell_area, .5e-12, 1e-20);
    ck_assert_double_eq_tol(h->wire_r_col, 1.4, 1e-12);
    ck_assert(h->adc_per_xbar == 2 && h->xbars_per_tile == 6 && h->xbars_per_unit == 3 && h->tiles_per_router == 7);
    ck_assert(h->shift_adds_per_unit == 2 && h->shift_adds_per_tile == 5 && h->mesh_rows == 3 && h->mesh_cols == 5);
    ck_assert_double_eq_tol(h->site_pitch_y, 20e-6, 1e-15);
    ck_assert_double_eq_tol(h->hop_latency, 2e-9, 1e-15);
    ck_assert_str_eq(h->interface_source, "s4");
    ck_assert_str_eq(h->adc.source, "s8");
    ck_assert_str_eq(h->pool.source, "here"); /* the file's */
    ck_assert_double_eq(h->pool.area, 0);     /* named, so what is missing is not given */
    ck_assert_double_gt(h->buffer.area, 0);   /* not named: the default */
    fx_free(&f);
}
END_TEST

START_TEST(prints_and_reads_back)
{
    static const char *const texts[] = {
        "xbarc: 1\n",
        "xbarc: 1\nname: \"x: y\"\nsource: s\ncrossbar: {sign: offset, cell_area: 3.7nm2, rule: exact, exact: true}\n"
        "chip: {mesh: [2, 9], site_pitch: [7um, 0m]}\ncomponents: {dac: {}}\n"
        "layers: {fc*: {adc_bits: 6, sign: differential}, \"a:b\": {}}\ntypes: {Conv: {g_max: 3mS, rows: 9, source: "
        "q}}\n"};
    for (size_t i = 0; i < 2; i++) {
        fx f = fx_new(texts[i]), again = fx_new(NULL);
        char *first = printed(&f.hw);
        ck_assert_msg(fx_parse(&again, first), "%s\n%s", xb_diags_text(again.d), first);
        char *second = printed(&again.hw);
        ck_assert_str_eq(first, second);
        ck_assert_str_eq(f.hw.digest, again.hw.digest);
        free(first);
        free(second);
        fx_free(&f);
        fx_free(&again);
    }
}
END_TEST

START_TEST(installed_files)
{
    static const char *const names[] = {"memristor-64", "isaac", "generic-128"};
    xb_buf dir = {0};
    const char *src = getenv("srcdir");
    xb_buf_printf(&dir, "%s/share/hardware", src ? src : ".");
    const char *const dirs[] = {dir.data, NULL};
    for (size_t i = 0; i < 3; i++) {
        fx f = fx_new(NULL), again = fx_new(NULL);
        char *path = shared(names[i]);
        ck_assert_msg(xb_hw_read_file(f.d, f.a, path, dirs, &f.hw), "%s", xb_diags_text(f.d));
        ck_assert_str_eq(f.hw.name, names[i]);
        ck_assert_str_eq(f.hw.file, path);
        ck_assert_int_eq(xb_diags_warnings(f.d), 0);
        char *text = printed(&f.hw);
        ck_assert_msg(fx_parse(&again, text), "%s", xb_diags_text(again.d));
        ck_assert_str_eq(f.hw.digest, again.hw.digest);
        if (i == 0) ck_assert(f.hw.exact && f.hw.max_rows == 64 && f.hw.adc_bits == 0 && f.hw.devices_per_cell == 2);
        if (i == 2)
            ck_assert(f.hw.levels == 0 && f.hw.input_bits == 8 && f.hw.mesh_rows == 0 && f.hw.devices_per_cell == 2);
        if (i == 2) ck_assert_double_eq_tol(f.hw.adc.power, 2e-3, 1e-15);
        free(text);
        free(path);
        fx_free(&f);
        fx_free(&again);
    }
    xb_buf_free(&dir);
}
END_TEST

START_TEST(installed_files_can_be_extended)
{
    xb_buf dir = {0};
    const char *src = getenv("srcdir");
    xb_buf_printf(&dir, "%s/share/hardware", src ? src : ".");
    const char *const dirs[] = {dir.data, NULL};
    static const char *const texts[] = {"xbarc: 1\nextends: generic-128\ncrossbar: {rows: 32}\n",
                                        "xbarc: 1\nextends: isaac\ncrossbar: {rows: 32}\n",
                                        "xbarc: 1\nextends: memristor-64\ncrossbar: {rows: 32}\n"};
    for (size_t i = 0; i < 3; i++) {
        fx f = fx_new(NULL);
        xb_yaml *y = xb_yaml_parse(f.d, f.a, "hw.yaml", texts[i], strlen(texts[i]), NULL, NULL);
        ck_assert_msg(xb_hw_read(f.d, f.a, y, dirs, &f.hw), "%s", xb_diags_text(f.d));
        ck_assert_int_eq(f.hw.max_rows, 32);
        fx_free(&f);
    }
    xb_buf_free(&dir);
}
END_TEST

START_TEST(overrides)
{
    fx f = fx_new("xbarc: 1\nsource: s\ncrossbar: {rows: 100}\ninterface: {adc_bits: 9}\n"
                  "types: {Conv: {adc_bits: 7, rows: 50}, Gemm: {sign: offset}}\n"
                  "layers: {conv*: {adc_bits: 6}, conv2: {adc_bits: 5, cols: 20}}\n");
    xb_hw conv1 = xb_hw_for(&f.hw, "conv1", "Conv"), conv2 = xb_hw_for(&f.hw, "conv2", "Conv");
    xb_hw fc = xb_hw_for(&f.hw, "fc", "Gemm"), other = xb_hw_for(&f.hw, "x", "MatMul");
    ck_assert(conv1.adc_bits == 6 && conv1.max_rows == 50 && conv1.max_cols == 128);
    ck_assert(conv2.adc_bits == 5 && conv2.max_cols == 20 && conv2.max_rows == 50);
    ck_assert(fc.devices_per_cell == 1 && fc.adc_bits == 9);
    ck_assert(other.adc_bits == 9 && other.max_rows == 100 && other.devices_per_cell == 2);
    fx_free(&f);
}
END_TEST

/* Every refusal names line, column and code. */
START_TEST(errors)
{
    static const struct {
        const char *text, *at, *code;
    } v[] = {
        {"xbarc: 1\ncrossbar: {rowz: 3}\n", "hw.yaml:2:12:", "option-unknown"},
        {"xbarc: 1\ncrosbar: {rows: 3}\n", "hw.yaml:2:1:", "option-unknown"},
        {"name: x\n", "hw.yaml:1:1:", "option-missing"},
        {"xbarc: 2\n", "hw.yaml:1:8:", "option-range"},
        {"xbarc: 1\ncrossbar: {rows: 0}\n", "hw.yaml:2:18:", "option-range"},
        {"xbarc: 1\ncrossbar: {rows: many}\n", "hw.yaml:2:18:", "option-type"},
        {"xbarc: 1\ncrossbar: {rule: best}\n", "hw.yaml:2:18:", "option-range"},
        {"xbarc: 1\ncrossbar: 5\n", "hw.yaml:2:11:", "option-type"},
        {"xbarc: 1\ninterface: {read_time: 100}\n", "hw.yaml:2:24:", "option-unit"},
        {"xbarc: 1\ninterface: {read_time: 100nm}\n", "hw.yaml:2:24:", "option-unit"},
        {"xbarc: 1\ncomponents: {adc: {power: -1mW}}\n", "hw.yaml:2:27:", "option-range"},
        {"xbarc: 1\ncomponents: {adv: {power: 1mW}}\n", "hw.yaml:2:14:", "option-unknown"},
        {"xbarc: 1\nsource: s\ndevice: {g_min: 2uS, g_max: 1uS}\n", "hw.yaml:3:29:", "hw-range"},
        {"xbarc: 1\nsource: s\ndevice: {g_min: 1S}\n", "hw.yaml:3:9:", "hw-range"},
        {"xbarc: 1\nchip: {mesh: [1]}\n", "hw.yaml:2:14:", "hw-pair"},
        {"xbarc: 1\nchip: {mesh: [0, 3]}\n", "hw.yaml:2:14:", "hw-pair"},
        {"xbarc: 1\nchip: {mesh: 3}\n", "hw.yaml:2:14:", "option-type"},
        {"xbarc: 1\nchip: {site_pitch: [1um, 1um, 1um]}\n", "hw.yaml:2:20:", "hw-pair"},
        {"xbarc: 1\nlayers: {fc1: {duplicate: 2}}\n", "hw.yaml:2:16:", "option-unknown"},
        {"xbarc: 1\nlayers: {fc1: 3}\n", "hw.yaml:2:15:", "option-type"},
        {"xbarc: 1\nsource: s\nlayers:\n  fc1: {g_max: 1nS}\n", "hw.yaml:4:8:", "hw-range"},
        {"xbarc: 1\ntypes: {Convv: {rows: 3}}\n", "hw.yaml:2:9:", "hw-types"},
        {"xbarc: 1\ntypes: {Relu: {rows: 3}}\n", "hw.yaml:2:9:", "hw-types"},
        {"xbarc: 1\nextends: nowhere\n", "hw.yaml:2:10:", "hardware"},
        {"xbarc: 1\nextends: ./nowhere.yaml\n", "nowhere.yaml", "io"},
        {"xbarc: 1\nname: a\nname: b\n", "hw.yaml:3:1:", "yaml"},
        {"- xbarc\n", "hw.yaml:1:1:", "option-type"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        fx f = fx_new(NULL);
        char code[64];
        snprintf(code, sizeof code, "[%s", v[i].code);
        ck_assert_msg(!fx_parse(&f, v[i].text), "accepted: %s", v[i].text);
        const char *said = xb_diags_text(f.d);
        ck_assert_msg(strstr(said, v[i].at) && strstr(said, code), "wanted %s %s for:\n%s\ngot:\n%s", v[i].at, code,
                      v[i].text, said);
        fx_free(&f);
    }
}
END_TEST

START_TEST(figures_without_source_warn)
{
    fx f = fx_new("xbarc: 1\ncrossbar: {cell_area: 1um2}\ncomponents:\n  adc: {power: 1mW}\nlayers: {a: {g_max: 1S}}\n"
                  "interface: {read_time: 1ns, source: s}\ntile: {xbars: 3}\n");
    ck_assert_int_eq(xb_diags_warnings(f.d), 3);
    const char *said = xb_diags_text(f.d);
    ck_assert_msg(strstr(said, "hw.yaml:2:12:") && strstr(said, "hw.yaml:4:9:") && strstr(said, "hw.yaml:5:14:") &&
                      strstr(said, "[hw-source]"),
                  "%s", said);
    ck_assert(!f.hw.adc.source && !f.hw.crossbar_source);
    fx_free(&f);
}
END_TEST

START_TEST(extends)
{
    make_folder();
    char *a = save("a.yaml", "xbarc: 1\nname: base\nsource: s\ncrossbar: {rows: 10, cols: 20}\n"
                             "layers: {x: {adc_bits: 3, rows: 4}}\n");
    char *b = save("b.yaml", "xbarc: 1\nextends: a.yaml\ncrossbar: {cols: 30}\nlayers: {x: {rows: 5}, y: {}}\n");
    char *c = save("c.yaml", "xbarc: 1\nextends: b.yaml\n");
    fx f = fx_new(NULL), twice = fx_new(NULL), named = fx_new(NULL);
    ck_assert_msg(xb_hw_read_file(f.d, f.a, b, NULL, &f.hw), "%s", xb_diags_text(f.d));
    ck_assert_str_eq(f.hw.name, "base");
    ck_assert(f.hw.max_rows == 10 && f.hw.max_cols == 30);
    xb_hw x = xb_hw_for(&f.hw, "x", "");
    ck_assert(x.adc_bits == 3 && x.max_rows == 5);
    ck_assert(!xb_hw_read_file(twice.d, twice.a, c, NULL, &twice.hw));
    ck_assert_msg(strstr(xb_diags_text(twice.d), "b.yaml:2:10: error: ") &&
                      strstr(xb_diags_text(twice.d), "hw-extends"),
                  "%s", xb_diags_text(twice.d));
    const char *const dirs[] = {"/nonexistent", folder, NULL};
    const char *text = "xbarc: 1\nextends: a\n"; /* by name */
    xb_yaml *y = xb_yaml_parse(named.d, named.a, "hw.yaml", text, strlen(text), NULL, NULL);
    ck_assert_msg(xb_hw_read(named.d, named.a, y, dirs, &named.hw), "%s", xb_diags_text(named.d));
    ck_assert_int_eq(named.hw.max_cols, 20);
    fx_free(&f);
    fx_free(&twice);
    fx_free(&named);
    free(a);
    free(b);
    free(c);
    remove_folder();
}
END_TEST

START_TEST(missing_file)
{
    fx f = fx_new(NULL);
    ck_assert(!xb_hw_read_file(f.d, f.a, "/nonexistent/hw.yaml", NULL, &f.hw));
    ck_assert_int_eq(xb_diags_errors(f.d), 1);
    fx_free(&f);
}
END_TEST

static const xb_assumption *figure(const xb_hw *hw, const char *key)
{
    for (size_t i = 0; i < hw->n_assumptions; i++)
        if (strcmp(hw->assumptions[i].key, key) == 0) return &hw->assumptions[i];
    return NULL;
}

static void check_source(const xb_hw *hw, const char *key, double value, const char *unit, const char *source)
{
    const xb_assumption *a = figure(hw, key);
    ck_assert_msg(a != NULL, "%s is missing", key);
    ck_assert_msg(a->value == value && strcmp(a->unit, unit) == 0, "%s: %.17g %s", key, a->value, a->unit);
    ck_assert_msg(strstr(a->source, source) != NULL, "%s: wanted '%s', is '%s'", key, source, a->source);
}

static void check_reads_back(const xb_hw *hw)
{
    fx again = fx_new(NULL);
    char *text = printed(hw);
    ck_assert_msg(fx_parse(&again, text), "%s\n%s", xb_diags_text(again.d), text);
    ck_assert_str_eq(hw->digest, again.hw.digest);
    ck_assert_uint_eq(hw->n_assumptions, again.hw.n_assumptions);
    for (size_t i = 0; i < hw->n_assumptions; i++) {
        const xb_assumption *a = &hw->assumptions[i], *b = &again.hw.assumptions[i];
        ck_assert_str_eq(a->key, b->key);
        ck_assert_double_eq(a->value, b->value);
        ck_assert_str_eq(a->unit, b->unit);
        ck_assert_msg(strcmp(a->source, b->source) == 0, "%s: '%s', read back '%s'", a->key, a->source, b->source);
    }
    free(text);
    fx_free(&again);
}

static fx extending(const char *text)
{
    fx f = fx_new(NULL);
    xb_buf dir = {0};
    const char *src = getenv("srcdir");
    xb_buf_printf(&dir, "%s/share/hardware", src ? src : ".");
    const char *const dirs[] = {dir.data, NULL};
    xb_yaml *y = xb_yaml_parse(f.d, f.a, "hw.yaml", text, strlen(text), NULL, NULL);
    ck_assert_msg(y && xb_hw_read(f.d, f.a, y, dirs, &f.hw), "%s", xb_diags_text(f.d));
    xb_buf_free(&dir);
    return f;
}

START_TEST(sources_of_inherited_figures)
{
    fx f =
        extending("xbarc: 1\nextends: isaac\ninterface: {adc_rate: 1GS/s, adc_bits: 6}\ncrossbar: {cell_area: 1um2}\n");
    check_source(&f.hw, "interface.adc_rate", 1000, "MS/s", "no source given");
    check_source(&f.hw, "interface.adc_bits", 6, "bit", "no source given");
    check_source(&f.hw, "crossbar.cell_area", 1e6, "nm2", "no source given");
    check_source(&f.hw, "interface.read_time", 100, "ns", "ISAAC, ISCA 2016, sec. 6");
    check_source(&f.hw, "adc.power", 2, "mW", "Table I: 8 for 16 mW");
    check_source(&f.hw, "adc.bits", 8, "bit", "Table I");
    check_source(&f.hw, "adc.energy_scale", .718562874251, "1", "estimate");
    ck_assert_int_eq(xb_diags_warnings(f.d), 2); /* both levels without a source */
    check_reads_back(&f.hw);
    fx_free(&f);
    f = extending("xbarc: 1\nextends: generic-128\nsource: mine\ninterface: {adc_rate: 1GS/s, source: lab}\n"
                  "components: {adc: {power: 1mW}}\nsources: {dac.area: {source: guess}}\n"
                  "layers: {fc*: {adc_bits: 5, read_time: 10ns}, a: {adc_bits: 7, source: x}, b.c: {adc_bits: 0}}\n");
    check_source(&f.hw, "interface.adc_rate", 1000, "MS/s", "lab");
    check_source(&f.hw, "interface.adc_bits", 8, "bit", "ISAAC");
    check_source(&f.hw, "in_register.power", 1.24, "mW", "parts: Shafiee"); /* the base's own, not "mine" */
    ck_assert_str_eq(f.hw.in_register.source, "parts: Shafiee et al., ISAAC, ISCA 2016, Table I");
    check_source(&f.hw, "buffer.area", 83000, "um2", "ISAAC, ISCA 2016, Table I: 64 KB");
    check_source(&f.hw, "adc.power", 1, "mW", "mine");
    check_source(&f.hw, "adc.area", 1200, "um2", "Table I");
    check_source(&f.hw, "adc.bits", 8, "bit", "hardware's own");
    check_source(&f.hw, "dac.area", .166015625, "um2", "guess");
    check_source(&f.hw, "layers.fc*.adc_bits", 5, "bit", "mine");
    check_source(&f.hw, "layers.fc*.read_time", 10, "ns", "mine");
    check_source(&f.hw, "layers.a.adc_bits", 7, "bit", "x");
    check_source(&f.hw, "layers.a.adc.area_scale", .704166666667, "1", "estimate");
    ck_assert_ptr_null(figure(&f.hw, "layers.b.c.adc_bits")); /* zero */
    ck_assert_int_eq(xb_diags_warnings(f.d), 0);
    check_reads_back(&f.hw);
    fx_free(&f);
    f = extending("xbarc: 1\nextends: isaac\nsource: s\ninterface: {adc_bits: 6}\ncomponents: {adc: {power: 1mW}}\n");
    ck_assert_ptr_nonnull(strstr(xb_diags_text(f.d), "'components.adc.area' is inherited, of bits 8"));
    fx_free(&f);
}
END_TEST

START_TEST(sources_of_defaults_and_settings)
{
    fx f = fx_new("xbarc: 1\nsource: mine\ninterface: {adc_bits: 7}\n");
    check_source(&f.hw, "interface.adc_bits", 7, "bit", "mine");
    check_source(&f.hw, "interface.read_time", 100, "ns", "(default)");
    check_source(&f.hw, "xbar.power", .3, "mW", "(default)");
    check_reads_back(&f.hw);
    fx_free(&f);
    f = fx_new(NULL);
    const char *text = "xbarc: 1\nsource: mine\ninterface: {adc_bits: 7, read_time: 9ns, source: lab}\n";
    xb_yaml *y = xb_yaml_parse(f.d, f.a, "hw.yaml", text, strlen(text), NULL, NULL);
    xb_yaml_get(xb_yaml_get(y, "interface"), "adc_bits")->file = "--set"; /* as the pipeline marks it */
    ck_assert(xb_hw_read(f.d, f.a, y, NULL, &f.hw));
    check_source(&f.hw, "interface.adc_bits", 7, "bit", "--set");
    check_source(&f.hw, "interface.read_time", 9, "ns", "lab");
    check_reads_back(&f.hw);
    fx_free(&f);
    f = fx_new("xbarc: 1\ncomponents: {adc: {power: 1mW}}\nlayers: {a: {read_time: 1ns}}\n"); /* nobody knows */
    check_source(&f.hw, "adc.power", 1, "mW", "no source given");
    check_reads_back(&f.hw);
    fx_free(&f);
    f = fx_new(NULL);
    ck_assert(!fx_parse(&f, "xbarc: 1\nsources: {interface.adc_rat: {source: x}}\n"));
    ck_assert_msg(strstr(xb_diags_text(f.d), "hw.yaml:2:11:") && strstr(xb_diags_text(f.d), "'interface.adc_rate'?"),
                  "%s", xb_diags_text(f.d));
    fx_free(&f);
}
END_TEST

/* Figures belong to a size and a resolution; ADCs are scaled within the table only, and it is said where they are not.
 */
START_TEST(references)
{
    static const struct {
        const char *text;
        int64_t rows, cols, bits;
        unsigned warnings;
    } v[] = {{"crossbar: {rows: 64}", 128, 128, 8, 0},
             {"crossbar: {rows: 64}\ncomponents: {xbar: {power: 1mW}, adc: {power: 1mW}}", 64, 128, 8, 0},
             {"interface: {adc_bits: 12}\ncomponents: {adc: {power: 1mW}}", 128, 128, 12, 0},
             {"interface: {adc_bits: 12}\ncomponents: {adc: {power: 1mW, bits: 10}}", 128, 128, 10, 1},
             {"components: {xbar: {power: 1mW, rows: 32, cols: 8}}", 32, 8, 8, 0},
             {"interface: {adc_bits: 3}", 128, 128, 8, 1},
             {"interface: {adc_bits: 4}", 128, 128, 8, 0},
             {"interface: {adc_bits: 0}", 128, 128, 8, 0},
             {"interface: {adc_bits: 12}\ncomponents: {adc: {bits: 8}}", 128, 128, 8, 0}, /* nothing to scale */
             {"layers: {a: {adc_bits: 11}, b: {adc_bits: 0}, c: {rows: 3}}", 128, 128, 8, 1}};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        xb_buf text = {0};
        xb_buf_printf(&text, "xbarc: 1\nsource: s\n%s\n", v[i].text);
        fx f = fx_new(text.data);
        ck_assert_msg(f.hw.xbar_rows == v[i].rows && f.hw.xbar_cols == v[i].cols && f.hw.adc_figure_bits == v[i].bits &&
                          xb_diags_warnings(f.d) == v[i].warnings,
                      "%s: %s", v[i].text, xb_diags_text(f.d));
        if (v[i].warnings) ck_assert_ptr_nonnull(strstr(xb_diags_text(f.d), "[hw-adc-bits]"));
        check_reads_back(&f.hw);
        xb_buf_free(&text);
        fx_free(&f);
    }
}
END_TEST

START_TEST(patterns)
{
    static const struct {
        const char *pattern, *name, *op;
        bool matches;
    } v[] = {{"fc*", "fc1", "Gemm", true},
             {"fc1", "/fc1/Gemm", "Gemm", true},
             {"fc1", "/net/fc1/Gemm_12", "Gemm", true},
             {"fc1", "/fc1/Gemm_x", "Gemm", false},
             {"fc1", "/fc1/Gemm", "MatMul", false},
             {"fc1/Gemm", "/net/fc1/Gemm", "Gemm", true},
             {"/fc1/Gemm", "/fc1/Gemm", "Gemm", true},
             {"c1", "fc1", "Gemm", false},
             {"Gemm", "/fc1/Gemm", "Gemm", true},
             {"conv?", "/block/conv2/Conv", "Conv", true},
             {"conv?", "/conv22/Conv", "Conv", false},
             {"block/*", "/block/conv2/Conv", "Conv", true}};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        xb_buf text = {0};
        xb_buf_printf(&text, "xbarc: 1\nlayers: {\"%s\": {adc_bits: 5}}\n", v[i].pattern);
        fx f = fx_new(text.data);
        ck_assert_msg((xb_hw_for(&f.hw, v[i].name, v[i].op).adc_bits == 5) == v[i].matches, "%s %s", v[i].pattern,
                      v[i].name);
        xb_buf_free(&text);
        fx_free(&f);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, defaults);
    tcase_add_test(t, every_key);
    tcase_add_test(t, prints_and_reads_back);
    tcase_add_test(t, installed_files);
    tcase_add_test(t, installed_files_can_be_extended);
    tcase_add_test(t, overrides);
    tcase_add_test(t, errors);
    tcase_add_test(t, figures_without_source_warn);
    tcase_add_test(t, extends);
    tcase_add_test(t, missing_file);
    tcase_add_test(t, sources_of_inherited_figures);
    tcase_add_test(t, sources_of_defaults_and_settings);
    tcase_add_test(t, references);
    tcase_add_test(t, patterns);
}

int main(void)
{
    return fx_main("hw_file", add);
}
