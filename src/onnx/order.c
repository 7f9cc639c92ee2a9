/* order.c: the nodes in an order in which each comes after what it reads. */
#include "onnx/import.h"
#include <stdlib.h>
#include <string.h>

enum { NEW, OPEN, DONE };
static const uint32_t none = UINT32_MAX;

static uint32_t maker_of(const xb_import *m, const char *name)
{
    return xb_map_get(m->makers, name, strlen(name), none);
}

/* Every input is the result of a node, a constant or a graph input. */
static bool check_inputs(xb_import *m)
{
    unsigned errors = 0;
    for (size_t i = 0; i < m->proto->n_node && errors < 20; i++) {
        const Onnx__NodeProto *node = m->proto->node[i];
        for (size_t k = 0; k < node->n_input; k++) {
            const char *name = node->input[k];
            if (!*name || maker_of(m, name) != none || xb_map_get(m->values, name, strlen(name), 0)) continue;
            xb_where where = xb_node_where(m, node);
            where.input = (int)k + 1;
            xb_diag(m->d, XB_ERROR, "onnx-graph", &where, "'%s' is made by no node, constant or graph input", name);
            errors++;
        }
    }
    return errors == 0;
}

static bool is_sorted(const xb_import *m)
{
    for (size_t i = 0; i < m->proto->n_node; i++)
        for (size_t k = 0; k < m->proto->node[i]->n_input; k++) {
            uint32_t maker = maker_of(m, m->proto->node[i]->input[k]);
            if (maker != none && maker >= i) return false;
        }
    return true;
}

typedef struct frame {
    uint32_t node;
    size_t input; /* next one to look at */
} frame;

/* The next input of the top frame that has to come first; none when there is none left. */
static uint32_t next_needed(const xb_import *m, frame *f, const unsigned char *state)
{
    const Onnx__NodeProto *node = m->proto->node[f->node];
    while (f->input < node->n_input) {
        uint32_t maker = maker_of(m, node->input[f->input++]);
        if (maker != none && state[maker] != DONE) return maker;
    }
    return none;
}

static bool complain_cycle(xb_import *m, uint32_t node)
{
    xb_where where = xb_node_where(m, m->proto->node[node]);
    xb_diag(m->d, XB_ERROR, "onnx-graph", &where, "needs its own result: the graph has a cycle");
    return false;
}

/* Depth first from each node in file order, on a stack of our own. */
static bool sort(xb_import *m, uint32_t *order)
{
    size_t n = m->proto->n_node, done = 0;
    unsigned char *state = xb_calloc(n, 1);
    xb_vec(frame) stack = {0};
    bool ok = true;
    for (uint32_t root = 0; ok && root < n; root++) {
        if (state[root] == DONE) continue;
        xb_push(&stack, (frame){root, 0});
        state[root] = OPEN;
        while (ok && stack.n) {
            frame *top = &stack.data[stack.n - 1];
            uint32_t needed = next_needed(m, top, state);
            if (needed == none) {
                order[done++] = top->node;
                state[top->node] = DONE;
                stack.n--;
            } else if (state[needed] == OPEN) {
                ok = complain_cycle(m, needed);
            } else {
                state[needed] = OPEN;
                xb_push(&stack, (frame){needed, 0});
            }
        }
    }
    free(state);
    xb_vec_free(&stack);
    return ok;
}

uint32_t *xb_node_order(xb_import *m)
{
    if (!check_inputs(m)) return NULL;
    uint32_t *order = xb_calloc(m->proto->n_node + 1, sizeof *order);
    for (uint32_t i = 0; i < m->proto->n_node; i++) order[i] = i;
    if (is_sorted(m)) return order;
    if (!sort(m, order)) {
        free(order);
        return NULL;
    }
    xb_diag(m->d, XB_WARNING, "onnx-graph", &(xb_where){.file = m->source.file},
            "the nodes are not in topological order; sorted");
    return order;
}
