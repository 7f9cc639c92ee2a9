/* data_kit.h: a folder of its own for every test of data sets, files in it, sets that open or are refused. */
#ifndef DATA_KIT_H
#define DATA_KIT_H

#include "base/file.h"
#include "data/data.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char top[64];
static xb_diags *diags;

static inline void set_up(void)
{
    strcpy(top, "/tmp/xbarc-data-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
    diags = xb_diags_new(NULL, XB_DIAG_TEXT, false);
}

static inline void tear_down(void)
{
    xb_diags_free(diags);
    ck_assert_int_eq(chdir("/"), 0);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", top);
    ck_assert_int_eq(system(command), 0);
}

static inline void put_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

/* The set must be refused with one diagnostic "data" that holds the words. */
static inline void expect_refusal(const char *spec, const char *words)
{
    xb_diags_free(diags);
    diags = xb_diags_new(NULL, XB_DIAG_TEXT, false);
    xb_dataset *s = xb_dataset_open(diags, spec, NULL);
    ck_assert_msg(!s, "%s was taken, not refused with '%s'", spec, words);
    ck_assert_msg(strstr(xb_diags_text(diags), words) != NULL, "%s: '%s' not in: %s", spec, words,
                  xb_diags_text(diags));
    ck_assert_uint_eq(xb_diags_errors(diags), 1);
}

static inline xb_dataset *expect_set(const char *spec)
{
    xb_dataset *s = xb_dataset_open(diags, spec, NULL);
    ck_assert_msg(s != NULL, "%s: %s", spec, xb_diags_text(diags));
    return s;
}

#endif
