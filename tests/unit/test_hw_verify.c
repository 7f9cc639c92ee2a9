/* Layout versus schematic: what the backend writes is the graph; anything else is found; no text makes it crash. */
#include "hw_host.h"

#include "../../backends/layout.c"
#include "base/file.h"
#include "base/rng.h"
#include <unistd.h>

typedef struct files {
    fx f;
    char *dir;
    char *json, *bin, *hw; /* paths */
} files;

static void save(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    ck_assert(f != NULL && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
}

static void emit_files(files *t)
{
    test_host *h = host_new(&t->f, "layout");
    xb_module *m = xb_module_new(xb_graph_clone(t->f.g));
    xb_module_set_layout(m, xb_layout_clone(t->f.l), &xb_layout_ownership);
    folder_sink s = sink_into(t->dir);
    ck_assert_int_eq(backend.emit(&h->cx, m, &s.sink, NULL), 0);
    xb_buf text = {0};
    xb_hw_print(&text, &t->f.hw);
    save(t->hw, text.data, text.len);
    xb_buf_free(&text);
    xb_module_free(m);
}

static files new_files(const char *hw, bool small)
{
    files t = {.f = fx_new(hw)};
    const char *tmp = getenv("TMPDIR");
    xb_buf b = {0};
    xb_buf_printf(&b, "%s/xbarc-lvs-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    t.dir = mkdtemp(b.data);
    ck_assert(t.dir != NULL);
    t.json = xb_path_join(t.dir, "layout.json");
    t.bin = xb_path_join(t.dir, "weights.bin");
    t.hw = xb_path_join(t.dir, "hardware.yaml");
    if (small) {
        xb_value x = fx_input(&t.f, "x", FX_TYPE(1, 6, 5, 5));
        xb_graph_add_output(t.f.g, fx_conv(&t.f, "dw", x, 6, 1, 2, 6));
        fx_matrix(&t.f, "m", 20, 11, true);
    } else {
        fx_lenet(&t.f);
    }
    fx_plan(&t.f);
    return t;
}

static void free_files(files *t)
{
    unlink(t->json);
    unlink(t->bin);
    unlink(t->hw);
    free(t->hw);
    rmdir(t->dir);
    free(t->json);
    free(t->bin);
    free(t->dir);
    fx_free(&t->f);
}

static char *load_text(const char *path, size_t *n)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, true);
    char *text = xb_read_file(d, path, 1 << 28, n);
    ck_assert(text != NULL);
    xb_diags_free(d);
    return text;
}

/* Is the folder refused with this code? With "" : accepted. */
static void expect(files *t, const char *code)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_lvs_result r;
    char want[64];
    snprintf(want, sizeof want, "[%s]", code);
    bool ok = xb_layout_verify(d, t->dir, t->f.g, &r);
    ck_assert_msg(ok == !*code, "%s: %s", code, xb_diags_text(d));
    ck_assert_msg(ok == (xb_diags_errors(d) == 0), "%s", xb_diags_text(d));
    if (*code) ck_assert_msg(strstr(xb_diags_text(d), want) != NULL, "wanted %s: %s", want, xb_diags_text(d));
    xb_diags_free(d);
}

/* layout.json with the first `from` replaced by `to`; expects `code`; puts it back. */
static void expect_edit(files *t, const char *from, const char *to, const char *code)
{
    size_t n;
    char *text = load_text(t->json, &n), *at = strstr(text, from);
    xb_buf b = {0};
    ck_assert_msg(at != NULL, "'%s' is not in:\n%s", from, text);
    xb_buf_add(&b, text, (size_t)(at - text));
    xb_buf_str(&b, to);
    xb_buf_str(&b, at + strlen(from));
    save(t->json, b.data, b.len);
    expect(t, code);
    save(t->json, text, n);
    xb_buf_free(&b);
    free(text);
}

START_TEST(written_is_read)
{
    static const char *const hw[] = {FX_EXACT, FX_FIXED(128), FX_FIXED(7)};
    for (int i = 0; i < 6; i++) {
        files t = new_files(hw[i % 3], i < 3);
        emit_files(&t);
        xb_lvs_result r;
        const xb_chip_cost *c = xb_layout_chip_cost(t.f.l);
        ck_assert_msg(xb_layout_verify(t.f.d, t.dir, t.f.g, &r), "%s", xb_diags_text(t.f.d));
        ck_assert_uint_eq(r.layers, (uint64_t)c->layers);
        ck_assert_uint_eq(r.arrays, (uint64_t)c->arrays);
        ck_assert_uint_eq(r.cells, (uint64_t)c->cells);
        free_files(&t);
    }
}
END_TEST

/* Hardware that differs in one thing. */
static xb_layout *read_with(files *t, xb_hw hw, xb_diags *d)
{
    return xb_layout_read(d, t->dir, t->f.g, &hw);
}

START_TEST(a_layout_comes_back)
{
    static const char *const hw[] = {FX_EXACT, FX_FIXED(128), FX_FIXED(7)};
    for (int i = 0; i < 6; i++) {
        files t = new_files(hw[i % 3], i < 3);
        emit_files(&t);
        xb_layout *l = read_with(&t, t.f.hw, t.f.d);
        ck_assert_msg(l != NULL, "%s", xb_diags_text(t.f.d));
        const xb_array *a, *b;
        const xb_block *x, *y;
        size_t n = xb_layout_arrays(t.f.l, &a), blocks = xb_layout_blocks(t.f.l, &x);
        ck_assert_uint_eq(xb_layout_arrays(l, &b), n);
        ck_assert_uint_eq(xb_layout_blocks(l, &y), blocks);
        for (size_t k = 0; k < n; k++) {
            size_t cells = (size_t)a[k].rows * (size_t)a[k].cols;
            float *was = xb_calloc(cells, sizeof *was), *is = xb_calloc(cells, sizeof *is);
            ck_assert_int_eq(a[k].rows, b[k].rows);
            ck_assert_int_eq(a[k].cols, b[k].cols);
            xb_layout_array_values(t.f.l, t.f.g, (uint32_t)k, was);
            xb_layout_array_values(l, t.f.g, (uint32_t)k, is);
            ck_assert_mem_eq(was, is, cells * sizeof *was);
            free(was);
            free(is);
        }
        for (size_t k = 0; k < blocks; k++)
            ck_assert(x[k].matrix == y[k].matrix && x[k].group == y[k].group && x[k].row == y[k].row &&
                      x[k].col == y[k].col && x[k].at_row == y[k].at_row && x[k].at_col == y[k].at_col);
        xb_layout_free(l);
        free_files(&t);
    }
}
END_TEST

START_TEST(of_other_hardware_comes_back)
{
    files t = new_files(FX_FIXED(8), true);
    emit_files(&t);
    xb_hw bits = t.f.hw, larger = t.f.hw;
    bits.adc_bits = 5;
    larger.max_rows = 16;
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_layout *l = read_with(&t, bits, d);
    ck_assert_msg(l != NULL, "%s", xb_diags_text(d));
    ck_assert_int_eq(xb_layout_hw(l)->adc_bits, 5);
    xb_layout_free(l);
    ck_assert_ptr_null(read_with(&t, larger, d));
    ck_assert_msg(strstr(xb_diags_text(d), "compile again [lvs-hardware]") != NULL, "%s", xb_diags_text(d));
    xb_diags_free(d);
    free_files(&t);
}
END_TEST

START_TEST(any_flipped_bit)
{
    files t = new_files(FX_FIXED(8), true);
    emit_files(&t);
    size_t n;
    char *bytes = load_text(t.bin, &n);
    for (size_t i = 0; i < n; i += 13) {
        bytes[i] = (char)(bytes[i] ^ 1 << i % 8);
        save(t.bin, bytes, n);
        xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
        ck_assert_msg(!xb_layout_verify(d, t.dir, t.f.g, NULL), "byte %zu", i);
        ck_assert(strstr(xb_diags_text(d), "[lvs-value]") || strstr(xb_diags_text(d), "[lvs-stray]"));
        xb_diags_free(d);
        bytes[i] = (char)(bytes[i] ^ 1 << i % 8);
    }
    save(t.bin, bytes, n);
    expect(&t, "");
    free(bytes);
    free_files(&t);
}
END_TEST

START_TEST(changed_model)
{
    files t = new_files(FX_EXACT, false);
    emit_files(&t);
    float *w = xb_graph_write(t.f.g, xb_graph_find(t.f.g, "fc1.w"));
    w[12345] += 1;
    expect(&t, "lvs-value");
    w[12345] -= 1;
    fx_matrix(&t.f, "new", 3, 3, false);
    expect(&t, "lvs-matrix");
    free_files(&t);
}
END_TEST

START_TEST(truncated_or_missing_weights)
{
    files t = new_files(FX_EXACT, true);
    emit_files(&t);
    size_t n;
    char *bytes = load_text(t.bin, &n);
    save(t.bin, bytes, n - 1);
    expect(&t, "lvs-size");
    save(t.bin, bytes, 0);
    expect(&t, "lvs-size");
    unlink(t.bin);
    expect(&t, "io");
    unlink(t.json);
    expect(&t, "io");
    free(bytes);
    free_files(&t);
}
END_TEST

/* The small net in arrays of 8: "dw" packs 2 groups of 4 x 1 an array (0..2), "m" is 20 x 11 in 3 x 2 (3..8). */
START_TEST(wrong_blocks)
{
    files t = new_files(FX_FIXED(8), true);
    emit_files(&t);
    expect(&t, "");
    expect_edit(&t, "    [0, 0, 0, 0, 4, 0, 1, 0, 0],\n", "", "lvs-missing");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 0, 0, 4, 0, 1, 4, 1]", "lvs-twice");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 1, 0, 4, 0, 1, 0, 0]", "lvs-overlap");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 1, 0, 4, 0, 1, 4, 0]", "lvs-value");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 1, 0, 4, 0, 1, 5, 1]", "lvs-bounds");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 1, 1, 4, 0, 1, 4, 1]", "lvs-bounds");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 6, 0, 4, 0, 1, 4, 1]", "lvs-format");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[8, 0, 1, 0, 4, 0, 1, 4, 1]", "lvs-format");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 1, 0, 4, 0, 1, 4]", "lvs-format");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 1, 0, 4, 0, 1, 4, 1.0]", "lvs-format");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 1, 0, 4, 0, 1, 4, 0]",
                "lvs-share"); /* one column, two sums */
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 1, 0, 4, 0, 1, 3, 1]",
                "lvs-share"); /* one row, two inputs */
    /* the same rows as a list, as after a permutation, is right; another order is not */
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 1, 0, 4, 0, 1, 4, 1, [[0, 2], [2, 2]], []]", "");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 1, 0, 4, 0, 1, 4, 1, [[0, 2], [3, 1], [2, 1]], []]",
                "lvs-value");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 1, 0, 4, 0, 1, 4, 1, [[0, 3]], []]", "lvs-format");
    expect_edit(&t, "[0, 0, 1, 0, 4, 0, 1, 4, 1]", "[0, 0, 1, 0, 4, 0, 1, 4, 1, [[0, 5]], []]", "lvs-format");
    free_files(&t);
}
END_TEST

START_TEST(wrong_heads_arrays_nets)
{
    files t = new_files(FX_FIXED(8), true);
    emit_files(&t);
    expect_edit(&t, "xbarc-layout", "other", "lvs-format");
    expect_edit(&t, "\"schema_version\": 1", "\"schema_version\": 2", "lvs-format");
    expect_edit(&t, "weights.bin", "../weights.bin", "lvs-format");
    expect_edit(&t, "\"nets\"", "\"knots\"", "lvs-format");
    expect_edit(&t, "\"bytes\": 2304", "\"bytes\": 2305", "lvs-size");
    expect_edit(&t, "\"bytes\": 2304", "\"bytes\": -1", "lvs-format");
    expect_edit(&t, "\"bytes\"", "\"bites\"", "lvs-format");
    expect_edit(&t, "\"digest\": \"", "\"digest\": \"0", "lvs-hardware");
    expect_edit(&t, "\"digest\"", "\"digset\"", "lvs-format");
    save(t.hw, "xbarc: 1\n", 9);
    expect(&t, "lvs-hardware");
    unlink(t.hw);
    expect(&t, "io");
    expect_edit(&t, "\"nets\"", "\"blocks\"", "lvs-format"); /* a key twice */
    expect_edit(&t, "{", "", "lvs-format");
    expect_edit(&t, "\"name\": \"dw\"", "\"name\": \"wd\"", "lvs-matrix");
    expect_edit(&t, "\"groups\": 6", "\"groups\": 7", "lvs-matrix");
    expect_edit(&t, "[8, 8, -1, -1, -1]", "[8, 9, -1, -1, -1]", "lvs-size");
    expect_edit(&t, "[8, 8, -1, -1, -1]", "[8, 0, -1, -1, -1]", "lvs-format");
    expect_edit(&t, "[1, 0, 0, 0, 8, 3, 3, 1, 24]", "[1, 0, 0, 0, 8, 4, 3, 1, 24]", "lvs-net");
    expect_edit(&t, "[1, 0, 0, 0, 8, 3, 3, 1, 24]", "[1, 0, 0, 0, 8, 3, 3, 4, 24]", "lvs-bounds");
    expect_edit(&t, "[1, 0, 0, 0, 8, 3, 3, 1, 24]", "[1, 0, 0, 0, 8, 3, 3, 1, 25]", "lvs-bounds");
    free_files(&t);
}
END_TEST

START_TEST(sites)
{
    files t = new_files(FX_FIXED(8), true);
    const xb_array *a;
    size_t n = xb_layout_arrays(t.f.l, &a);
    xb_layout_set_mesh(t.f.l, 3, 3);
    for (size_t i = 0; i < n; i++) xb_layout_place(t.f.l, (uint32_t)i, (int32_t)i % 3, (int32_t)i / 3, (int32_t)i);
    emit_files(&t);
    expect(&t, "");
    expect_edit(&t, "[8, 8, 1, 1, 0]", "[8, 8, 1, 0, 0]", "lvs-site");   /* taken */
    expect_edit(&t, "[8, 8, 1, 1, 0]", "[8, 8, 1, 3, 0]", "lvs-site");   /* outside */
    expect_edit(&t, "[8, 8, 1, 1, 0]", "[8, 8, 1, 1, -1]", "lvs-site");  /* half a site */
    expect_edit(&t, "[8, 8, 1, 1, 0]", "[8, 8, 1, -1, -1]", "lvs-site"); /* none */
    free_files(&t);
}
END_TEST

/* Bytes changed, removed, doubled, cut, digits replaced: always a verdict, never a crash; accepted only when it says
 * the same. */
START_TEST(mutated_texts)
{
    files t = new_files(FX_FIXED(8), true);
    emit_files(&t);
    size_t n, accepted = 0;
    char *text = load_text(t.json, &n);
    xb_rng r = xb_rng_at(5, XB_RNG_NOISE, 0);
    for (int i = 0; i < 5000; i++) {
        static const char *const bits[] = {"-1", "99999999999999999999", "1e9", "[", "]", "null",
                                           "{}", "4294967296",           ",",   "\""};
        xb_buf b = {0};
        xb_buf_add(&b, text, n);
        for (uint32_t k = 1 + xb_rng_below(&r, 3); k; k--) {
            size_t at = xb_rng_below(&r, (uint32_t)b.len), len = 1 + xb_rng_below(&r, 9);
            if (at + len > b.len) len = b.len - at;
            xb_buf tail = {0};
            uint32_t how = xb_rng_below(&r, 5);
            xb_buf_add(&tail, b.data + at + (how ? len * (how != 1) : 0), b.len - at - (how ? len * (how != 1) : 0));
            b.len = at;
            if (how == 0) b.len = at, xb_buf_add(&b, tail.data, len < tail.len ? len : tail.len);
            if (how == 1) xb_buf_str(&b, bits[xb_rng_below(&r, 10)]);
            if (how == 2) xb_buf_char(&b, (char)('0' + xb_rng_below(&r, 10)));
            if (how == 3) xb_buf_char(&b, (char)xb_rng_below(&r, 256));
            xb_buf_add(&b, tail.data, how == 4 && xb_rng_below(&r, 9) == 0 ? 0 : tail.len);
            xb_buf_free(&tail);
            if (!b.len) xb_buf_char(&b, 'x');
        }
        save(t.json, b.data, b.len);
        xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
        bool ok = xb_layout_verify(d, t.dir, t.f.g, NULL);
        if (ok != (xb_diags_errors(d) == 0)) ck_abort_msg("verdict and diagnostics differ: %s", xb_diags_text(d));
        accepted += ok;
        xb_diags_free(d);
        xb_buf_free(&b);
    }
    ck_assert_uint_lt(accepted, 2500); /* most of the text matters; fields for people do not */
    save(t.json, text, n);
    expect(&t, "");
    free(text);
    free_files(&t);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, written_is_read);
    tcase_add_test(t, a_layout_comes_back);
    tcase_add_test(t, of_other_hardware_comes_back);
    tcase_add_test(t, any_flipped_bit);
    tcase_add_test(t, changed_model);
    tcase_add_test(t, truncated_or_missing_weights);
    tcase_add_test(t, wrong_blocks);
    tcase_add_test(t, wrong_heads_arrays_nets);
    tcase_add_test(t, sites);
    tcase_add_test(t, mutated_texts);
}

int main(void)
{
    return fx_main("hw_verify", add);
}
