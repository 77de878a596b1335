/* In: a reason, a number that belongs to it, packets and bytes. Out: one line of the list of what was not decoded. */
#include "kernel.h"

static bool same(const counter *c, u32 kind, u32 value) { return c->kind == kind && c->value == value; }

static counter *line(kernel *k, u32 kind, u32 value) {
    u32 n = (u32)k->out.ncounters;
    for (u32 i = 0; i < n; i++)
        if (same(&k->counters[i], kind, value))
            return &k->counters[i];
    if (n >= COUNTERS - 1) { /* the last line is for all that come later */
        kind = C_OTHERS, value = 0;
        if (n == COUNTERS)
            return &k->counters[COUNTERS - 1];
    }
    k->out.ncounters = n + 1;
    k->counters[n] = (counter){.kind = kind, .value = value};
    return &k->counters[n];
}

void count(kernel *k, u32 kind, u32 value, u64 packets, u64 bytes) {
    counter *c = line(k, kind, value);
    c->packets += packets;
    c->bytes += bytes;
}

layer refuse(kernel *k, packet *p, u32 kind, u32 value) {
    count(k, kind, value, p->frames, p->wire);
    return L_DONE;
}
