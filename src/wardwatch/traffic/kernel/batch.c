/* In: the packets that lie whole in the buffer, a few dozen at a time. Out: the same packets decoded, without waiting.
 *
 * A conversation's record is seldom in the processor's cache. For each packet of a batch the hash of the simple case
 * (IPv4 or IPv6, TCP or UDP, at most one VLAN tag) is worked out first and its place in the index fetched, then the
 * record it points to, and only then is each packet decoded: the memory answers many questions at once.
 */
#include "kernel.h"

enum { AHEAD = 8 }; /* records fetched before their turn: about as many as a processor waits for at once */

static u32 network_at(span s, u32 linktype) {
    switch (linktype) {
    case 1: return be16(s, 12) == 0x8100 ? 18 : 14;
    case 113: return 16;
    case 276: return 20;
    case 0: case 108: return 4;
    case 12: case 14: case 101: case 228: case 229: return 0;
    default: return UINT32_MAX;
    }
}

static bool ip_follows(span s, u32 linktype, u32 at, u16 type) {
    switch (linktype) {
    case 1: return be16(s, at - 2) == type;
    case 113: return be16(s, 14) == type;
    case 276: return be16(s, 0) == type;
    default: return true;
    }
}

static bool plain4(span ip) {
    return ip.p[0] == 0x45 && !(be16(ip, 6) & 0x3fff) && (ip.p[9] == PROTO_TCP || ip.p[9] == PROTO_UDP);
}

static bool plain6(span ip) {
    return ip.p[0] >> 4 == 6 && has(ip, 60) && (ip.p[6] == PROTO_TCP || ip.p[6] == PROTO_UDP);
}

/* What nearly every packet is: IPv4 in an Ethernet frame. */
static bool usual(const kernel *k, pending *p) {
    const span s = p->data;
    if (p->linktype != 1 || !has(s, 54) || be16(s, 12) != 0x0800 || !plain4(skip(s, 14)))
        return false;
    p->hash = hash4(k, s.p + 26, be16(s, 34), be16(s, 36), s.p[23]);
    return true;
}

static bool hint(const kernel *k, pending *p) {
    if (usual(k, p))
        return true;
    const u32 at = network_at(p->data, p->linktype);
    if (!covers(p->data, at, 40))
        return false;
    const span ip = skip(p->data, at);
    if (plain4(ip) && ip_follows(p->data, p->linktype, at, 0x0800)) {
        p->hash = hash4(k, ip.p + 12, be16(ip, 20), be16(ip, 22), ip.p[9]);
        return true;
    }
    if (plain6(ip) && ip_follows(p->data, p->linktype, at, 0x86dd)) {
        p->hash = flow_hash(k, ip.p + 8, ip.p + 24, be16(ip, 40), be16(ip, 42), 6, ip.p[6]);
        return true;
    }
    return false;
}

static void fetch_record(const kernel *k, const pending *p) {
    const entry *e = k->index.entries;
    if (!p->hinted)
        return;
    for (u32 at = p->hash & k->index.mask; e[at].slot; at = (at + 1) & k->index.mask)
        if (e[at].hash == p->hash) {
            const u8 *f = (const u8 *)&k->flows[e[at].slot - 1];
            __builtin_prefetch(f, 1);
            __builtin_prefetch(f + 64, 1);
            return;
        }
}

void batch_add(const kernel *k, batch *b, u64 at, span data, u32 wire, i64 time, u32 linktype) {
    pending *p = &b->each[b->n++];
    *p = (pending){.data = data, .at = at, .time = time, .wire = wire, .linktype = linktype};
    p->hinted = hint(k, p);
    if (p->hinted)
        __builtin_prefetch(&k->index.entries[p->hash & k->index.mask]);
}

/* Where to go on: at `end`, or before that at the first packet for which there was no room. */
u64 batch_run(kernel *k, batch *b, u64 end) {
    for (u32 i = 0; i < AHEAD && i < b->n; i++)
        fetch_record(k, &b->each[i]);
    for (u32 i = 0; i < b->n; i++) {
        if (i + AHEAD < b->n)
            fetch_record(k, &b->each[i + AHEAD]);
        if (UNLIKELY(!has_room(k)))
            return b->each[i].at;
        packet_in(k, &b->each[i]);
    }
    return end;
}
