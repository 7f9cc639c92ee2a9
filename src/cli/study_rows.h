/* study_rows.h: the lines of a study's table. */
#ifndef XB_CLI_STUDY_ROWS_H
#define XB_CLI_STUDY_ROWS_H

#include "cli/study.h"

enum { XB_ROW_FIGURES = 10, XB_ROW_CELLS = XB_STUDY_AXES + XB_ROW_FIGURES };

/* The first line: keys, then the names of the figures, of which the last is the settings. */
void xb_row_head(xb_buf *b, const xb_study *s);
void xb_row_print(xb_buf *b, const xb_study *s, const xb_point *p, const xb_trial *t);
/* Takes the cells of a line apart, in place. How many; XB_ROW_CELLS + 1: more. */
size_t xb_row_cells(char *line, char *cell[XB_ROW_CELLS]);
bool xb_row_parse(char *const *figure, xb_trial *t); /* all but the settings */
/* What this program would never write. NULL: nothing. */
const char *xb_row_wrong(const xb_study *s, const xb_point *p, const xb_trial *t);
/* A chip that stands there twice is the same chip. */
bool xb_row_same(const xb_trial *a, const xb_trial *b);

#endif
