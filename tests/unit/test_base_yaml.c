/* The YAML reader: every refusal at its line and column, ${name}, mutated texts. */
#include "base/rng.h"
#include "base/yaml.h"
#include "suite.h"
#include <stdlib.h>
#include <string.h>

static const char *lookup(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "DIR") == 0) return "/data";
    if (strcmp(name, "N") == 0) return "12";
    if (strcmp(name, "EMPTY") == 0) return "";
    return strcmp(name, "BAD") == 0 ? "\xff" : NULL;
}

typedef struct parsed {
    xb_diags *d;
    xb_arena *a;
    xb_yaml *y;
} parsed;

static parsed parse(const char *text, size_t n)
{
    parsed p = {xb_diags_new(NULL, XB_DIAG_TEXT, false), xb_arena_new(), NULL};
    p.y = xb_yaml_parse(p.d, p.a, "f", text, n, lookup, NULL);
    return p;
}

static void done(parsed *p)
{
    xb_arena_free(p->a);
    xb_diags_free(p->d);
}

static const struct {
    const char *text, *at, *code, *says;
} refused[] = {
    {"", "f:1:1:", "yaml-empty", "empty"},
    {"# only a comment\n", "f:1:1:", "yaml-empty", "empty"},
    {"---\n", "f:1:1:", "yaml-empty", "empty"},
    {"a: 1\n\tb: 2\n", "f:2:1:", "yaml-tab", "tab"},
    {"a:\n  \tb: 2\n", "f:2:3:", "yaml-tab", "tab"},
    {"a:\n  -\t- 2\n", "f:2:4:", "yaml-tab", "tab"},
    {"a: &x 1\n", "f:1:4:", "yaml-anchor", "anchor"},
    {"a: &x\n  b: 1\n", "f:1:4:", "yaml-anchor", "anchor"},
    {"a: &x [1]\n", "f:1:4:", "yaml-anchor", "anchor"},
    {"a: 1\nb: *x\n", "f:2:4:", "yaml-alias", "alias"},
    {"a: !t 1\n", "f:1:4:", "yaml-tag", "tag"},
    {"a: !!str 1\n", "f:1:4:", "yaml-tag", "tag"},
    {"a: ! 1\n", "f:1:4:", "yaml-tag", "tag"},
    {"a: !t {b: 1}\n", "f:1:4:", "yaml-tag", "tag"},
    {"a: 1\n---\nb: 2\n", "f:2:1:", "yaml-document", "second"},
    {"a: 1\n...\n---\n", "f:3:1:", "yaml-document", "second"},
    {"%YAML 1.2\n---\na: 1\n", "f:1:1:", "yaml-syntax", "directive"},
    {"a: 1\nb: 2\na: 3\n", "f:3:1:", "yaml-duplicate", "'a' is repeated; first on line 1"},
    {"x: {k: 1, 'k': 2}\n", "f:1:11:", "yaml-duplicate", "first on line 1"},
    {"? [1]\n: 2\n", "f:1:3:", "yaml-key", "word"},
    {"? {a: b}\n: 2\n", "f:1:3:", "yaml-key", "word"},
    {"? \n: 2\n", "f:1:2:", "yaml-key", "missing"},
    {"a: [1, 2\n", "f:2:1:", "yaml-syntax", "did not find"},
    {"a: \"x\n", "f:2:1:", "yaml-syntax", "end of stream"},
    {"a: b: c\n", "f:1:5:", "yaml-syntax", "mapping values"},
    {"a: {x: ${DIR}/y}\n", "f:1:", "yaml-syntax", "quote text with ${}"},
    {"a: [1, 2", "f:1:9:", "yaml-syntax", "did not find"},
    {"a: 1\nb: {", "f:2:5:", "yaml-syntax", "line 2"},
    {"a: @x\n", "f:1:4:", "yaml-syntax", "cannot start any token"},
    {"a: \"\\0\"\n", "f:1:4:", "yaml-syntax", "NUL"},
    {"a: 1\nb: \xff\n", "f:2:4:", "yaml-encoding", "0xff"},
    {"a: \xc0\xaf\n", "f:1:4:", "yaml-encoding", "0xc0"},
    {"a: \xed\xa0\x80\n", "f:1:4:", "yaml-encoding", "0xed"},
    {"a: \xe2\x82", "f:1:4:", "yaml-encoding", "0xe2"},
    {"a: \xc3\xa4\x01\n", "f:1:5:", "yaml-encoding", "U+0001"},
    {"a: 1\rb: 2\n", "f:1:5:", "yaml-encoding", "U+000D"},
    {"a: x\xe2\x80\xa8y\n", "f:1:5:", "yaml-encoding", "U+2028"},
    {"a: 1\nb: x/${NONE}/y\n", "f:2:6:", "yaml-variable", "${NONE} is not set"},
    {"a: \"\xc3\xa4 ${DIR} ${NONE}\"\n", "f:1:14:", "yaml-variable", "${NONE} is not set"},
    {"a: |\n  one\n  t ${NONE}\n", "f:3:5:", "yaml-variable", "${NONE} is not set"},
    {"a: ${\n", "f:1:4:", "yaml-variable", "needs a name"},
    {"a: ${1X}\n", "f:1:4:", "yaml-variable", "needs a name"},
    {"a: ${DIR\n", "f:1:4:", "yaml-variable", "needs a name"},
    {"a: ${BAD}\n", "f:1:4:", "yaml-encoding", "not UTF-8"},
};

START_TEST(refuses)
{
    parsed p = parse(refused[_i].text, strlen(refused[_i].text));
    const char *said = xb_diags_text(p.d);
    ck_assert_msg(!p.y, "accepted: %s", refused[_i].text);
    ck_assert_uint_eq(xb_diags_errors(p.d), 1);
    ck_assert_msg(strncmp(said, refused[_i].at, strlen(refused[_i].at)) == 0, "want %s, got %s", refused[_i].at, said);
    ck_assert_msg(strstr(said, refused[_i].code) && strstr(said, refused[_i].says), "want %s %s, got %s",
                  refused[_i].code, refused[_i].says, said);
    done(&p);
}
END_TEST

static void is_scalar(const xb_yaml *y, const char *text, int line, int col, bool quoted)
{
    ck_assert_ptr_nonnull(y);
    ck_assert_int_eq(y->kind, XB_YAML_SCALAR);
    ck_assert_str_eq(y->text, text);
    ck_assert_int_eq(y->line, line);
    ck_assert_int_eq(y->col, col);
    ck_assert(y->quoted == quoted);
}

START_TEST(reads)
{
    const char *text = "\xef\xbb\xbf# net\r\n"
                       "xbarc: 1\r\n"
                       "data: {train: \"mnist:${DIR}/train\", 'n': '${N}'}\n"
                       "path: ${DIR}/a${EMPTY}b\n"
                       "literal: $${DIR} $$ $\n"
                       "list:\n"
                       "- one\n"
                       "- {\xc3\xa4: 'q', last: ~}\n"
                       "nothing:\n"
                       "block: |\n  x\n";
    parsed p = parse(text, strlen(text));
    ck_assert_msg(p.y, "%s", xb_diags_text(p.d));
    ck_assert_uint_eq(p.y->n, 7);
    ck_assert_int_eq(p.y->line, 2);
    ck_assert_int_eq(p.y->col, 1);
    is_scalar(xb_yaml_get(p.y, "xbarc"), "1", 2, 8, false);
    const xb_yaml *data = xb_yaml_get(p.y, "data");
    ck_assert_int_eq(data->kind, XB_YAML_MAP);
    ck_assert_int_eq(data->col, 7);
    is_scalar(xb_yaml_get(data, "train"), "mnist:/data/train", 3, 15, true);
    is_scalar(xb_yaml_get(data, "n"), "12", 3, 42, true);
    ck_assert(xb_yaml_get(data, "n")->expanded);
    is_scalar(xb_yaml_get(p.y, "path"), "/data/ab", 4, 7, false);
    is_scalar(xb_yaml_get(p.y, "literal"), "${DIR} $$ $", 5, 10, false);
    const xb_yaml *list = xb_yaml_get(p.y, "list");
    ck_assert_int_eq(list->kind, XB_YAML_SEQ);
    ck_assert_int_eq(list->line, 7);
    is_scalar(list->item[0], "one", 7, 3, false);
    is_scalar(xb_yaml_get(list->item[1], "\xc3\xa4"), "q", 8, 7, true);
    is_scalar(xb_yaml_get(list->item[1], "last"), "~", 8, 18, false);
    ck_assert(xb_yaml_is_null(xb_yaml_get(list->item[1], "last")));
    ck_assert(xb_yaml_is_null(xb_yaml_get(p.y, "nothing")));
    is_scalar(xb_yaml_get(p.y, "block"), "x\n", 10, 8, true);
    ck_assert_ptr_null(xb_yaml_get(p.y, "absent"));
    ck_assert_ptr_null(xb_yaml_get(list, "one"));
    ck_assert_ptr_null(xb_yaml_get(NULL, "one"));
    xb_where where = xb_yaml_where(list);
    ck_assert_str_eq(where.file, "f");
    ck_assert_int_eq(where.line, 7);
    done(&p);
}
END_TEST

START_TEST(leaves_variables_without_lookup)
{
    parsed p = {xb_diags_new(NULL, XB_DIAG_TEXT, false), xb_arena_new(), NULL};
    const char *text = "a: x${NONE}y";
    p.y = xb_yaml_parse(p.d, p.a, NULL, text, strlen(text), NULL, NULL);
    ck_assert_str_eq(xb_yaml_get(p.y, "a")->text, "x${NONE}y");
    ck_assert(!xb_yaml_get(p.y, "a")->expanded);
    done(&p);
}
END_TEST

static xb_buf nested(int depth)
{
    xb_buf b = {0};
    for (int i = 0; i < depth; i++) xb_buf_char(&b, '[');
    for (int i = 0; i < depth; i++) xb_buf_char(&b, ']');
    return b;
}

START_TEST(limits)
{
    xb_buf b = nested(64);
    parsed p = parse(b.data, b.len);
    ck_assert_msg(p.y, "%s", xb_diags_text(p.d));
    done(&p);
    xb_buf_free(&b);
    b = nested(65);
    p = parse(b.data, b.len);
    ck_assert(!p.y && strncmp(xb_diags_text(p.d), "f:1:65:", 7) == 0 && strstr(xb_diags_text(p.d), "yaml-depth"));
    done(&p);
    xb_buf_free(&b);
    b = nested(20000);
    p = parse(b.data, b.len);
    ck_assert(!p.y && xb_diags_errors(p.d) == 1);
    done(&p);
    xb_buf_free(&b);
    for (int i = 0; i < 100001; i++) xb_buf_str(&b, "- x\n");
    p = parse(b.data, b.len);
    ck_assert(!p.y && strncmp(xb_diags_text(p.d), "f:100000:3:", 11) == 0 && strstr(xb_diags_text(p.d), "yaml-size"));
    done(&p);
    xb_buf_free(&b);
    for (int i = 0; i < 40000; i++) xb_buf_printf(&b, "k%d: x\n", i); /* many keys: not quadratic */
    p = parse(b.data, b.len);
    ck_assert(p.y && p.y->n == 40000);
    done(&p);
    xb_buf_free(&b);
}
END_TEST

/* Any text printed as a scalar or a key reads back to itself, in block and flow context. */
START_TEST(printed_text_reads_back)
{
    static const char *const parts[] = {"a",  "Z9", " ", "#",    ":",        "\n",       "\t", "\"", "\\", "'",
                                        "{",  "}",  "[", "]",    ",",        "&",        "*",  "!",  "|",  ">",
                                        "%",  "@",  "`", "-",    "?",        "$",        "${", "~",  "=",  "\x01",
                                        "\r", ".",  "/", "\x7f", "\xc2\x85", "\xc3\xa4", "<<", "0",  "$${"};
    xb_rng r = xb_rng_at(1, XB_RNG_DIGITS, 0);
    for (int round = 0; round < 4000; round++) {
        xb_buf text = {0}, doc = {0};
        for (uint32_t n = xb_rng_below(&r, 7); n; n--)
            xb_buf_str(&text, parts[xb_rng_below(&r, sizeof parts / sizeof *parts)]);
        const char *want = xb_buf_cstr(&text);
        xb_buf_str(&doc, "{v: ");
        xb_yaml_print_text(&doc, want);
        xb_buf_str(&doc, ", ");
        xb_buf key = {0};
        xb_yaml_print_key(&key, want);
        xb_buf_printf(&doc, "%s: [", strcmp(want, "v") ? xb_buf_cstr(&key) : "w");
        xb_yaml_print_text(&doc, want);
        xb_buf_str(&doc, "]}\n");
        parsed p = parse(doc.data, doc.len);
        ck_assert_msg(p.y, "%s: %s", doc.data, xb_diags_text(p.d));
        ck_assert_str_eq(p.y->item[0]->text, want);
        ck_assert(!xb_yaml_is_null(p.y->item[0]));
        ck_assert_str_eq(p.y->key[1]->text, want);
        ck_assert_str_eq(p.y->item[1]->item[0]->text, want);
        done(&p);
        xb_buf_free(&text);
        xb_buf_free(&doc);
        xb_buf_free(&key);
    }
}
END_TEST

static void mutate(xb_rng *r, char *s, size_t *n, size_t cap)
{
    static const char spice[] = "{}[]:,-?&*!|>'\"%@`#\t\n\r $\\~\xff\xc3\xe2\0a1";
    for (uint32_t edits = 1 + xb_rng_below(r, 6); edits; edits--) {
        size_t i = *n ? xb_rng_below(r, (uint32_t)*n) : 0;
        switch (xb_rng_below(r, 4)) {
        case 0:
            if (*n) s[i] = spice[xb_rng_below(r, sizeof spice - 1)];
            break;
        case 1:
            if (*n) memmove(s + i, s + i + 1, --*n - i);
            break;
        case 2:
            if (*n + 1 < cap) {
                memmove(s + i + 1, s + i, (*n)++ - i);
                s[i] = spice[xb_rng_below(r, sizeof spice - 1)];
            }
            break;
        default:
            if (xb_rng_below(r, 8) == 0) *n = i;
        }
    }
}

/* Whatever comes in: a tree without a diagnostic, or exactly one diagnostic and no tree. */
START_TEST(mutated_texts)
{
    static const char seed[] = "xbarc: 1\nmodel: lenet.onnx\nseed: 7\n"
                               "data: {train: \"mnist:${DIR}/train\", holdout: 5000, input: {scale: 1/256}}\n"
                               "passes:\n  - fold-bn\n  - rank-clip: {method: pca, layers: [fc1, 'x y']}\n"
                               "  - place:\n      text: |\n        block\n      more: >-\n        folded\n";
    xb_rng r = xb_rng_at(7, XB_RNG_SHUFFLE, 0);
    int accepted = 0;
    for (int round = 0; round < 20000; round++) {
        char *s = xb_malloc(400);
        size_t n = sizeof seed - 1;
        memcpy(s, seed, n);
        mutate(&r, s, &n, 400);
        s = xb_realloc(s, n ? n : 1, 1);
        parsed p = parse(s, n);
        ck_assert_msg(xb_diags_errors(p.d) == (p.y ? 0 : 1), "%s", xb_diags_text(p.d));
        accepted += p.y != NULL;
        done(&p);
        free(s);
    }
    ck_assert_int_gt(accepted, 500);
    ck_assert_int_lt(accepted, 19500);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("yaml");
    tcase_add_loop_test(c, refuses, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_test(c, reads);
    tcase_add_test(c, leaves_variables_without_lookup);
    tcase_add_test(c, limits);
    tcase_add_test(c, printed_text_reads_back);
    tcase_add_test(c, mutated_texts);
    tcase_set_timeout(c, 120);
    return run_case("base/yaml", c);
}
