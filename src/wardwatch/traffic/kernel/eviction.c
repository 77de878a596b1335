/* In: a full flow table. Out: a batch of its records moved to the retired ones, the least telling first.
 *
 * A hand goes round the records in the order they lie in (so that the hash's seed changes nothing), looks at a window,
 * and takes the lowest classes of it; a record used since the hand last passed has a second chance.
 */
#include "kernel.h"

enum { SPENT, SINGLE, ACTIVE, HELD, NAMED, CLASSES };
static const i64 IDLE = 60LL * 1000000000;

static u32 class_of(const kernel *k, const flow *f) {
    if (f->flags & (KNOWN_A | KNOWN_B))
        return NAMED;
    if (f->flags & KEPT && !(f->state & DROPPED))
        return HELD;
    if (f->flags & CLOSED || k->now - f->last > IDLE)
        return SPENT;
    return f->state & RECENT ? ACTIVE : SINGLE;
}

void retire(kernel *k, u32 slot) {
    flow *f = &k->flows[slot];
    const u32 far = f->proto == PROTO_ICMP || f->proto == PROTO_ICMP6 ? f->port[0] : f->port[1];
    const u32 hash = flow_hash(k, f->addr[0], f->addr[1], f->port[0], far, f->ver, f->proto);
    index_take(&k->index, hash, slot);
    if (f->flags & KEPT)
        index_take(&k->ids, id_hash(f->id), slot);
    if (k->out.retired_ready < RETIRED)
        k->retired[k->out.retired_ready++] = *f;
    f->id = 0;
    k->freed[k->nfreed++] = slot;
    k->out.flows_live--;
}

static u32 following(const kernel *k, u32 slot) { return slot + 1 < k->used ? slot + 1 : 0; }

/* The highest class that must go for `wanted` records of the window to leave. */
static u32 threshold(kernel *k, u32 window, u32 wanted) {
    u32 found[CLASSES] = {0}, sum = 0;
    for (u32 i = 0, slot = k->hand; i < window; i++, slot = following(k, slot))
        if (k->flows[slot].id)
            found[class_of(k, &k->flows[slot])]++;
    for (u32 c = 0; c < CLASSES; c++)
        if ((sum += found[c]) >= wanted)
            return c;
    return CLASSES - 1;
}

void make_room(kernel *k) {
    u32 window = k->eviction * 4 < k->used ? k->eviction * 4 : k->used;
    u32 limit = threshold(k, window, k->eviction);
    if (limit >= HELD && window < k->used) {
        window = k->used; /* rather look everywhere than lose what was kept */
        limit = threshold(k, window, k->eviction);
    }
    const u32 before = (u32)k->out.retired_ready;
    for (u32 pass = 0; pass <= limit; pass++) {
        u32 slot = k->hand;
        for (u32 i = 0; i < window && k->out.retired_ready - before < k->eviction; i++, slot = following(k, slot)) {
            flow *f = &k->flows[slot];
            if (f->id && class_of(k, f) == pass)
                retire(k, slot);
        }
    }
    for (u32 i = 0; i < window; i++, k->hand = following(k, k->hand))
        k->flows[k->hand].state &= (u16)~RECENT;
    k->out.evicted += k->out.retired_ready - before;
}
