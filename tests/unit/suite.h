/* suite.h: runs the tests of one case as a suite: what main returns. */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>

static inline int run_case(const char *suite, TCase *tests)
{
    Suite *s = suite_create(suite);
    suite_add_tcase(s, tests);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}

#endif
