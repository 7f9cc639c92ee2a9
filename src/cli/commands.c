/* commands.c: the subcommands, in the order of the help. */
#include "cli/cli.h"

extern const xb_subcommand xb_cmd_compile, xb_cmd_inspect, xb_cmd_opt, xb_cmd_run, xb_cmd_eval, xb_cmd_train,
    xb_cmd_simulate, xb_cmd_verify, xb_cmd_report, xb_cmd_irdrop, xb_cmd_data, xb_cmd_list, xb_cmd_help, xb_cmd_doctor;

const xb_subcommand *const xb_subcommands[] = {
    &xb_cmd_compile, &xb_cmd_inspect,  &xb_cmd_opt,    &xb_cmd_run,    &xb_cmd_eval,
    &xb_cmd_train,   &xb_cmd_simulate, &xb_cmd_verify, &xb_cmd_report, &xb_cmd_irdrop,
    &xb_cmd_data,    &xb_cmd_list,     &xb_cmd_help,   &xb_cmd_doctor, NULL,
};
