/* In: settings, then files in chunks. Out: the functions that __init__.py calls. */
#include "kernel.h"

#include <stdlib.h>

enum { FORMAT_UNKNOWN, FORMAT_PCAP, FORMAT_PCAPNG };

EXPORT void ww_close(kernel *k) {
    if (!k)
        return;
    fragments_close(k);
    pages_free(k->flows, k->set.max_flows * sizeof(flow));
    free(k->freed);
    free(k->retired);
    free(k->holes);
    free(k->hole_turn);
    pages_free(k->index.entries, ((u64)k->index.mask + 1) * sizeof(entry));
    pages_free(k->ids.entries, ((u64)k->ids.mask + 1) * sizeof(entry));
    free(k->segments);
    free(k->arena);
    free(k->match);
    free(k);
}

/* The signatures are copied; the networks must outlive the kernel. NULL: no memory, or signatures of no sense. */
EXPORT kernel *ww_open(const settings *s) {
    if (s->max_flows < 1 || s->max_flows > 1u << 26)
        return NULL;
    kernel *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->set = *s;
    k->unknown_left = s->unknown_budget;
    k->arena = malloc(ARENA_BYTES);
    k->segments = malloc(ARENA_SEGMENTS * sizeof(segment));
    if (!k->arena || !k->segments || !flows_open(k) || !matcher_open(k) || !fragments_open(k)) {
        ww_close(k);
        return NULL;
    }
    return k;
}

EXPORT void ww_begin(kernel *k, u32 file) {
    report *out = &k->out;
    k->file = file;
    memset(&k->walk, 0, offsetof(walker, interfaces));
    memset(&out->packets, 0, sizeof *out - offsetof(report, packets));
    out->first = INT64_MAX;
    out->last = INT64_MIN;
}

static u64 format_of(span head) {
    switch (be32(head, 0)) {
    case 0xa1b2c3d4: case 0xd4c3b2a1: case 0xa1b23c4d: case 0x4d3cb2a1: case 0xa1b2cd34: case 0x34cdb2a1:
        return FORMAT_PCAP;
    case 0x0a0d0d0a: return FORMAT_PCAPNG;
    default: return FORMAT_UNKNOWN;
    }
}

/* Bytes used of `data`. Fewer than `n`: segments or retired records are to be fetched (ww_segments_fetched(), ww_retired_fetched()), or the rest
 * belongs in front of the next chunk, or the file cannot be read on (`stopped`). */
EXPORT u64 ww_feed(kernel *k, const u8 *data, u64 n, u32 final) {
    report *out = &k->out;
    if (n > UINT32_MAX / 2 || out->stopped)
        return 0;
    if (!out->format) {
        if (n < 4)
            return 0;
        out->format = format_of((span){data, 4});
        if (!out->format)
            out->stopped = STOP_NOT_CAPTURE;
    }
    u64 used = 0;
    if (out->format == FORMAT_PCAP)
        used = pcap_walk(k, data, n, final != 0);
    else if (out->format == FORMAT_PCAPNG)
        used = pcapng_walk(k, data, n, final != 0);
    out->offset += used;
    return used;
}

/* The segments, or the retired records, were fetched. */
EXPORT void ww_segments_fetched(kernel *k) {
    k->out.segments_ready = k->out.arena_used = k->out.begun = k->out.unsure = 0;
}
EXPORT void ww_retired_fetched(kernel *k) { k->out.retired_ready = 0; }

/* What no later packet can complete is counted. */
EXPORT void ww_finish(kernel *k) { fragments_flush(k); }

static flow *kept_flow(kernel *k, u32 id) {
    const entry *e = k->ids.entries;
    const u32 hash = id_hash(id);
    for (u32 at = hash & k->ids.mask; e[at].slot; at = (at + 1) & k->ids.mask) {
        flow *f = &k->flows[e[at].slot - 1];
        if (f->id == id)
            return f;
    }
    return NULL;
}

/* Stops keeping the payload of conversation `id`, and takes its codec away. */
EXPORT void ww_drop(kernel *k, u32 id) {
    flow *f = kept_flow(k, id);
    if (f) {
        f->state |= DROPPED;
        f->codec = f->signature = 0;
    }
}

/* Conversation `id` is read one side after the other: its segments are lined up so. */
EXPORT void ww_apart(kernel *k, u32 id) {
    flow *f = kept_flow(k, id);
    if (f)
        f->state |= APART;
}

static u32 first_signature(const matcher *m, u32 codec) {
    for (u32 i = 0; i < m->count; i++)
        if (m->each[i].codec == codec)
            return i + 1;
    return 0;
}

/* Conversation `id` turned out to be of another codec than its signature said: that one's budget counts. */
EXPORT void ww_adopt(kernel *k, u32 id, u32 codec) {
    flow *f = kept_flow(k, id);
    const u32 found = first_signature(k->match, codec);
    if (!f || !found)
        return;
    f->codec = (u8)codec;
    f->signature = (u8)found;
    f->state &= (u16)~(OVER_A | OVER_B);
}

EXPORT report *ww_report(kernel *k) { return &k->out; }
EXPORT segment *ww_segments(kernel *k) { return k->segments; }
EXPORT u8 *ww_arena(kernel *k) { return k->arena; }
EXPORT flow *ww_retired(kernel *k) { return k->retired; }
EXPORT counter *ww_counters(kernel *k) { return k->counters; }
EXPORT flow *ww_flows(kernel *k) { return k->flows; }
EXPORT u32 ww_slots(kernel *k) { return k->used; }

/* Offsets in FLOW's order of ../table.py, then the sizes of the shared types: what the test compares. */
EXPORT u32 ww_layout(u32 *to, u32 n) {
    const u32 all[] = {
        offsetof(flow, addr), offsetof(flow, addr) + 16, offsetof(flow, port), offsetof(flow, port) + 2,
        offsetof(flow, ver), offsetof(flow, proto), offsetof(flow, codec), offsetof(flow, flags),
        offsetof(flow, tcpflags), offsetof(flow, looked), offsetof(flow, signature), offsetof(flow, state),
        offsetof(flow, vlan), offsetof(flow, syns), offsetof(flow, next), offsetof(flow, isn),
        offsetof(flow, last), offsetof(flow, last_a), offsetof(flow, gap2), offsetof(flow, packets),
        offsetof(flow, payload), offsetof(flow, wire), offsetof(flow, first), offsetof(flow, kept),
        offsetof(flow, id), offsetof(flow, number), offsetof(flow, missing), offsetof(flow, repeated),
        offsetof(flow, mac), offsetof(flow, ttl), offsetof(flow, file),
        sizeof(flow), sizeof(segment), sizeof(run), sizeof(signature), sizeof(range), sizeof(settings), sizeof(counter),
        sizeof(report),
    };
    const u32 count = sizeof all / sizeof *all;
    for (u32 i = 0; i < count && i < n; i++)
        to[i] = all[i];
    return count;
}
