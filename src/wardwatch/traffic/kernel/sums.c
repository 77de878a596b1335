/* In: flow records that left the table. Out: sums over them, and which of them are to be kept.
 *
 * What Ledger in ../ledger.py asks of every record of a capture. A record is three cache lines, so all its fields are
 * looked at once, while it is at hand. Two records belong to one pair where version, protocol, both addresses and the
 * port of side b are the same.
 */
#include "kernel.h"

#include <stdlib.h>

typedef struct {
    u64 tcp_payload, tcp_missing, tcp_holed, tcp_repeated, cut;
} totals;

static bool needed(const flow *f) { return f->flags & (KEPT | KNOWN_A | KNOWN_B) || f->ver == VER_ARP; }

/* Copies those that a rule may ask for, for which `to` has room; the number of these. */
EXPORT u64 ww_sift(const flow *f, u64 n, flow *to, totals *sum) {
    u64 found = 0;
    for (u64 i = 0; i < n; i++, f++) {
        if (needed(f) || !(f->flags & LOCAL_B) || f->proto == PROTO_UDP)
            to[found++] = *f;
        sum->cut += (f->flags & TRUNCATED) != 0;
        if (f->proto != PROTO_TCP || f->flags & KEPT)
            continue;
        const u64 missing = (u64)f->missing[0] + f->missing[1];
        sum->tcp_payload += f->payload[0] + f->payload[1];
        sum->tcp_repeated += (u64)f->repeated[0] + f->repeated[1];
        sum->tcp_missing += missing;
        sum->tcp_holed += missing != 0;
    }
    return found;
}

/* Moves the records with keep[i] together; the number of these. */
EXPORT u64 ww_compact(flow *f, u64 n, const u8 *keep) {
    u64 found = 0;
    for (u64 i = 0; i < n; i++)
        if (keep[i]) {
            if (found != i)
                f[found] = f[i];
            found++;
        }
    return found;
}

typedef struct {
    u32 *slots;    /* open addressing: 1 + a pair's number */
    u32 mask;
    u32 *pair;     /* of each record */
    u32 *example;  /* of each pair: its first record */
    u32 *count;    /* of each pair */
    u32 *places;   /* the records, pair after pair */
    u32 pairs;
} grouping;

static u64 word_at(const u8 *p) {
    u64 word;
    memcpy(&word, p, 8);
    return word;
}

static bool same_pair(const flow *x, const flow *y) {
    return !memcmp(x->addr, y->addr, sizeof x->addr) && x->port[1] == y->port[1] && x->ver == y->ver
           && x->proto == y->proto;
}

static u32 pair_hash(const flow *f, u64 seed) {
    u64 h = seed ^ ((u64)f->port[1] | (u64)f->proto << 16 | (u64)f->ver << 24);
    for (u32 at = 0; at < sizeof f->addr; at += 8) {
        const unsigned __int128 product = (unsigned __int128)(h ^ word_at(&f->addr[0][0] + at)) * 0x9e3779b97f4a7c15u;
        h = ((u64)product ^ (u64)(product >> 64)) + seed;
    }
    return (u32)(h ^ h >> 32);
}

static u32 pair_of(grouping *g, const flow *f, u32 i, u64 seed) {
    u32 at = pair_hash(&f[i], seed) & g->mask;
    while (g->slots[at]) {
        const u32 pair = g->slots[at] - 1;
        if (same_pair(&f[i], &f[g->example[pair]]))
            return pair;
        at = (at + 1) & g->mask;
    }
    g->slots[at] = g->pairs + 1;
    g->example[g->pairs] = i;
    return g->pairs++;
}

typedef struct {
    i64 first;
    u32 place;
} moment;

static int earlier(const void *one, const void *other) {
    const moment *x = one, *y = other;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* Marks the first `most` of the records at `places`. */
static bool mark_first(const flow *f, const u32 *places, u32 count, u64 most, u8 *keep) {
    moment *moments = malloc((u64)count * sizeof *moments);
    if (!moments)
        return false;
    for (u32 i = 0; i < count; i++)
        moments[i] = (moment){f[places[i]].first, places[i]};
    qsort(moments, count, sizeof *moments, earlier);
    for (u32 i = 0; i < count && i < most; i++)
        keep[moments[i].place] = 1;
    free(moments);
    return true;
}

/* The records in the order of their pairs; count[] becomes the place behind each pair's last record. */
static void line_up(grouping *g, u32 n) {
    u32 sum = 0;
    for (u32 pair = 0; pair < g->pairs; pair++) {
        const u32 begin = sum;
        sum += g->count[pair];
        g->count[pair] = begin;
    }
    for (u32 i = 0; i < n; i++)
        g->places[g->count[g->pair[i]]++] = i;
}

static bool group_records(grouping *g, const flow *f, u32 n, u64 calls, u64 datagrams, u64 seed, u8 *keep) {
    for (u32 i = 0; i < n; i++) {
        g->pair[i] = pair_of(g, f, i, seed);
        g->count[g->pair[i]]++;
        keep[i] = needed(&f[i]);
    }
    line_up(g, n);
    for (u32 pair = 0, begin = 0; pair < g->pairs; begin = g->count[pair++]) {
        const u64 most = f[g->example[pair]].flags & LOCAL_B ? datagrams : calls;
        if (!mark_first(f, g->places + begin, g->count[pair] - begin, most, keep))
            return false;
    }
    return true;
}

/* keep[i] = 1 for the first `calls` (to what is not local) or `datagrams` records of each pair, and for what is needed
 * anyhow. Returns 0 where there is no memory. The seed keeps an attacker from choosing pairs that collide. */
EXPORT u32 ww_first_of_pairs(const flow *f, u32 n, u64 calls, u64 datagrams, u64 seed, u8 *keep) {
    u32 size = 64;
    while (size < n + n / 2 && size < 1u << 31)
        size *= 2;
    grouping g = {.mask = size - 1};
    g.slots = calloc(size, sizeof(u32));
    g.pair = malloc(4 * ((u64)n + 1) * sizeof(u32));
    bool done = g.slots && g.pair;
    if (done) {
        g.example = g.pair + n;
        g.places = g.example + n;
        g.count = g.places + n;
        memset(g.count, 0, (u64)n * sizeof(u32));
        done = group_records(&g, f, n, calls, datagrams, seed, keep);
    }
    free(g.slots);
    free(g.pair);
    return done;
}
