/* In: events as bytes. Out: each different one once, with what all ways to it share. */
#include <stdlib.h>

#include "core.h"

enum { OUT_MAX = 64 << 20, HAPPENED_MAX = 256 };

bool put_bytes(engine *e, const void *bytes, u64 n) {
    if (e->out_used + n > e->out_room) {
        u64 room = e->out_room ? e->out_room : 4096;
        while (room < e->out_used + n)
            room *= 2;
        u8 *more = room > OUT_MAX ? NULL : realloc(e->out, room);
        if (!more) {
            e->out_failed = true;
            return false;
        }
        e->out = more;
        e->out_room = room;
    }
    memcpy(e->out + e->out_used, bytes, n);
    e->out_used += n;
    return true;
}

void put32(engine *e, u32 v) { put_bytes(e, &v, 4); }

void put64(engine *e, u64 v) { put_bytes(e, &v, 8); }

/* Whether no more is taken. */
bool is_full(const engine *e) { return e->out_used > OUT_MAX / 2; }

static u64 digest(const u8 *bytes, u64 n) {
    u64 h = 0xcbf29ce484222325u;
    for (u64 i = 0; i < n; i++)
        h = (h ^ bytes[i]) * 0x100000001b3u;
    return h | 1;
}

static void grow_seen(engine *e) {
    const u32 slots = e->seen_slots * 2;
    u64 *seen = calloc(slots, sizeof *seen);
    u32 *numbers = calloc(slots, sizeof *numbers), *places = calloc(slots, sizeof *places);
    if (!seen || !numbers || !places) {
        free(seen);
        free(numbers);
        free(places);
        return;
    }
    for (u32 old = 0; old < e->seen_slots; old++) {
        u32 i = (u32)(e->seen[old] >> 20) & (slots - 1);
        while (e->seen[old] && seen[i])
            i = (i + 1) & (slots - 1);
        if (e->seen[old]) {
            seen[i] = e->seen[old];
            numbers[i] = e->seen_number[old];
            places[i] = e->seen_at[old];
        }
    }
    free(e->seen);
    free(e->seen_number);
    free(e->seen_at);
    e->seen = seen;
    e->seen_number = numbers;
    e->seen_at = places;
    e->seen_slots = slots;
}

/* Whether this was written down before: then its number, else 0 and a place for it. `at`: where it begins. */
static u32 seen_before(engine *e, u64 h, u32 number, u32 *at) {
    if (e->nseen * 2 >= e->seen_slots)
        grow_seen(e);
    u32 i = (u32)(h >> 20) & (e->seen_slots - 1);
    for (; e->seen[i]; i = (i + 1) & (e->seen_slots - 1))
        if (e->seen[i] == h) {
            *at = e->seen_at[i];
            return e->seen_number[i];
        }
    if (e->nseen * 8ull >= e->seen_slots * 7ull)
        return 0; /* no memory for more: written down again */
    e->seen[i] = h;
    e->seen_number[i] = number;
    e->seen_at[i] = *at;
    e->nseen++;
    return 0;
}

/* How many different calls were written down for this call site; NULL where no more sites are counted. */
u64 *so_far(engine *e, u64 site) {
    u32 i = (u32)(site * 0x9e3779b97f4a7c15u >> 40) & (e->site_slots - 1);
    while (e->sites[2 * i] && e->sites[2 * i] != site)
        i = (i + 1) & (e->site_slots - 1);
    if (!e->sites[2 * i]) {
        if (e->nsites * 4 >= e->site_slots * 3)
            return NULL;
        e->nsites++;
        e->sites[2 * i] = site;
    }
    return &e->sites[2 * i + 1];
}

/* An event: size of its content, order, marks; the content that tells it from others; guards and their number. */
typedef struct {
    u32 size, order, hands_on;
} head;

/* The same event came about another way: what both share, and the later of both places in the order.
 *
 * A way that leaves out what comes before would put the event before that; what a loop does again counts once.
 */
static void merge(engine *e, u8 *event, u32 order, const u8 *guards, u32 n) {
    head first;
    u32 nfirst;
    memcpy(&first, event, sizeof first);
    first.order = order > first.order ? order : first.order;
    memcpy(event, &first, sizeof first);
    memcpy(&nfirst, event + sizeof first + first.size, 4);
    share_guards(e, event + sizeof first + first.size + 4, nfirst, guards, n);
}

static bool is_again(const path *p, u32 event) {
    const happening *h = p->happened;
    for (u32 i = 0; h && i < HAPPENED_MAX; i++, h = h->next)
        if (h->event == event)
            return true;
    return false;
}

static u32 happens(engine *e, path *p, u32 event) {
    happening *h = small_alloc(e, sizeof *h);
    if (h) {
        *h = (happening){p->happened, event};
        p->happened = h;
    }
    p->order++;
    return event;
}

/* `from`: where the event begins, whose content is written already. */
u32 finish_event(engine *e, path *p, u64 from, const u8 *guards, u32 nguards) {
    const u64 content = from + sizeof(head);
    const head first = {(u32)(e->out_used - content), p->order, e->hands_on};
    put32(e, nguards);
    put_bytes(e, guards, (u64)nguards * GUARD_SIZE);
    if (e->out_failed) {
        e->out_failed = false;
        e->out_used = from;
        e->count.cut_events++;
        return 0;
    }
    const u32 number = e->nevents + 1;
    u32 at = (u32)from;
    const u32 before = seen_before(e, digest(e->out + content, first.size), number, &at);
    if (before) {
        const bool again = is_again(p, before);
        merge(e, e->out + at, again ? 0 : p->order, guards, nguards);
        e->out_used = from;
        return again ? before : happens(e, p, before);
    }
    memcpy(e->out + from, &first, sizeof first);
    e->nevents = number;
    return happens(e, p, number);
}

u64 begin_event(engine *e) {
    static const head empty;
    const u64 from = e->out_used;
    e->hands_on = 0;
    put_bytes(e, &empty, sizeof empty);
    return from;
}
