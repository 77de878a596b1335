/* In: a pcap file in chunks. Out: its packets, one by one; after damage, from the next sound record on.
 *
 * draft-ietf-opsawg-pcap, sections 4 and 5; the record header with 24 bytes belongs to the 'modified' format of old
 * Linux captures (magic a1b2cd34).
 */
#include "kernel.h"

enum { FILE_HEADER = 24, SNAPLEN_USUAL = 262144 };
static const i64 DAY = 86400LL * 1000000000;

typedef struct {
    i64 time;
    u32 captured, wire, fraction;
} record;

bool has_room(const kernel *k) {
    return k->out.segments_ready + SUBFRAMES + 2 <= ARENA_SEGMENTS && k->out.arena_used + ARENA_ROOM <= ARENA_BYTES
           && k->out.retired_ready + k->eviction + 2 * SUBFRAMES + 2 * FRAGMENTED <= RETIRED;
}

static u64 open_file(kernel *k, span head) {
    walker *w = &k->walk;
    const u32 big = be32(head, 0), little = le32(head, 0);
    w->big = big == 0xa1b2c3d4 || big == 0xa1b23c4d || big == 0xa1b2cd34;
    const u32 magic = w->big ? big : little;
    w->fraction = magic == 0xa1b23c4d ? 1 : 1000;
    w->header = magic == 0xa1b2cd34 ? 24 : 16;
    w->snaplen = end32(head, 16, w->big);
    w->linktype = end32(head, 20, w->big) & 0x03ffffff; /* the upper bits tell of frame check sequences */
    w->magic = be32(head, 0);
    w->version = be32(head, 4);
    w->started = true;
    k->out.big = w->big;
    k->out.nano = w->fraction == 1;
    if (end16(head, 4, w->big) != 2) {
        k->out.stopped = STOP_VERSION;
        return 0;
    }
    return FILE_HEADER;
}

/* Of a span that holds a record header; else zeros. */
static record header_at(const walker *w, span s) {
    u32 fields[4] = {0};
    if (has(s, 16)) {
        if (w->big)
            for (u32 i = 0; i < 4; i++)
                fields[i] = be32(s, 4 * i);
        else
            for (u32 i = 0; i < 4; i++)
                fields[i] = le32(s, 4 * i);
    }
    return (record){
        .time = (i64)fields[0] * 1000000000 + (i64)(fields[1] * w->fraction),
        .captured = fields[2],
        .wire = fields[3],
        .fraction = fields[1],
    };
}

static u32 longest(const walker *w) {
    if (!w->snaplen || w->snaplen > RECORD_SANE)
        return RECORD_SANE;
    return w->snaplen > SNAPLEN_USUAL ? w->snaplen : SNAPLEN_USUAL;
}

/* Nobody sends nothing: such a record is damage, most often a stretch of zeros. */
static bool empty(const record *r) { return !r->captured && !r->wire; }

/* Files put one behind the other without a thought have another file header where a record should be. */
static bool another_file(const walker *w, span s) { return be32(s, 0) == w->magic && be32(s, 4) == w->version; }

static bool near(i64 one, i64 other) { return one - other > -DAY && one - other < DAY; }

/* Stricter than needed to read a record: what is searched for after damage must not be met by chance. */
static bool plausible(const kernel *k, const record *r) {
    const walker *w = &k->walk;
    const bool timely = !k->out.packets || near(r->time, k->now) || near(r->time, k->out.first);
    const u32 most = w->snaplen && w->snaplen < RECORD_LIMIT ? w->snaplen : RECORD_LIMIT;
    return r->captured && r->captured <= most && r->captured <= r->wire && r->wire <= RECORD_SANE
           && r->fraction < 1000000000 / w->fraction && timely;
}

/* 1: a sound record lies here, followed by another or by the end; 0: none; -1: more bytes are needed to tell. */
static int sound_at(const kernel *k, span s, bool final) {
    const walker *w = &k->walk;
    if (!has(s, w->header))
        return final ? 0 : -1;
    const record r = header_at(w, s);
    if (!plausible(k, &r))
        return 0;
    const span after = skip(s, w->header + r.captured);
    if (s.n < w->header + r.captured)
        return final ? 0 : -1;
    if (has(after, w->header)) {
        const record next = header_at(w, after);
        return plausible(k, &next);
    }
    return final ? 1 : -1;
}

static void give_up(kernel *k, u64 at) {
    k->out.stopped = STOP_DAMAGED;
    k->out.stopped_at = k->out.offset + at;
}

/* Passes over bytes until a sound record; the new position. Stops where it needs more or gave up. */
static u64 search(kernel *k, const u8 *data, u64 at, u64 n, bool final) {
    walker *w = &k->walk;
    for (; at < n; at++) {
        const int sound = sound_at(k, (span){data + at, (u32)(n - at)}, final);
        if (sound < 0)
            return at;
        if (sound) {
            w->searching = false;
            return at;
        }
        k->out.resync_bytes++;
        if (++w->scanned > RESYNC_LIMIT) {
            give_up(k, at);
            return at;
        }
    }
    return at;
}

static void begin_search(kernel *k, u64 at) {
    if (!k->out.resyncs++)
        k->out.resync_at = k->out.offset + at;
    k->walk.searching = true;
    k->walk.scanned = 0;
}

/* As many sound records as lie whole in the buffer, up to a batch. */
static u64 many(kernel *k, const u8 *data, u64 at, u64 n) {
    const walker *w = &k->walk;
    const u32 most = longest(w) < RECORD_LIMIT ? longest(w) : RECORD_LIMIT;
    batch b;
    b.n = 0;
    while (b.n < BATCH) {
        const span s = {data + at, (u32)(n - at)};
        if (!has(s, w->header))
            break;
        const record r = header_at(w, s);
        if (UNLIKELY(r.captured > most || r.wire > RECORD_SANE * 4u || empty(&r) || another_file(w, s))
            || s.n - w->header < r.captured)
            break;
        batch_add(k, &b, at, upto(skip(s, w->header), r.captured), r.wire, r.time, w->linktype);
        at += w->header + r.captured;
    }
    return batch_run(k, &b, at);
}

/* A record that did not fit a batch: damage, one that is too long, or the first part of one. */
static u64 odd(kernel *k, const u8 *data, u64 at, u64 n) {
    walker *w = &k->walk;
    const span s = {data + at, (u32)(n - at)};
    if (!has(s, w->header))
        return at;
    if (another_file(w, s))
        return has(s, FILE_HEADER) ? at + open_file(k, upto(s, FILE_HEADER)) : at;
    const record r = header_at(w, s);
    if (r.captured > longest(w) || r.wire > RECORD_SANE * 4u || empty(&r)) {
        begin_search(k, at);
        return at;
    }
    if (r.captured > RECORD_LIMIT) {
        k->out.oversize++;
        k->out.oversize_bytes += r.captured;
        k->out.packets++;
        w->skip = (u64)w->header + r.captured;
        return at;
    }
    return at;
}

/* Where the file seems to end within a record although a sound one follows, the record's length was damaged. */
static bool misled(kernel *k, const u8 *data, u64 at, u64 n) {
    while (++at < n)
        if (sound_at(k, (span){data + at, (u32)(n - at)}, true))
            return true;
    return false;
}

u64 pcap_walk(kernel *k, const u8 *data, u64 n, bool final) {
    walker *w = &k->walk;
    u64 at = 0;
    if (!w->started) {
        if (n < FILE_HEADER)
            return 0;
        at = open_file(k, (span){data, FILE_HEADER});
    }
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
                at = odd(k, data, at, n);
        }
        if (at == before && !w->skip && w->searching == searching) {
            if (!final || searching || !misled(k, data, at, n))
                break; /* the record goes on in the next chunk */
            begin_search(k, at);
        }
    }
    return at;
}
