/* In: a packet of a conversation. Out: its payload in the arena, where the conversation is one whose payload is kept.
 *
 * Kept are conversations that a signature matched, up to the signature's budget; those with a known address, up to
 * KNOWN_BUDGET a direction; and any other, up to UNKNOWN_EACH a direction, while the examination's budget lasts.
 */
#include "kernel.h"

static void look(kernel *k, flow *f, const packet *p, u32 side) {
    const u32 shift = side * 4, looked = f->looked >> shift & 15;
    if (looked >= LOOKS)
        return;
    f->looked = (u8)((f->looked & ~(15u << shift)) | (looked + 1) << shift);
    const u32 found = match_payload(k->match, p);
    if (found) {
        f->signature = (u8)found;
        f->codec = k->match->each[found - 1].codec;
    }
}

static bool known(const flow *f) { return f->flags & (KNOWN_A | KNOWN_B); }

static u64 budget(const kernel *k, const flow *f) {
    if (f->codec) {
        const signature *s = &k->match->each[f->signature - 1];
        const bool inside = (f->flags & (LOCAL_A | LOCAL_B)) == (LOCAL_A | LOCAL_B) && !known(f);
        return inside && s->inside < s->budget ? s->inside : s->budget;
    }
    return known(f) ? (u64)KNOWN_BUDGET : UNKNOWN_EACH;
}

static bool affordable(kernel *k, flow *f, const packet *p, u32 side) {
    const u64 left = budget(k, f), n = p->payload.n;
    const bool shared = !f->codec && !known(f);
    if (f->state & (OVER_A << side) || n > left || f->kept[side] > left - n || (shared && n > k->unknown_left)) {
        if (shared && n > k->unknown_left)
            k->unknown_left = 0;
        f->state |= (u16)(OVER_A << side);
        f->flags |= BUDGET;
        return false;
    }
    if (shared)
        k->unknown_left -= n;
    return true;
}

static void hand_on(kernel *k, flow *f, u32 slot, const packet *p, u32 side) {
    report *out = &k->out;
    if (out->segments_ready == ARENA_SEGMENTS || ARENA_BYTES - out->arena_used < p->payload.n)
        return; /* cannot be: has_room() is asked before each packet */
    const u32 at = (u32)out->arena_used;
    memcpy(k->arena + at, p->payload.p, p->payload.n);
    out->arena_used += p->payload.n;
    out->segments_total++;
    out->unsure += !f->codec && p->payload.n;
    k->segments[out->segments_ready++] = (segment){
        .time = p->time, .flow = f->id, .number = p->number, .seq = p->seq, .length = p->length, .at = at,
        .n = p->payload.n, .file = (u16)k->file, .side = (u8)side, .flags = p->tcpflags, .codec = f->codec,
        .apart = (f->state & APART) != 0, .channel = channel_of(k, f),
    };
    f->kept[side] += p->payload.n;
    if (!(f->flags & KEPT)) {
        f->flags |= KEPT;
        out->begun++;
        index_put(&k->ids, id_hash(f->id), slot);
    }
}

void keep(kernel *k, flow *f, u32 slot, packet *p, u32 side) {
    if ((f->proto != PROTO_TCP && f->proto != PROTO_UDP) || f->ver == VER_ARP || f->state & DROPPED)
        return;
    if (p->payload.n && !f->codec)
        look(k, f, p, side);
    if (!f->codec && !known(f) && !k->unknown_left && !(f->flags & KEPT))
        return;
    if (p->length) {
        if (affordable(k, f, p, side))
            hand_on(k, f, slot, p, side);
    } else if (p->tcpflags & (SYN | FIN | RST) && (f->flags & KEPT || known(f))) {
        hand_on(k, f, slot, p, side);
    }
}
