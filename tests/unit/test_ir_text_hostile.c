#include "base/digest.h"
#include "ir_text_some.h"
#include "suite.h"

/* ---- hostile text ---- */

static void check_refused(const char *body, const char *want)
{
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = xb_xir_parse(d, in_folder("net.xir"), body, strlen(body));
    ck_assert_msg(!g, "read: %s", body);
    ck_assert_msg(strstr(xb_diags_text(d), want), "wanted: %s\ngot: %s", want, xb_diags_text(d));
    ck_assert_uint_eq(xb_diags_errors(d), 1);
    xb_diags_free(d);
}

#define HEAD "xir 1\ngraph g\n"
static const struct {
    const char *body, *want;
} refused[] = {
    {"", "net.xir:1:1: error: expected 'xir', found 'the end of the text' [xir-syntax]"},
    {"xir 2\n", ":1:5: error: version '2' of the format is not known; this program reads version 1"},
    {"xir 1 1\n", ":1:7: error: expected the end of the line, found '1'"},
    {"xir 1\ninput", ":2:1: error: expected 'graph', found 'input'"},
    {"xir 1\ngraph", ":2:6: error: expected the name of the graph, found 'the end of the text'"},
    {"xir 1\ngraph \"a\\x00\"\n", ":2:7: error: the name of the graph holds a NUL"},
    {HEAD, ":3:1: error: expected a line that begins with symbol, input, const, note, op, output or end, found 'the "
           "end of the text'"},
    {HEAD "inputs", ":3:1: error: unknown word 'inputs'"},
    {HEAD "end x", ":3:5: error: something follows 'end'"},
    {HEAD "graph \"a", "unknown word 'graph'"},
    {HEAD "input \"a\"", ":3:7: error: expected a value (%name), found 'a'"},
    {HEAD "input %", ":3:7: error: % is followed by a name"},
    {HEAD "input %\"\"", ":3:7: error: % is followed by a name"},
    {HEAD "input %\"a\\x00\" f32[]", ":3:7: error: a name holds a NUL"},
    {HEAD "input %\"a\n", ":3:7: error: text without its closing quote"},
    {HEAD "input %\"\\q\"", ":3:7: error: a backslash is followed by one of \" \\ n t x"},
    {HEAD "input %\"\\xG0\"", ":3:7: error: \\x needs two digits"},
    {HEAD "input %a f33[]", ":3:10: error: expected a type such as f32[1,2], found 'f33'"},
    {HEAD "input %a f32", ":3:13: error: expected '[', found 'the end of the text'"},
    {HEAD "input %a f32[1", ":3:15: error: expected ']', found 'the end of the text'"},
    {HEAD "input %a f32[-1]", ":3:14: error: '-1' is not a size"},
    {HEAD "input %a f32[1x]", ":3:14: error: '1x' is not a size"},
    {HEAD "input %a f32[99999999999999999999]", "is not a size"},
    {HEAD "input %a f32[b]", ":3:14: error: symbol 'b' is not known"},
    {HEAD "input %a f32[1,]", ":3:16: error: expected a size or a symbol, found ']'"},
    {HEAD "input %a f32[1,1,1,1,1,1,1,1,1]", ":3:30: error: more than 8 dimensions"},
    {HEAD "input %a f32[]\ninput %a f32[]", ":4:7: error: '%a' is there already"},
    {HEAD "input %a f32[] ;", ":3:16: error: unexpected character"},
    {HEAD "symbol \"\"", "a symbol needs a name"},
    {HEAD "symbol b\nsymbol b", ":4:8: error: symbol 'b' is there already"},
    {HEAD "symbol %b", "expected the name of a symbol, found 'b'"},
    {HEAD "output %a", ":3:8: error: '%a' is not known here"},
    {HEAD "const %c f32[*] = {}", "'%c': a constant needs a type of known size"},
    {HEAD "symbol b\nconst %c f32[b] = {}", "'%c': a constant needs a type of known size"},
    {HEAD "const %c none[] = {}", "'%c': a constant needs a type of known size"},
    {HEAD "const %c f32[9999999999,9999999999] = {}", "'%c': a constant needs a type of known size"},
    {HEAD "const %c f32[99999999999] = {}", "'%c' has 99999999999 elements; here are 0"},
    {HEAD "const %c f32[2] = {1}", "'%c' has 2 elements; here are 1"},
    {HEAD "const %c f32[1] = {1, 2}", ":3:23: error: '%c' has 1 elements; here are more"},
    {HEAD "const %c f32[0] = {1}", "'%c' has 0 elements; here are more"},
    {HEAD "const %c f32[] = {x}", "'x' is not a number of type f32"},
    {HEAD "const %c f32[] = {1e40}", "'1e40' is not a number of type f32"},
    {HEAD "const %c f32[] = {1/3}", "'1/3' is not a number of type f32"},
    {HEAD "const %c f32[] = {0x7fc0000}", "'0x7fc0000' is not a number of type f32"},
    {HEAD "const %c i8[] = {128}", "'128' is not a number of type i8"},
    {HEAD "const %c i64[] = {9223372036854775808}", "is not a number of type i64"},
    {HEAD "const %c u8[] = {-1}", "'-1' is not a number of type u8"},
    {HEAD "const %c u8[] = {256}", "'256' is not a number of type u8"},
    {HEAD "const %c u64[] = {18446744073709551616}", "is not a number of type u64"},
    {HEAD "const %c u64[] = {}", "here are 0"},
    {HEAD "const %c f32[] = zeros", ":3:18: error: expected '{', 'fill' or 'file', found 'zeros'"},
    {HEAD "const %c f32[2] = fill", ":3:23: error: 'the end of the text' is not a number of type f32"},
    {HEAD "const %c f32[2] = fill x", "'x' is not a number of type f32"},
    {HEAD "const %c u8[2] = fill -1", "'-1' is not a number of type u8"},
    {HEAD "const %c f32[2] = fill {1}", "'{' is not a number of type f32"},
    {HEAD "const %c f32[2] = fill 1 2", "expected the end of the line, found '2'"},
    {HEAD "const %c f32[*] = fill 0", "'%c': a constant needs a type of known size"},
    {HEAD "const %c f32[9999999999] = fill 0", ":3:28: error: more than 256 MiB are made by 'fill'"},
    {HEAD "const %c u8[268435456] = fill 0\nconst %d u8[1] = fill 0", ":4:18: error: more than 256 MiB are made"},
    {HEAD "const %c u8[1000] = fill 0\nnote a [1*65]", "a note with VALUE*TIMES holds at most 64 numbers here"},
    {HEAD "const %c f32[] = (1)", "expected '{', found '('"},
    {HEAD "note a []", ":3:6: error: a note follows its constant"},
    {HEAD "const %c f32[] = {1}\nnote a [1]\nnote a [2]", ":5:6: error: note 'a' is there already"},
    {HEAD "const %c f32[] = {1}\nnote a [1*0]", "0 is not a number of times"},
    {HEAD "const %c f32[] = {1}\nnote a [1*67]", "a note with VALUE*TIMES holds at most 66 numbers here"},
    {HEAD "const %c f32[] = {1}\nnote a [1*9223372036854775807]", "holds at most 66 numbers"},
    {HEAD "const %c f32[] = {1}\nnote a [x]", "expected a whole number, found 'x'"},
    {HEAD "const %c f32[] = {1}\nnote a [1*2]\nnote b [1*2]\nnote c [1*2]\nnote d [1*2]\nnote e [1*2]",
     "more than 4 notes with VALUE*TIMES on one constant"},
    {HEAD "op \"\" A()", ":3:4: error: an op needs a name"},
    {HEAD "op a", "expected an operator"},
    {HEAD "op a A", "expected '(', found"},
    {HEAD "op a A(%x)", ":3:8: error: '%x' is not known here"},
    {HEAD "op a A(_", "expected ')', found"},
    {HEAD "op a A()\nop a A()", ":4:4: error: op 'a' is there already"},
    {HEAD "op a A() {}", "expected the name of an attribute, found '}'"},
    {HEAD "op a A() {k = 1, k = 2}", ":3:18: error: attribute 'k' is there already"},
    {HEAD "op a A() {k 1}", "expected '=', found '1'"},
    {HEAD "op a A() {k = %x}", "expected a whole number, found 'x'"},
    {HEAD "op a A() {k = 1.5.5}", "expected a number, found '1.5.5'"},
    {HEAD "op a A() {k = 99999999999999999999}", "expected a whole number"},
    {HEAD "op a A() {k = [1.5]}", "expected a whole number, found '1.5'"},
    {HEAD "op a A() {k = f[z]}", "expected a number, found 'z'"},
    {HEAD "op a A() {k = f}", "expected '[', found '}'"},
    {HEAD "op a A() {k = 1", "expected '}', found"},
    {HEAD "op a A() => ", "expected a value (%name)"},
    {HEAD "op a A() => %x", "expected a type"},
    {HEAD "op a A() => %x f32[], %x f32[]", "'%x' is there already"},
};

START_TEST(what_is_wrong_is_said_with_line_and_column)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) check_refused(refused[i].body, refused[i].want);
    static const char nul[] = "xir 1\ngraph g\n\0end";
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    ck_assert_ptr_null(xb_xir_parse(d, "n.xir", nul, sizeof nul - 1));
    ck_assert_ptr_nonnull(strstr(xb_diags_text(d), "n.xir:3:1: error: unexpected character"));
    ck_assert_ptr_null(xb_xir_read(d, in_folder("missing.xir")));
    xb_diags_free(d);
}
END_TEST

static void check_file_refused(const char *rest, const char *want)
{
    char body[512], all[512];
    snprintf(body, sizeof body, HEAD "const %%c u8[100] = file %s\nend\n", rest);
    snprintf(all, sizeof all, "%s", want);
    check_refused(body, all);
}

START_TEST(files_of_weights_are_checked)
{
    char hex[XB_DIGEST_HEX], two[1024], rest[256];
    unsigned char bytes[150] = {0};
    save("net.weights", bytes, sizeof bytes);
    xb_digest_of(bytes, 100, hex);
    snprintf(two, sizeof two, HEAD "const %%c u8[100] = file \"net.weights\" 50 100 %s\nend\n", hex);
    xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_graph *g = xb_xir_parse(d, in_folder("net.xir"), two, strlen(two));
    ck_assert_msg(g, "%s", xb_diags_text(d));
    xb_graph_free(g);
    xb_diags_free(d);
    check_file_refused("net.weights 0 100 x",
                       ":3:25: error: expected the name of a file in quotes, found 'net.weights'");
    check_file_refused("\"none\" 0 100 x", "cannot open 'none' beside this file: No such file or directory");
    check_file_refused("\"../net.weights\" 0 100 x", "'../net.weights' is not inside the folder of this file");
    check_file_refused("\"/etc/passwd\" 0 100 x", "'/etc/passwd' is not inside the folder of this file");
    check_file_refused("\"net.weights\" 0 99 x", "'%c' takes 100 bytes, not 99");
    check_file_refused("\"net.weights\" 0 -1 x", "'%c' takes 100 bytes, not -1");
    check_file_refused("\"net.weights\" 51 100 x", "'%c' (100 bytes from 51) ends behind 'net.weights' (150 bytes)");
    check_file_refused("\"net.weights\" -1 100 x", "ends behind 'net.weights'");
    check_file_refused("\"net.weights\" 9223372036854775807 100 x", "ends behind 'net.weights'");
    check_file_refused("\"net.weights\" 0", "expected a whole number, found 'the end of the line'");
    bytes[120] = 1;
    save("net.weights", bytes, sizeof bytes);
    snprintf(rest, sizeof rest, "\"net.weights\" 50 100 %s", hex);
    check_file_refused(rest, "'%c': its bytes in 'net.weights' have digest ");
    snprintf(
        two, sizeof two,
        HEAD
        "const %%a u8[100] = file \"net.weights\" 0 100 %s\nconst %%b u8[100] = file \"net.weights\" 50 100 %s\nend\n",
        hex, hex);
    check_refused(two, "'%b' begins inside or before the constant that precedes it in 'net.weights'");
    ck_assert_int_eq(symlink("/etc/passwd", in_folder("other.weights")), 0);
    check_file_refused("\"other.weights\" 0 100 x", "cannot open 'other.weights' beside this file");
}
END_TEST

/* Bytes changed, cut, doubled, and pieces of the language put in: whatever is read must print and come back. */
static size_t mutate(char *text, size_t n, size_t room, xb_rng *r)
{
    static const char *const pieces[] = {"%",
                                         "\"",
                                         "\\x",
                                         "[",
                                         "]",
                                         "{",
                                         "}",
                                         "=>",
                                         "*",
                                         "9999999999",
                                         "-",
                                         "\n",
                                         "const %q f32[4] = ",
                                         "note z [1*4]\n",
                                         "nan",
                                         "0x7fc00001",
                                         "op ",
                                         "()",
                                         ",",
                                         "end\n",
                                         "_",
                                         "f[",
                                         "file \"net.weights\" 0 4 "};
    for (uint32_t k = 1 + xb_rng_below(r, 4); k-- && n;) {
        size_t at = xb_rng_below(r, (uint32_t)n);
        const char *piece = pieces[xb_rng_below(r, sizeof pieces / sizeof *pieces)];
        size_t len = strlen(piece), cut = 1 + xb_rng_below(r, 20);
        switch (xb_rng_below(r, 5)) {
        case 0:
            text[at] = (char)xb_rng_u32(r);
            break;
        case 1:
            n = at;
            break;
        case 2:
            if (cut > n - at) cut = n - at;
            memmove(text + at, text + at + cut, n - at - cut);
            n -= cut;
            break;
        case 3:
            if (n + len > room) break;
            memmove(text + at + len, text + at, n - at);
            memcpy(text + at, piece, len);
            n += len;
            break;
        default:
            if (cut > n - at || n + cut > room) break;
            memmove(text + at + cut, text + at, n - at);
            n += cut;
        }
    }
    return n;
}

START_TEST(mutated_texts_never_harm)
{
    enum { SEEDS = 40, ROUNDS = 20000 };
    printed seeds[SEEDS];
    size_t longest = 0, read = 0;
    for (uint32_t i = 0; i < SEEDS; i++) {
        xb_graph *g = some_graph(i);
        seeds[i] = print(g);
        if (seeds[i].text.len > longest) longest = seeds[i].text.len;
        if (i == 0) save("net.weights", "0123456789abcdef", 16);
        xb_graph_free(g);
    }
    xb_rng r = xb_rng_at(99, XB_RNG_INIT, 0);
    for (int round = 0; round < ROUNDS; round++) {
        const printed *seed = &seeds[xb_rng_below(&r, SEEDS)];
        size_t room = longest + 200;
        char *text = xb_malloc(room);
        memcpy(text, seed->text.data, seed->text.len);
        size_t n = mutate(text, seed->text.len, room, &r);
        char *exact = xb_malloc(n ? n : 1); /* so that a sanitizer sees a read behind the end */
        memcpy(exact, text, n);
        xb_diags *d = xb_diags_new(NULL, XB_DIAG_TEXT, false);
        xb_graph *g = xb_xir_parse(d, in_folder("net.xir"), exact, n);
        ck_assert(g ? !xb_diags_errors(d) : xb_diags_errors(d) == 1);
        if (g) {
            printed a = print(g);
            xb_graph *again = a.weights.len ? NULL : xb_xir_parse(d, in_folder("net.xir"), a.text.data, a.text.len);
            if (!a.weights.len) {
                ck_assert_msg(again, "%s\n%s", xb_diags_text(d), a.text.data);
                printed b = print(again);
                check_same(&a, &b);
                printed_free(&b);
            }
            xb_graph_free(again);
            printed_free(&a);
            read++;
        }
        xb_graph_free(g);
        xb_diags_free(d);
        free(exact);
        free(text);
    }
    ck_assert_uint_gt(read, 100); /* the mutations are not all nonsense */
    for (int i = 0; i < SEEDS; i++) printed_free(&seeds[i]);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("text");
    tcase_set_timeout(c, 300);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, what_is_wrong_is_said_with_line_and_column);
    tcase_add_test(c, files_of_weights_are_checked);
    tcase_add_test(c, mutated_texts_never_harm);
    return run_case("ir_text_hostile", c);
}
