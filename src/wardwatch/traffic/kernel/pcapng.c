/* In: a pcapng file in chunks. Out: its packets, one by one; blocks without packets are passed over.
 *
 * draft-ietf-opsawg-pcapng, sections 3 and 4: section header, interface description, enhanced, simple and (appendix A)
 * obsolete packet blocks. A block's length stands at both of its ends: that is how a sound one is known after damage.
 */
#include "kernel.h"

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, OLD_PACKET = 2, SIMPLE = 3, ENHANCED = 6 };
enum { OPTION_END = 0, OPTION_RESOLUTION = 9, OPTION_OFFSET = 14 };

typedef struct {
    u32 type, length;
} block;

static block block_at(const walker *w, span s) {
    return (block){end32(s, 0, w->big), end32(s, 4, w->big)};
}

/* A section header tells its byte order itself (section 4.1). */
static bool order_of(span s, bool *big) {
    const u32 magic = be32(s, 8);
    *big = magic == 0x1a2b3c4d;
    return *big || magic == 0x4d3c2b1a;
}

static u64 least(u32 type) {
    switch (type) {
    case SECTION: return 28;
    case INTERFACE: return 20;
    case SIMPLE: return 16;
    case ENHANCED: case OLD_PACKET: return 32;
    default: return 12;
    }
}

static bool sane(const block *b) {
    return b->length % 4 == 0 && b->length >= least(b->type) && b->length <= RECORD_SANE;
}

static i64 saturated(unsigned __int128 ns) { return ns > INT64_MAX ? INT64_MAX : (i64)ns; }

/* if_tsresol (section 4.2): a power of ten, or with the high bit set of two. */
static unsigned __int128 nanoseconds(u64 units, u8 resolution) {
    const u32 exponent = resolution & 0x7f;
    if (resolution & 0x80)
        return exponent > 63 ? 0
                             : ((unsigned __int128)(units >> exponent) * 1000000000
                                + (((unsigned __int128)(units & ((1ull << exponent) - 1)) * 1000000000) >> exponent));
    unsigned __int128 value = units;
    for (u32 i = exponent; i < 9; i++)
        value *= 10;
    for (u32 i = 9; i < exponent && value; i++)
        value /= 10;
    return value;
}

static i64 time_of(const interface *f, u64 units) {
    const i64 ns = saturated(nanoseconds(units, f->resolution));
    i64 offset = 0, sum = 0;
    if (__builtin_mul_overflow(f->offset, (i64)1000000000, &offset) || __builtin_add_overflow(ns, offset, &sum))
        return f->offset < 0 ? 0 : INT64_MAX;
    return sum;
}

static void options(interface *f, span s, bool big) {
    while (has(s, 4)) {
        const u16 code = end16(s, 0, big);
        const u32 length = end16(s, 2, big);
        if (code == OPTION_END || !covers(s, 4, length))
            return;
        if (code == OPTION_RESOLUTION && length >= 1)
            f->resolution = s.p[4];
        if (code == OPTION_OFFSET && length >= 8)
            f->offset = (i64)end64(s, 4, big);
        s = skip(s, 4 + ((length + 3) & ~3u));
    }
}

static void declare(kernel *k, span body) {
    walker *w = &k->walk;
    if (w->ninterfaces < INTERFACES) {
        interface *f = &w->interfaces[w->ninterfaces++];
        *f = (interface){end16(body, 0, w->big), end32(body, 4, w->big), 0, 6};
        options(f, skip(body, 8), w->big);
    }
}

static const interface *declared(kernel *k, u32 id) {
    if (id < k->walk.ninterfaces)
        return &k->walk.interfaces[id];
    k->out.undeclared++;
    k->out.packets++;
    return NULL;
}

/* The common part of enhanced and obsolete packet blocks. */
static void timed(const kernel *k, batch *b, u64 at, const interface *f, span body) {
    const bool big = k->walk.big;
    const u64 units = (u64)end32(body, 4, big) << 32 | end32(body, 8, big);
    const u32 captured = end32(body, 12, big);
    batch_add(k, b, at, upto(skip(body, 20), captured), end32(body, 16, big), time_of(f, units), f->linktype);
}

/* Section 4.4: no time (that of the packet before is taken, and said), always the first interface. */
static void simple(kernel *k, span body) {
    const interface *f = declared(k, 0);
    if (!f)
        return;
    const u32 wire = end32(body, 0, k->walk.big);
    const u32 captured = f->snaplen && f->snaplen < wire ? f->snaplen : wire;
    k->out.timeless++;
    const pending p = {
        .data = upto(skip(body, 4), captured), .wire = wire, .time = k->out.packets ? k->now : 0,
        .linktype = f->linktype,
    };
    packet_in(k, &p);
}

static void alone(kernel *k, span body, u32 id) {
    const interface *f = declared(k, id);
    batch b;
    b.n = 0;
    if (f)
        timed(k, &b, 0, f, body);
    batch_run(k, &b, 0);
}

static void use(kernel *k, u32 type, span body) {
    const bool big = k->walk.big;
    switch (type) {
    case SECTION: k->walk.ninterfaces = 0; break;
    case INTERFACE: declare(k, body); break;
    case ENHANCED: alone(k, body, end32(body, 0, big)); break;
    case OLD_PACKET: alone(k, body, end16(body, 0, big)); break;
    case SIMPLE: simple(k, body); break;
    default: break;
    }
}

static bool carries_packet(u32 type) { return type == ENHANCED || type == SIMPLE || type == OLD_PACKET; }

/* 1: a sound block of a known kind lies here; 0: none; -1: more bytes are needed to tell. */
static int sound_at(kernel *k, span s, bool final) {
    if (!has(s, 12))
        return final ? 0 : -1;
    bool big = k->walk.big;
    if (be32(s, 0) == SECTION && !order_of(s, &big))
        return 0;
    const block b = {end32(s, 0, big), end32(s, 4, big)};
    if ((b.type != SECTION && !carries_packet(b.type) && b.type != INTERFACE) || !sane(&b) || b.length > RECORD_LIMIT)
        return 0;
    if (s.n < b.length)
        return final ? 0 : -1;
    return end32(s, b.length - 4, big) == b.length;
}

static u64 search(kernel *k, const u8 *data, u64 at, u64 n, bool final) {
    for (; at < n; at++) {
        const int sound = sound_at(k, (span){data + at, (u32)(n - at)}, final);
        if (sound) {
            k->walk.searching = sound < 0;
            return at;
        }
        k->out.resync_bytes++;
        if (++k->walk.scanned > RESYNC_LIMIT) {
            k->out.stopped = STOP_DAMAGED;
            k->out.stopped_at = k->out.offset + at;
            return at;
        }
    }
    return at;
}

/* Where the file seems to end within a block although a sound one follows, the block's length was damaged. */
static bool misled(kernel *k, const u8 *data, u64 at, u64 n) {
    while (++at < n)
        if (sound_at(k, (span){data + at, (u32)(n - at)}, true))
            return true;
    return false;
}

static u64 damaged(kernel *k, u64 at) {
    if (!k->out.resyncs++)
        k->out.resync_at = k->out.offset + at;
    k->walk.searching = true;
    k->walk.scanned = 0;
    return at;
}

static u64 pass_over(kernel *k, u64 at, const block *b) {
    k->walk.skip = b->length;
    if (carries_packet(b->type)) {
        k->out.oversize++;
        k->out.oversize_bytes += b->length;
        k->out.packets++;
    }
    return at;
}

static u64 one(kernel *k, const u8 *data, u64 at, u64 n) {
    walker *w = &k->walk;
    const span s = {data + at, (u32)(n - at)};
    if (!has(s, 12))
        return at;
    bool big = w->big;
    if (UNLIKELY(be32(s, 0) == SECTION)) {
        if (!order_of(s, &big))
            return damaged(k, at);
        w->big = big;
        k->out.big = big;
    }
    const block b = block_at(w, s);
    if (UNLIKELY(!sane(&b)))
        return damaged(k, at);
    if (UNLIKELY(b.length > RECORD_LIMIT))
        return pass_over(k, at, &b);
    if (s.n < b.length)
        return at;
    if (UNLIKELY(end32(s, b.length - 4, w->big) != b.length))
        return damaged(k, at);
    use(k, b.type, upto(skip(s, 8), b.length - 12));
    return at + b.length;
}

/* As many enhanced packet blocks as lie whole in the buffer one behind the other, up to a batch. */
static u64 many(kernel *k, const u8 *data, u64 at, u64 n) {
    const walker *w = &k->walk;
    batch b;
    b.n = 0;
    while (b.n < BATCH) {
        const span s = {data + at, (u32)(n - at)};
        const block each = block_at(w, s);
        const u32 id = end32(s, 8, w->big);
        if (each.type != ENHANCED || !sane(&each) || each.length > RECORD_LIMIT || s.n < each.length
            || id >= w->ninterfaces || end32(s, each.length - 4, w->big) != each.length)
            break;
        timed(k, &b, at, &w->interfaces[id], upto(skip(s, 8), each.length - 12));
        at += each.length;
    }
    return batch_run(k, &b, at);
}

u64 pcapng_walk(kernel *k, const u8 *data, u64 n, bool final) {
    walker *w = &k->walk;
    u64 at = 0;
    while (!k->out.stopped && at < n && has_room(k)) {
        const u64 before = at;
        const bool searching = w->searching;
        if (w->skip) {
            const u64 step = w->skip < n - at ? w->skip : n - at;
            w->skip -= step;
            at += step;
        } else if (searching) {
            at = search(k, data, at, n, final);
        } else {
            at = many(k, data, at, n);
            if (at == before)
                at = one(k, data, at, n);
        }
        if (at == before && !w->skip && w->searching == searching) {
            if (!final || searching || !misled(k, data, at, n))
                break; /* the block goes on in the next chunk */
            at = damaged(k, at);
        }
    }
    return at;
}
