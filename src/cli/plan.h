/* plan.h: tables that several subcommands print. */
#ifndef XB_CLI_PLAN_H
#define XB_CLI_PLAN_H

#include "cli/cli.h"
#include "hw/layout.h"

/* What a graph would cost on its hardware, on stdout. */
void xb_plan_print(const xb_graph *g, const xb_layout *l, bool json);
/* Renders report.json at path to stdout; an exit code. */
int xb_report_print(xb_cli *cli, const char *path, const char *format);

#endif
