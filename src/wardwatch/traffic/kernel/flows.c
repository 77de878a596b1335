/* In: one packet taken apart. Out: the record of its conversation, opened or brought up to date.
 *
 * Key: IP version, protocol, both addresses, both ports, in either order; the VLAN is no part of it. A new record is
 * opened by a SYN with another initial sequence number (RFC 9293, section 3.6.1: port reuse) and after idle time-outs.
 */
#include "kernel.h"

#include <stdlib.h>

static const i64 REUSE_IDLE = 60LL * 1000000000;

static u64 mix(u64 a, u64 b) {
    const unsigned __int128 product = (unsigned __int128)a * b;
    return (u64)product ^ (u64)(product >> 64);
}

static u64 end_point(const kernel *k, u64 one, u64 two, u32 port) {
    return mix(one ^ k->set.seed[0], two ^ k->set.seed[1] ^ ((u64)port << 32 | port));
}

static u32 conversation(const kernel *k, u64 x, u64 y, u32 ver, u32 proto) {
    const u64 h = mix((x < y ? x : y) ^ k->set.seed[1], (x < y ? y : x) ^ (ver << 8 | proto) ^ 0x2d358dccaa6c78a5u);
    return (u32)(h ^ h >> 32);
}

u32 flow_hash(const kernel *k, const u8 a[16], const u8 b[16], u32 aport, u32 bport, u32 ver, u32 proto) {
    u64 x[2], y[2];
    memcpy(x, a, 16);
    memcpy(y, b, 16);
    return conversation(k, end_point(k, x[0], x[1], aport), end_point(k, y[0], y[1], bport), ver, proto);
}

/* The same for IPv4, from the header's eight bytes of addresses. */
u32 hash4(const kernel *k, const u8 addresses[8], u32 sport, u32 dport, u32 proto) {
    u64 halves[2];
    widen(&halves[0], addresses);
    widen(&halves[1], addresses + 4);
    return conversation(k, end_point(k, halves[0], 0, sport), end_point(k, halves[1], 0, dport), 4, proto);
}

/* A number for side a, side b and its port: equal for equal ones, and different for others but for chance. */
u64 channel_of(const kernel *k, const flow *f) {
    u64 x[2], y[2];
    memcpy(x, f->addr[0], 16);
    memcpy(y, f->addr[1], 16);
    const u64 one = end_point(k, x[0], x[1], 0), other = end_point(k, y[0], y[1], f->port[1]);
    return mix(one ^ 0x9e3779b97f4a7c15u, other ^ ((u64)f->ver << 8 | f->proto) ^ 0x2d358dccaa6c78a5u) ^ one;
}

static bool equal(const u8 x[16], const u8 y[16]) {
    u64 a[2], b[2];
    memcpy(a, x, 16);
    memcpy(b, y, 16);
    return !((a[0] ^ b[0]) | (a[1] ^ b[1]));
}

/* ICMP's one number belongs to the conversation, not to a side. */
static bool sideless(u32 proto) { return proto == PROTO_ICMP || proto == PROTO_ICMP6; }

/* 0 or 1: which side sent the packet; 2: another conversation. */
static u32 sender(const flow *f, const packet *p) {
    if (f->ver != p->ver || f->proto != p->proto)
        return 2;
    if (f->port[0] == p->sport && f->port[1] == p->dport && equal(f->addr[0], p->src) && equal(f->addr[1], p->dst))
        return 0;
    const bool ports = sideless(p->proto) ? f->port[0] == p->sport : f->port[0] == p->dport && f->port[1] == p->sport;
    return ports && equal(f->addr[0], p->dst) && equal(f->addr[1], p->src) ? 1 : 2;
}

static flow *find(const kernel *k, u32 hash, const packet *p, u32 *slot, u32 *side) {
    const entry *e = k->index.entries;
    for (u32 at = hash & k->index.mask; e[at].slot; at = (at + 1) & k->index.mask) {
        if (e[at].hash != hash)
            continue;
        flow *f = &k->flows[e[at].slot - 1];
        const u32 s = sender(f, p);
        if (s < 2) {
            *slot = e[at].slot - 1;
            *side = s;
            return f;
        }
    }
    return NULL;
}

static bool another_syn(const flow *f, const packet *p, u32 side) {
    if (side == 0)
        return !(f->state & ISN) || f->isn != p->seq;
    /* From the other side: both opening at once (RFC 9293, figure 7) unless the conversation has got further. */
    return f->packets[1] != 0 || (f->flags & CLOSED) || p->time - f->last > REUSE_IDLE;
}

static bool another_syn_ack(const flow *f, const packet *p, u32 side) {
    return side == 0 && ((f->flags & CLOSED) || !(f->state & ISN) || f->isn != p->seq);
}

/* Whether the packet begins a new conversation between the same ports. */
static bool renewed(const kernel *k, const flow *f, const packet *p, u32 side) {
    const i64 idle = p->time - f->last;
    if (p->proto != PROTO_TCP)
        return idle > k->set.other_idle;
    if (idle > k->set.tcp_idle)
        return true;
    if (!(p->tcpflags & SYN) || p->tcpflags & RST)
        return false;
    return p->tcpflags & ACK ? another_syn_ack(f, p, side) : another_syn(f, p, side);
}

/* Without a SYN the first sender is side a, unless it looks like a server whose client was not seen asking. */
static u32 first_side(const packet *p) {
    if (sideless(p->proto))
        return p->tcpflags != 0;
    if (p->proto != PROTO_TCP && p->proto != PROTO_UDP)
        return 0;
    if (p->proto == PROTO_TCP && p->tcpflags & SYN)
        return (p->tcpflags & ACK) != 0;
    return p->dport >= 1024 && p->sport < p->dport && (p->sport < 1024 || p->dport >= 32768);
}

static void mark_networks(const kernel *k, flow *f) {
    for (u32 s = 0; s < 2; s++) {
        if (within(&k->set.local, f->addr[s], f->ver))
            f->flags |= (u8)(LOCAL_A << s);
        if (within(&k->set.known, f->addr[s], f->ver))
            f->flags |= (u8)(KNOWN_A << s);
    }
}

static void first_sequence(flow *f, const packet *p, u32 side) {
    if (p->proto != PROTO_TCP || !(p->tcpflags & SYN))
        return;
    f->isn = side == 0 ? p->seq : p->ack - 1;
    f->state |= ISN;
    if (side == 1) { /* the answer tells what side a sends next */
        f->next[0] = p->ack;
        f->state |= SEQ_A;
    }
}

static u32 new_slot(kernel *k) {
    if (!k->nfreed && k->used == k->set.max_flows)
        make_room(k);
    return k->nfreed ? k->freed[--k->nfreed] : k->used++;
}

static flow *open_flow(kernel *k, u32 hash, const packet *p, u32 *slot, u32 *side) {
    *slot = new_slot(k);
    flow *f = &k->flows[*slot];
    memset(f, 0, sizeof *f);
    const u32 s = *side = first_side(p);
    memcpy(f->addr[s], p->src, 16);
    memcpy(f->addr[!s], p->dst, 16);
    f->port[sideless(p->proto) ? 0 : s] = p->sport;
    f->port[sideless(p->proto) ? 1 : !s] = p->dport;
    f->ver = p->ver;
    f->proto = p->proto;
    f->vlan = p->vlan;
    f->first = f->last = f->last_a = p->time;
    f->id = ++k->next_id;
    f->number = p->number;
    f->file = (u16)k->file;
    mark_networks(k, f);
    first_sequence(f, p, s);
    index_put(&k->index, hash, *slot);
    k->out.flows_seen++;
    k->out.flows_live++;
    return f;
}

static void first_of_side(flow *f, const packet *p, u32 side) {
    memcpy(f->mac[side], p->mac, 6);
    f->ttl[side] = p->ttl;
    if (side == 0)
        f->last_a = p->time;
}

static void tcp_state(flow *f, const packet *p, u32 side) {
    if (p->tcpflags & RST)
        f->flags |= CLOSED;
    if (p->tcpflags & FIN) {
        f->state |= (u16)(FIN_A << side);
        if ((f->state & (FIN_A | FIN_B)) == (FIN_A | FIN_B))
            f->flags |= CLOSED;
    }
    if (p->tcpflags & SYN && !(p->tcpflags & ACK) == !side && f->syns[side] < UINT16_MAX)
        f->syns[side]++;
}

static void update(kernel *k, flow *f, const packet *p, u32 side) {
    if (!f->packets[side])
        first_of_side(f, p, side);
    if (side == 0) {
        const double gap = (double)(p->time - f->last_a) * 1e-9;
        f->gap2 += gap * gap;
        f->last_a = p->time;
    }
    if (p->time > f->last)
        f->last = p->time;
    f->packets[side] += f->packets[side] < UINT32_MAX;
    f->payload[side] += p->length;
    f->wire[side] += p->wire;
    f->tcpflags[side] |= p->tcpflags;
    if (p->proto == PROTO_TCP) {
        tcp_state(f, p, side);
        sequence(k, f, p, side);
    }
    if (p->payload.n < p->length)
        f->flags |= TRUNCATED;
}

void flow_packet(kernel *k, packet *p) {
    u32 slot = 0, side = 0;
    const u32 dport = sideless(p->proto) ? p->sport : p->dport;
    const u32 hash = p->hinted ? p->hash : flow_hash(k, p->src, p->dst, p->sport, dport, p->ver, p->proto);
    CHECK(hash == flow_hash(k, p->src, p->dst, p->sport, dport, p->ver, p->proto));
    flow *f = find(k, hash, p, &slot, &side);
    if (f && UNLIKELY(renewed(k, f, p, side))) {
        retire(k, slot);
        f = NULL;
    }
    if (f)
        f->state |= RECENT;
    else
        f = open_flow(k, hash, p, &slot, &side);
    p->stored = true;
    update(k, f, p, side);
    keep(k, f, slot, p, side);
}

bool flows_open(kernel *k) {
    const u64 n = k->set.max_flows;
    k->flows = pages(n * sizeof(flow));
    k->freed = malloc(n * sizeof(u32));
    k->retired = malloc(RETIRED * sizeof(flow));
    k->holes = calloc(HOLE_SETS, sizeof(hole[HOLE_WAYS]));
    k->hole_turn = calloc(HOLE_SETS, 1);
    k->eviction = n / 8 < 1 ? 1 : n / 8 > EVICTION ? EVICTION : (u32)(n / 8);
    return k->flows && k->freed && k->retired && k->holes && k->hole_turn && index_open(&k->index, n)
           && index_open(&k->ids, n);
}
