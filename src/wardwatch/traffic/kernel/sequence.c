/* In: one TCP packet and its conversation's record. Out: how much of the sequence space is missing or came again.
 *
 * RFC 9293, section 3.4: all arithmetic modulo 2^32. A jump ahead is a hole; the newest holes are remembered in a bounded
 * pool, so that what comes late fills them and counts neither as missing nor as repeated. A hole that the pool had to
 * forget stays missing, its filling counts as repeated. Keep-alive probes (RFC 9293, section 3.8.4) count as neither.
 */
#include "kernel.h"

static void add(u32 *to, u32 n) { *to = n > UINT32_MAX - *to ? UINT32_MAX : *to + n; }

static u32 set_of(const flow *f, u32 side) { return id_hash(f->id * 2 + side) % HOLE_SETS; }

static void remember(kernel *k, const flow *f, u32 side, u32 start, u32 end) {
    const u32 set = set_of(f, side);
    for (u32 i = 0; i < HOLE_WAYS; i++)
        if (!k->holes[set][i].flow) {
            k->holes[set][i] = (hole){f->id, start, end, side};
            return;
        }
    k->holes[set][k->hole_turn[set]++ % HOLE_WAYS] = (hole){f->id, start, end, side};
}

/* Takes [start, end) out of the remembered holes; the number of bytes that were missing. */
static u32 fill(kernel *k, const flow *f, u32 side, u32 start, u32 end) {
    hole *set = k->holes[set_of(f, side)];
    u32 filled = 0;
    for (u32 i = 0; i < HOLE_WAYS; i++) {
        const hole h = set[i];
        if (h.flow != f->id || h.side != side)
            continue;
        const i32 size = (i32)(h.end - h.start), from = (i32)(start - h.start), to = (i32)(end - h.start);
        if (to <= 0 || from >= size)
            continue;
        const u32 low = from > 0 ? (u32)from : 0, high = to < size ? (u32)to : (u32)size;
        filled += high - low;
        set[i] = low ? (hole){f->id, h.start, h.start + low, side} : (hole){0, 0, 0, 0};
        if (high < (u32)size)
            remember(k, f, side, h.start + high, h.end);
    }
    return filled;
}

static void late(kernel *k, flow *f, u32 side, u32 start, u32 length, u32 behind) {
    const u32 old = length < behind ? length : behind;
    if (old <= 1 && behind == 1 && length <= 1)
        return; /* a keep-alive probe */
    u32 filled = f->missing[side] ? fill(k, f, side, start, start + old) : 0;
    if (f->missing[side] != UINT32_MAX)
        f->missing[side] -= filled < f->missing[side] ? filled : f->missing[side];
    add(&f->repeated[side], old - (filled < old ? filled : old));
}

void sequence(kernel *k, flow *f, const packet *p, u32 side) {
    if (p->tcpflags & RST)
        return;
    const u32 start = p->seq + (p->tcpflags & SYN ? 1 : 0);
    const u32 end = start + p->length + (p->tcpflags & FIN ? 1 : 0);
    const u16 valid = (u16)(SEQ_A << side);
    const i32 ahead = (i32)(start - f->next[side]);
    if (!(f->state & valid)) {
        f->state |= valid;
        f->next[side] = end;
        return;
    }
    if (UNLIKELY(ahead > 0)) {
        add(&f->missing[side], (u32)ahead);
        remember(k, f, side, f->next[side], start);
    } else if (UNLIKELY(ahead < 0)) {
        late(k, f, side, start, p->length, 0u - (u32)ahead);
    }
    if ((i32)(end - f->next[side]) > 0)
        f->next[side] = end;
}
