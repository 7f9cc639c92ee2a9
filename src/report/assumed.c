/* assumed.c: in words, what the figures of simulated chips rest on: devices, their conductances, how they are written.
 */
#include "report/fields.h"
#include <string.h>

#define DEVICES "chip.devices"

static const json_t *find(const json_t *report, const char *key)
{
    const json_t *list = json_object_get(report, "assumptions");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!strcmp(xb_field_text(json_array_get(list, i), "key"), key)) return json_array_get(list, i);
    return NULL;
}

/* "before" and the figure, when there is one. */
static void put(xb_buf *b, const json_t *report, const char *key, const char *before)
{
    const json_t *a = find(report, key);
    char text[64];
    if (xb_field_has(a, "value"))
        xb_buf_printf(b, "%s%s", before, xb_with_given_unit(text, xb_field_real(a, "value"), xb_field_text(a, "unit")));
}

bool xb_devices_text(xb_buf *b, const json_t *report)
{
    const json_t *list = json_object_get(report, "assumptions");
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *a = json_array_get(list, i);
        const char *key = xb_field_text(a, "key");
        if (strncmp(key, DEVICES, strlen(DEVICES))) continue;
        const char *name = key + strlen(DEVICES);
        xb_buf_printf(b, "%s%s%s%s", n++ ? ", then " : "", *name ? name + 1 : "", *name ? " " : "",
                      xb_field_text(a, "value"));
    }
    if (!n) return false;
    put(b, report, "device.g_min", "; conductances from ");
    put(b, report, "device.g_max", " to ");
    put(b, report, "device.read_voltage", ", read at ");
    return true;
}

bool xb_writing_text(xb_buf *b, const json_t *report)
{
    const json_t *parallel = find(report, "programming.parallel");
    char number[32];
    if (!parallel) return false;
    put(b, report, "programming.write-time", "a write takes ");
    put(b, report, "programming.read-time", ", a read ");
    xb_buf_printf(b, ", %s at a time", xb_with_number(number, xb_field_real(parallel, "value")));
    put(b, report, "programming.tolerance", "; accepted within ");
    put(b, report, "programming.sigma", ", a write's spread ");
    put(b, report, "programming.most", ", at most ");
    xb_buf_str(b, "; simulated chips are written once and not verified");
    return true;
}
