/* test_onnx_notes.c: what is noted of constants lives on in an ONNX file; what others wrote there is left alone. */
#include "onnx_model.h"

/* key: of an entry of metadata; NULL: none. */
static xb_graph *small_graph(const char *key, const char *value)
{
    model m = {.opset = 17};
    float w[6] = {1, 2, 3, 4, 5, 6};
    xb_buf t = tensor_raw("fc.w", 1, "2,3", w, sizeof w);
    add_tensor(&m, &t);
    add_input(&m, "x", 1, "batch,2");
    add_node(&m, "MatMul", "fc", "x,fc.w", "y", NULL);
    add_output(&m, "y", 1, "batch,3");
    if (key) {
        xb_buf entry = {0};
        put_text(&entry, 1, key);
        put_text(&entry, 2, value);
        put_message(&m.extra, 14, &entry);
    }
    return must_read(&m);
}

static xb_value weight_of(const xb_graph *g)
{
    return input_of(g, op_of_kind(g, XB_OP_MatMul), 1);
}

static void expect_note(const xb_graph *g, const char *key, const int64_t *want, size_t n)
{
    const xb_attr *note = xb_graph_note(g, weight_of(g), key);
    ck_assert_ptr_nonnull(note);
    ck_assert_uint_eq(note->n, n);
    for (size_t i = 0; i < n; i++) ck_assert_int_eq(note->ints[i], want[i]);
}

START_TEST(notes_come_back)
{
    const int64_t rows[] = {1, 0}, odd[] = {INT64_MIN, -1, INT64_MAX}, mask[] = {1, 1, 0, 1, 1, 1};
    xb_graph *g = small_graph(NULL, NULL);
    xb_graph_set_note(g, weight_of(g), "perm-rows", rows, 2);
    xb_graph_set_note(g, weight_of(g), "odd", odd, 3);
    xb_graph_set_note(g, weight_of(g), "frozen", NULL, 0);
    xb_graph_set_note(g, weight_of(g), "mask", mask, 6);
    xb_out *o = xb_out_open(diags, in_dir("noted.onnx"));
    ck_assert(xb_onnx_write(diags, g, o) && xb_out_commit(o));
    xb_graph *h = xb_onnx_read(diags, in_dir("noted.onnx"));
    ck_assert_msg(h != NULL, "%s", xb_diags_text(diags));
    expect_note(h, "perm-rows", rows, 2);
    expect_note(h, "odd", odd, 3);
    expect_note(h, "frozen", NULL, 0);
    ck_assert_ptr_null(xb_graph_note(h, weight_of(h), "mask"));
    ck_assert_str_eq(xb_diags_text(diags), "");
    xb_graph_free(g), xb_graph_free(h);
}
END_TEST

static const struct {
    const char *key, *value, *said; /* "": nothing */
} strange[] = {
    {"author", "somebody", ""},
    {"xbarc.notes", "1", ""},
    {"xbarc.note.perm-rows.fc.v", "1 0", "the note 'perm-rows.fc.v' is of no constant: left out"},
    {"xbarc.note.perm-rows", "1 0", "the note 'perm-rows' is of no constant: left out"},
    {"xbarc.note.perm-rows.fc.w", "1 x", "the note 'perm-rows.fc.w' is no list of integers: left out"},
    {"xbarc.note.perm-rows.fc.w", "1,0", "is no list of integers"},
    {"xbarc.note.perm-rows.fc.w", "9223372036854775808", "is no list of integers"},
    {"xbarc.note.perm-rows.fc.w", " ", "is no list of integers"},
};

START_TEST(strange_notes_are_left_out)
{
    xb_graph *h = small_graph(strange[_i].key, strange[_i].value);
    ck_assert_ptr_null(xb_graph_note(h, weight_of(h), "perm-rows"));
    if (*strange[_i].said)
        ck_assert_msg(strstr(xb_diags_text(diags), strange[_i].said) != NULL, "%s", xb_diags_text(diags));
    else
        ck_assert_str_eq(xb_diags_text(diags), "");
    xb_graph_free(h);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("notes");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, notes_come_back);
    tcase_add_loop_test(tc, strange_notes_are_left_out, 0, (int)(sizeof strange / sizeof *strange));
    return run_tests(tc);
}
