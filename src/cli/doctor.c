/* doctor.c: is this installation sound, and why is a plugin missing? */
#include "cli/cli.h"
#include "nn/linalg.h"
#include <jansson.h>
#include <openssl/crypto.h>
#include <yaml.h>
#include <zlib.h>

static int run(xb_cli *cli, const void *flags, int argc, char **argv)
{
    (void)flags, (void)argc, (void)argv;
    char library[64], algebra[64];
    printf("xbarc %s, plugin ABI %d.%d\n", XBARC_VERSION, XB_ABI_MAJOR, XB_ABI_MINOR);
    printf("numeric profile: %s\n", xb_engine_profile());
    printf("libraries: %s; %s; libyaml %s; jansson %s; zlib %s; %s\n", xb_engine_library(library),
           xb_linalg_library(algebra), yaml_get_version_string(), jansson_version_str(), zlibVersion(),
           OpenSSL_version(OPENSSL_VERSION));
    printf("shared files: %s%s\n", cli->share, xb_exists(cli->share) ? "" : " (missing)");
    xb_registry *r = xb_cli_plugins(cli);
    if (!r) return XB_EXIT_BAD_INPUT;
    const xb_plugin_entry *entry;
    size_t n = xb_registry_list(r, &entry), refused = 0;
    puts("plugins:");
    for (size_t i = 0; i < n; i++) {
        refused += entry[i].refusal != NULL;
        if (entry[i].refusal)
            printf("  refused  %s: %s\n", entry[i].path, entry[i].refusal);
        else
            printf("  loaded   %-12s %-8s %s\n", entry[i].plugin->name,
                   entry[i].plugin->version ? entry[i].plugin->version : "", entry[i].path);
    }
    if (!n) puts("  none found");
    bool sound = n > refused && xb_exists(cli->share);
    if (!sound) xb_diag(cli->diags, XB_ERROR, "doctor", NULL, "the installation is not complete");
    return sound ? XB_EXIT_OK : XB_EXIT_BAD_INPUT;
}

const xb_subcommand xb_cmd_doctor = {
    .name = "doctor",
    .usage = "",
    .summary = "show versions, instruction set, plugins found and refused",
    .doc =
        "Prints what this installation is made of. Exit code 1 when no plugin loads or the shared files are missing.",
    .flags = NULL,
    .flags_size = 0,
    .min_args = 0,
    .max_args = 0,
    .run = run,
};
