/* override.c: what a hardware file says about single layers (`layers:`) and operators (`types:`). */
#include "hw/hw_private.h"
#include <string.h>

static size_t option_count(void)
{
    size_t n = 0;
    while (xb_hw_override_options[n].name) n++;
    return n;
}

void xb_hw_overrides_mark(xb_list *items, const xb_yaml *y)
{
    xb_map_item *item = items->data;
    for (size_t i = 0; i < items->n; i++) {
        xb_hw_override *o = item[i].value;
        const xb_yaml *entry = xb_yaml_get(y, item[i].key);
        o->set = 0;
        for (size_t k = 0; k < option_count(); k++)
            if (xb_yaml_get(entry, xb_hw_override_options[k].name)) o->set |= (uint64_t)1 << k;
    }
}

/* The table without what the override does not set. */
static void print_one(xb_buf *b, const xb_hw_override *o)
{
    xb_option table[65] = {{.name = NULL}};
    size_t n = 0;
    for (size_t k = 0; k < option_count(); k++)
        if (o->set >> k & 1) table[n++] = xb_hw_override_options[k];
    table[n].name = NULL;
    xb_opts_print(b, table, o);
}

void xb_hw_overrides_print(xb_buf *b, const char *key, const xb_list *items)
{
    const xb_map_item *item = items->data;
    if (!items->n) return;
    xb_buf_printf(b, "%s:\n", key);
    for (size_t i = 0; i < items->n; i++) {
        xb_buf_str(b, "  ");
        xb_yaml_print_key(b, item[i].key);
        xb_buf_str(b, ": ");
        print_one(b, item[i].value);
        xb_buf_char(b, '\n');
    }
}

xb_list xb_hw_overrides_copy(xb_arena *a, const xb_list *items)
{
    xb_list copy = {items->n ? xb_arena_alloc(a, items->n, sizeof(xb_map_item)) : NULL, items->n};
    const xb_map_item *from = items->data;
    xb_map_item *to = copy.data;
    for (size_t i = 0; i < items->n; i++) {
        xb_hw_override *o = xb_arena_alloc(a, 1, sizeof *o);
        *o = *(const xb_hw_override *)from[i].value;
        o->source = o->source ? xb_arena_strdup(a, o->source) : NULL;
        to[i] = (xb_map_item){xb_arena_strdup(a, from[i].key), o};
    }
    return copy;
}

static void apply(xb_hw *hw, const xb_hw_override *o)
{
    for (size_t k = 0; k < option_count(); k++) {
        const xb_hw_pair *p = &xb_hw_override_pairs[k];
        if (!(o->set >> k & 1)) continue;
        if (p->size) memcpy((char *)hw + p->to, (const char *)o + p->from, p->size);
        if (xb_hw_override_options[k].offset == offsetof(xb_hw_override, sign)) hw->devices_per_cell = o->sign ? 1 : 2;
    }
}

static void apply_matching(xb_hw *hw, const xb_list *items, const char *name)
{
    const xb_map_item *item = items->data;
    for (size_t i = 0; name && i < items->n; i++)
        if (xb_glob(item[i].key, name)) apply(hw, item[i].value);
}

xb_hw xb_hw_for(const xb_hw *hw, const char *layer, const char *op_type)
{
    xb_hw result = *hw;
    apply_matching(&result, &hw->types, op_type);
    apply_matching(&result, &hw->layers, layer);
    return result;
}
