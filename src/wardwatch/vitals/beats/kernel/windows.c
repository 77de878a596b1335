/* In: the codes of one signal. Out: which windows of a second were sent before, and where; any distance, bounded memory.
 *
 * A window's hash is a polynomial of its codes modulo 2^64, rolled from one window to the next. Which windows are
 * remembered depends on the hash alone (vitals/checks/replay_exact.py). A memory is one block: this header, a ring of
 * what was remembered, and a table of open addressing (Knuth, The Art of Computer Programming 3, 6.4) that finds it.
 */
#include "beats.h"

static const u64 BASE = 0x9E3779B97F4A7C15ull, INVERSE = 0xF1DE83E19937733Dull; /* BASE times INVERSE is 1 */
enum { TOP = 40 };

static window *ring_of(windows *w) {
    return (window *)(w + 1);
}

static u32 *table_of(windows *w) {
    return (u32 *)(ring_of(w) + w->capacity);
}

static u64 bucket_of(const windows *w, u64 hash) {
    return ((hash ^ hash >> 29) * BASE >> 24) & (w->buckets - 1);
}

/* The bucket of this hash, or the free one where it would be. A bucket holds a place in the ring, and one more. */
static u64 find(windows *w, u64 hash) {
    u64 at = bucket_of(w, hash);
    while (table_of(w)[at] && ring_of(w)[table_of(w)[at] - 1].hash != hash)
        at = (at + 1) & (w->buckets - 1);
    return at;
}

/* Frees a bucket; those behind it move up, so that each is still found from where it belongs. */
static void release(windows *w, u64 at) {
    u32 *table = table_of(w);
    for (u64 next = (at + 1) & (w->buckets - 1); table[next]; next = (next + 1) & (w->buckets - 1)) {
        const u64 home = bucket_of(w, ring_of(w)[table[next] - 1].hash);
        if (((next - home) & (w->buckets - 1)) < ((next - at) & (w->buckets - 1)))
            continue;
        table[at] = table[next];
        at = next;
    }
    table[at] = 0;
}

/* Where this window was before, -1 for nowhere; it is remembered at its latest place. */
static i64 meet(windows *w, u64 hash, i64 place) {
    const u64 at = find(w, hash);
    const u32 known = table_of(w)[at];
    const i64 before = known ? ring_of(w)[known - 1].place : -1;
    const u64 slot = w->count++ % w->capacity;
    if (w->count > w->capacity) {
        const u64 old = find(w, ring_of(w)[slot].hash);
        if (table_of(w)[old] == slot + 1)
            release(w, old);
    }
    ring_of(w)[slot] = (window){.hash = hash, .place = place};
    table_of(w)[find(w, hash)] = (u32)slot + 1;
    return before;
}

/* Bytes of a memory of so many windows. */
EXPORT u64 ws_size(u64 capacity) {
    u64 buckets = 16;
    while (buckets < 2 * capacity)
        buckets *= 2;
    return sizeof(windows) + capacity * sizeof(window) + buckets * sizeof(u32);
}

/* `w`: zeros, of that size. What `from` remembers, if it is not null, is taken over; it may not be full yet. */
EXPORT void ws_begin(windows *w, u64 capacity, windows *from) {
    w->capacity = capacity;
    w->buckets = 16;
    while (w->buckets < 2 * capacity)
        w->buckets *= 2;
    for (u64 i = 0; from && i < from->count; i++)
        meet(w, ring_of(from)[i].hash, ring_of(from)[i].place);
}

/* `codes`: `count` of them, of which the windows of `size` that begin behind the first are met, at most `most` of
 * them; `first`: the place of code 1. Those met: `places`, and `befores` (-1 for nowhere before). How many. */
EXPORT i64 ws_second(windows *w, const i32 *codes, i64 count, i64 size, u64 mask, i64 first, i64 most, i64 *places,
                     i64 *befores) {
    if (size < 1 || count <= size)
        return 0;
    u64 hash = 0, power = 1;
    for (i64 i = 1; i <= size; i++) {
        power *= BASE;
        hash += (u64)(i64)codes[i] * power;
    }
    i64 n = 0;
    for (i64 at = 0; n < most; at++) {
        if (((((hash ^ hash >> TOP) * BASE) >> TOP) & mask) == 0) {
            places[n] = first + at;
            befores[n] = meet(w, hash, first + at);
            n++;
        }
        if (at + size + 1 >= count)
            break;
        hash = (hash - (u64)(i64)codes[at + 1] * BASE) * INVERSE + (u64)(i64)codes[at + 1 + size] * power;
    }
    return n;
}
