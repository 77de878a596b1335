/* In: hashes and record numbers. Out: an open-addressed index of them, and address ranges searched by halving.
 *
 * Linear probing with backward-shift deletion (Knuth, TAOCP 3, section 6.4, algorithm R): no tombstones, so a flood that
 * fills and empties the table for hours leaves it as fast as it was.
 */
#include "kernel.h"

#include <stdlib.h>

bool index_open(hashed *x, u64 records) {
    u64 size = 64;
    while (size < records + records / 2)
        size *= 2;
    x->mask = (u32)(size - 1);
    x->entries = pages(size * sizeof(entry));
    return x->entries != NULL;
}

void index_put(hashed *x, u32 hash, u32 slot) {
    u32 at = hash & x->mask;
    while (x->entries[at].slot)
        at = (at + 1) & x->mask;
    x->entries[at] = (entry){hash, slot + 1};
}

static void close_up(hashed *x, u32 hole) {
    for (u32 at = (hole + 1) & x->mask; x->entries[at].slot; at = (at + 1) & x->mask) {
        const u32 home = x->entries[at].hash & x->mask;
        if (((at - home) & x->mask) >= ((at - hole) & x->mask)) {
            x->entries[hole] = x->entries[at];
            hole = at;
        }
    }
    x->entries[hole] = (entry){0, 0};
}

void index_take(hashed *x, u32 hash, u32 slot) {
    for (u32 at = hash & x->mask; x->entries[at].slot; at = (at + 1) & x->mask)
        if (x->entries[at].slot == slot + 1) {
            close_up(x, at);
            return;
        }
}

u32 id_hash(u32 id) { return (u32)(((u64)id * 0x9e3779b97f4a7c15u) >> 32); }

bool within(const networks *n, const u8 address[16], u32 ver) {
    const u32 which = ver == 6;
    const range *r = n->ranges[which];
    u64 low = 0, high = n->count[which];
    while (low < high) {
        const u64 middle = (low + high) / 2;
        if (memcmp(address, r[middle].low, 16) < 0)
            high = middle;
        else if (memcmp(address, r[middle].high, 16) > 0)
            low = middle + 1;
        else
            return true;
    }
    return false;
}
