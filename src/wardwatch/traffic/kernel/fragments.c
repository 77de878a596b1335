/* In: IPv4 and IPv6 fragments. Out: whole datagrams, decoded as if they had come with their last fragment.
 *
 * RFC 791, section 3.2; RFC 8200, section 4.5. First copy wins, unit of 8 bytes by unit; overlaps are counted. At most
 * FRAGMENTED datagrams of 64 KiB in FRAGMENT_MEMORY wait at a time, each 30 s of packet time; the oldest gives way.
 */
#include "kernel.h"

#include <stdlib.h>

static const i64 PATIENCE = 30LL * 1000000000;
enum { LONGEST = 65535, FIRST_ROOM = 2048 };

bool fragments_open(kernel *k) {
    k->frags = calloc(1, sizeof *k->frags);
    if (!k->frags)
        return false;
    for (u16 i = FRAGMENTED; i; i--) {
        k->frags->each[i].chain = k->frags->freed;
        k->frags->freed = i;
    }
    return true;
}

void fragments_close(kernel *k) {
    if (!k->frags)
        return;
    for (u32 i = 0; i <= FRAGMENTED; i++)
        free(k->frags->each[i].data);
    free(k->frags);
    k->frags = NULL;
}

static u16 *bucket_of(fragments *t, u32 hash) { return &t->buckets[hash % FRAGMENTED]; }

static void unchain(fragments *t, u16 i) {
    u16 *link = bucket_of(t, t->each[i].hash);
    while (*link && *link != i)
        link = &t->each[*link].chain;
    if (*link)
        *link = t->each[i].chain;
}

/* Takes datagram `i` out of the table; its bytes become the caller's. */
static u8 *take(fragments *t, u16 i) {
    datagram *d = &t->each[i];
    u8 *data = d->data;
    unchain(t, i);
    *(d->older ? &t->each[d->older].newer : &t->oldest) = d->newer;
    *(d->newer ? &t->each[d->newer].older : &t->newest) = d->older;
    t->memory -= d->room;
    d->data = NULL;
    d->used = 0;
    d->chain = t->freed;
    t->freed = i;
    return data;
}

/* What cannot be put together still says who spoke with whom: to or from a known address, that alone is a record. */
static void addresses_only(kernel *k, packet *p) {
    if (!within(&k->set.known, p->src, p->ver) && !within(&k->set.known, p->dst, p->ver))
        return;
    p->sport = p->dport = 0;
    p->seq = p->ack = p->tcpflags = 0;
    p->length = 0;
    p->payload = (span){p->rest.p, 0};
    flow_packet(k, p);
}

static void abandon(kernel *k, u16 i, u32 why) {
    const datagram d = k->frags->each[i];
    packet p;
    memset(&p, 0, sizeof p);
    memcpy(p.src, d.src, 16);
    memcpy(p.dst, d.dst, 16);
    p.ver = d.ver;
    p.proto = d.proto;
    p.time = d.time;
    p.number = d.number;
    p.wire = d.wire;
    count(k, why, 0, d.frames, d.wire);
    free(take(k->frags, i));
    addresses_only(k, &p);
}

/* The packet is counted, and was not decoded even where its addresses are noted. */
static layer unusable(kernel *k, packet *p, u32 why) {
    addresses_only(k, p);
    p->stored = false;
    return refuse(k, p, why, 0);
}

void fragments_flush(kernel *k) {
    while (k->frags->oldest)
        abandon(k, k->frags->oldest, C_FRAGMENT_INCOMPLETE);
}

static void expire(kernel *k) {
    fragments *t = k->frags;
    while (t->oldest && k->now - t->each[t->oldest].time > PATIENCE)
        abandon(k, t->oldest, C_FRAGMENT_INCOMPLETE);
}

static bool belongs(const datagram *d, const packet *p, u32 id) {
    return d->id == id && d->ver == p->ver && (d->ver == 6 || d->proto == p->proto) && !memcmp(d->src, p->src, 16)
           && !memcmp(d->dst, p->dst, 16);
}

static u16 waiting(fragments *t, const packet *p, u32 id, u32 hash) {
    u16 i = *bucket_of(t, hash);
    while (i && !belongs(&t->each[i], p, id))
        i = t->each[i].chain;
    return i;
}

static u16 admit(kernel *k, const packet *p, u32 id, u32 hash) {
    fragments *t = k->frags;
    if (!t->freed)
        abandon(k, t->oldest, C_FRAGMENT_OVERFLOW);
    const u16 i = t->freed;
    datagram *d = &t->each[i];
    t->freed = d->chain;
    memset(d, 0, sizeof *d);
    memcpy(d->src, p->src, 16);
    memcpy(d->dst, p->dst, 16);
    d->id = id;
    d->hash = hash;
    d->ver = p->ver;
    d->proto = p->proto;
    d->used = 1;
    d->time = p->time;
    d->number = p->number;
    d->chain = *bucket_of(t, hash);
    *bucket_of(t, hash) = i;
    d->older = t->newest;
    *(t->newest ? &t->each[t->newest].newer : &t->oldest) = i;
    t->newest = i;
    return i;
}

static u32 rounded(u32 n) {
    u32 room = FIRST_ROOM;
    while (room < n)
        room *= 2;
    return room;
}

/* Makes room for `n` bytes; older datagrams give way where the memory of all is used up. */
static bool grow(kernel *k, u16 i, u32 n) {
    fragments *t = k->frags;
    datagram *d = &t->each[i];
    if (n <= d->room)
        return true;
    const u32 room = rounded(n);
    while (t->memory + room - d->room > FRAGMENT_MEMORY && t->oldest != i)
        abandon(k, t->oldest, C_FRAGMENT_OVERFLOW);
    u8 *data = realloc(d->data, room);
    if (!data)
        return false;
    t->memory += room - d->room;
    d->data = data;
    d->room = room;
    return true;
}

static bool place(datagram *d, span s, u32 at) {
    bool overlap = false;
    for (u32 done = 0; done < s.n; done += 8) {
        const u32 unit = (at + done) / 8, n = s.n - done < 8 ? s.n - done : 8;
        const u64 bit = 1ull << unit % 64;
        if (d->present[unit / 64] & bit) {
            overlap = true;
            continue;
        }
        d->present[unit / 64] |= bit;
        d->units++;
        memcpy(d->data + at + done, s.p + done, n);
    }
    return overlap;
}

static layer whole(kernel *k, packet *p, u16 i) {
    datagram *d = &k->frags->each[i];
    const u32 length = d->length;
    p->proto = d->proto;
    p->frames = d->frames;
    p->wire = d->wire;
    u8 *data = take(k->frags, i);
    if (p->nowned == DEPTH_LIMIT) {
        free(data);
        return refuse(k, p, C_TOO_DEEP, 0);
    }
    p->owned[p->nowned++] = data;
    p->rest = (span){data, length};
    p->real = length;
    return L_TRANSPORT;
}

static bool odd(const packet *p, u32 at, bool more) {
    return !p->rest.n || at + p->rest.n > LONGEST || (more && p->rest.n % 8);
}

/* The last fragment fixes the length; one that contradicts an earlier one, or lies beyond it, is odd. */
static bool contradicts(const datagram *d, u32 end, bool more) {
    return d->last_seen && (more ? end > d->length : end != d->length);
}

layer fragment(kernel *k, packet *p, u32 id, u32 at, bool more) {
    fragments *t = k->frags;
    p->hinted = false;
    if (p->rest.n < p->real)
        return unusable(k, p, C_FRAGMENT_CUT);
    if (odd(p, at, more))
        return unusable(k, p, C_FRAGMENT_ODD);
    expire(k);
    const u32 hash = flow_hash(k, p->src, p->dst, id & 0xffff, id >> 16, p->ver, p->ver == 6 ? 0 : p->proto);
    u16 i = waiting(t, p, id, hash);
    if (!i)
        i = admit(k, p, id, hash);
    datagram *d = &t->each[i];
    const u32 end = at + p->rest.n;
    if (contradicts(d, end, more) || !grow(k, i, end))
        return unusable(k, p, C_FRAGMENT_ODD);
    if (place(d, p->rest, at))
        count(k, C_FRAGMENT_OVERLAP, 0, 1, p->wire);
    if (at == 0)
        d->proto = p->proto; /* RFC 8200: the first fragment's next header counts */
    d->frames += p->frames;
    d->wire += p->wire;
    p->stored = true;
    if (!more) {
        d->last_seen = 1;
        d->length = end;
    }
    return d->last_seen && d->units == (d->length + 7) / 8 ? whole(k, p, i) : L_DONE;
}
