/* In: captures as bytes. Out: nothing, unless a sanitizer or a CHECK of the kernel objects.
 *
 * One entry point, LLVMFuzzerTestOneInput, for libFuzzer; where that is missing, a main of its own (WW_MAIN) that reads
 * the files named and then, for the seconds given, changed copies of them. The first byte of an input chooses how
 * the capture behind it is cut into pieces and how large the flow table is.
 */
#include "kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

kernel *ww_open(const settings *s);
void ww_close(kernel *k);
void ww_begin(kernel *k, u32 file);
u64 ww_feed(kernel *k, const u8 *data, u64 n, u32 final);
void ww_segments_fetched(kernel *k);
void ww_retired_fetched(kernel *k);
void ww_finish(kernel *k);
void ww_drop(kernel *k, u32 id);
report *ww_report(kernel *k);
segment *ww_segments(kernel *k);
u8 *ww_arena(kernel *k);
flow *ww_flows(kernel *k);
u32 ww_slots(kernel *k);
u32 ww_line_up(const segment *in, u32 n, const u8 *arena, segment *out, u8 *joined, run *runs);
void ww_apart(kernel *k, u32 id);
u64 ww_sift(const flow *f, u64 n, flow *to, void *sum);
u32 ww_first_of_pairs(const flow *f, u32 n, u64 calls, u64 datagrams, u64 seed, u8 *keep);
u64 ww_compact(flow *f, u64 n, const u8 *keep);

static const signature SIGNATURES_USED[] = {
    {.pattern = {0x05, 0x3e}, .mask = {0xff, 0xff}, .budget = 4096, .offset = 2, .length = 2, .proto = 6, .codec = 1},
    {.pattern = "MSH|", .mask = {255, 255, 255, 255}, .budget = 1 << 20, .length = 4, .proto = 6, .anywhere = 1, .codec = 2},
    {.pattern = {0x10}, .mask = {0xf0}, .budget = 9, .length = 1, .proto = 17, .anywhere = 1, .codec = 3},
    {.pattern = {0}, .mask = {0}, .budget = 99, .ports = {53}, .nports = 1, .length = 1, .proto = 17, .codec = 4},
};
static const range LOCAL[1] = {{.low = {10}, .high = {10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}}};

static void require(bool what) {
    if (!what)
        abort();
}

/* The segments lined up: every one is in one run, and all their bytes lie where the runs say. */
static void line_up(kernel *k) {
    const report *out = ww_report(k);
    const u32 n = (u32)out->segments_ready;
    segment *sorted = malloc((n + 1) * sizeof *sorted);
    run *runs = malloc((n + 1) * sizeof *runs);
    u8 *joined = malloc(out->arena_used + 1);
    require(sorted && runs && joined);
    const u32 count = ww_line_up(ww_segments(k), n, ww_arena(k), sorted, joined, runs);
    require(count <= n);
    u32 segments = 0, bytes = 0;
    for (u32 i = 0; i < count; i++) {
        require(runs[i].first == segments && runs[i].at == bytes && runs[i].n <= runs[i].length);
        segments += runs[i].count;
        bytes += runs[i].n;
    }
    require(segments == n && bytes == out->arena_used);
    free(sorted);
    free(runs);
    free(joined);
}

/* What the binding does with what is ready; now and then a conversation is dropped. */
static bool drain(kernel *k) {
    const report *out = ww_report(k);
    const bool any = out->segments_ready || out->retired_ready;
    for (u64 i = 0; i < out->segments_ready; i++) {
        const segment *s = &ww_segments(k)[i];
        require(s->n <= s->length && (u64)s->at + s->n <= out->arena_used && s->side < 2);
        if (s->number % 7 == 0)
            ww_drop(k, s->flow);
        if (s->number % 5 == 0)
            ww_apart(k, s->flow);
    }
    line_up(k);
    ww_segments_fetched(k);
    ww_retired_fetched(k);
    return any;
}

static u64 feed(kernel *k, const u8 *data, u64 n, u32 final) {
    u64 used = 0;
    for (;;) {
        const u64 step = ww_feed(k, data + used, n - used, final);
        require(step <= n - used);
        used += step;
        if (!drain(k) && !step)
            return used;
    }
}

/* A copy of exactly the piece's size, so that a read beyond it is a read beyond an allocation. */
static u64 feed_copy(kernel *k, const u8 *data, u64 n, u32 final) {
    u8 *copy = malloc(n ? n : 1);
    require(copy != NULL);
    memcpy(copy, data, n);
    const u64 used = feed(k, copy, n, final);
    free(copy);
    return used;
}

/* What the ledger does with the records: those asked for are copied, then the first of each pair stay. */
static void sum_up(kernel *k) {
    const u64 n = ww_slots(k);
    u64 sums[5] = {0};
    flow *kept = malloc((n + 1) * sizeof *kept);
    u8 *keep = malloc(n + 1);
    require(kept && keep);
    const u64 found = ww_sift(ww_flows(k), n, kept, sums);
    require(found <= n && ww_first_of_pairs(kept, (u32)found, 2, 1, 3, keep));
    const u64 left = ww_compact(kept, found, keep);
    require(left <= found && (left || !found));
    free(kept);
    free(keep);
}

static void examine(const u8 *data, u64 n, u64 piece, u64 max_flows) {
    const settings set = {
        .local = {{LOCAL, NULL}, {1, 0}}, .known = {{LOCAL, NULL}, {1, 0}}, .signatures = SIGNATURES_USED,
        .nsignatures = sizeof SIGNATURES_USED / sizeof *SIGNATURES_USED, .max_flows = max_flows,
        .unknown_budget = 100000, .seed = {1, 2}, .tcp_idle = 3600000000000, .other_idle = 120000000000,
    };
    kernel *k = ww_open(&set);
    require(k != NULL);
    ww_begin(k, 0);
    u64 at = 0, held = 0;
    while (at + held < n) {
        held = held + piece < n - at ? held + piece : n - at;
        const u64 used = feed_copy(k, data + at, held, 0);
        at += used;
        held -= used;
    }
    feed_copy(k, data + at, held, 1);
    ww_finish(k);
    sum_up(k);
    require(ww_report(k)->flows_live + ww_report(k)->evicted <= ww_report(k)->flows_seen);
    ww_close(k);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

int LLVMFuzzerTestOneInput(const u8 *data, size_t n) {
    if (n < 5)
        return 0;
    static const u64 pieces[4] = {1 << 20, 4096, 97, 13};
    examine(data + 1, n - 1, pieces[data[0] & 3] + (n > 20000 ? 4096 : 0), data[0] & 4 ? 3 : 64);
    return 0;
}

#if defined(WW_MAIN)
enum { LARGEST = 1 << 20, FILES = 512 };

static u8 *files[FILES];
static u64 sizes[FILES];
static u32 nfiles;
static u64 state = 0x9e3779b97f4a7c15u;

static u64 chance(u64 below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? state % below : 0;
}

static void load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || nfiles == FILES)
        exit(2);
    files[nfiles] = malloc(LARGEST);
    require(files[nfiles] != NULL);
    files[nfiles][0] = 0;
    sizes[nfiles] = 1 + fread(files[nfiles] + 1, 1, LARGEST / 2, file);
    nfiles++;
    fclose(file);
}

static u64 change(u8 *to, u64 n) {
    static const u8 telling[] = {0, 1, 0x45, 0x60, 0x81, 0x88, 0x2f, 0x11, 0x29, 0x2c, 0x7f, 0x80, 0xfe, 0xff};
    const u64 at = 1 + chance(n - 1), left = n - at, span_ = 1 + chance(left < 64 ? left : 64);
    switch (chance(5)) {
    case 0: to[at] = (u8)chance(256); return n;
    case 1: to[at] = telling[chance(sizeof telling)]; return n;
    case 2: to[at] ^= (u8)(1u << chance(8)); return n;
    case 3:
        if (span_ >= left)
            return n;
        memmove(to + at, to + at + span_, left - span_);
        return n - span_;
    default:
        if (n + span_ >= LARGEST || span_ > left)
            return n;
        memmove(to + at + span_, to + at, left);
        return n + span_;
    }
}

int main(int count, char **arguments) {
    const double seconds = count > 1 ? atof(arguments[1]) : 0;
    for (int i = 2; i < count; i++)
        load(arguments[i]);
    u64 runs = 0;
    for (u32 i = 0; i < nfiles; i++)
        for (files[i][0] = 0; files[i][0] < 8; files[i][0]++, runs++)
            LLVMFuzzerTestOneInput(files[i], sizes[i]);
    u8 *work = malloc(LARGEST);
    const time_t end = time(NULL) + (time_t)seconds;
    require(work != NULL);
    while (nfiles && seconds > 0 && time(NULL) < end) {
        const u64 which = chance(nfiles);
        u64 n = sizes[which];
        memcpy(work, files[which], n);
        work[0] = (u8)chance(8);
        for (u64 changes = 1 + chance(12); changes && n > 8; changes--)
            n = change(work, n);
        LLVMFuzzerTestOneInput(work, n);
        runs++;
    }
    free(work);
    printf("stat::number_of_executed_units: %llu\n", (unsigned long long)runs);
    return 0;
}
#endif
