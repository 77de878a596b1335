/* In: a program's segments, functions and imports. Out: an engine that runs functions, and what it wrote down. */
#include <stdlib.h>

#include "core.h"

#define EXPORT __attribute__((visibility("default")))

engine *ww_engine_open(const settings *set);
void ww_engine_close(engine *e);
int ww_engine_run(engine *e, u32 root);
int ww_engine_begin(engine *e, u32 root);
u64 ww_engine_call(engine *e, u32 root, const u64 *values, u32 n, u64 *status);
void ww_engine_poke(engine *e, u64 at, const u8 *bytes, u32 n);
u32 ww_engine_peek(engine *e, u64 at, u8 *bytes, u32 n);
const u8 *ww_engine_events(engine *e, u64 *size, u64 *number);
const u8 *ww_engine_texts(engine *e, u64 *size);
const origin *ww_engine_origins(engine *e, u64 *count);
const counts *ww_engine_counts(engine *e);
const u8 *ww_engine_uses(engine *e);
void ww_engine_layout(u32 *sizes);

EXPORT void ww_engine_layout(u32 *sizes) {
    sizes[0] = sizeof(settings);
    sizes[1] = sizeof(segment);
    sizes[2] = sizeof(function);
    sizes[3] = sizeof(import);
    sizes[4] = sizeof(rule);
    sizes[5] = sizeof(origin);
    sizes[6] = sizeof(counts);
}

static bool prepare(engine *e) {
    e->origins_room = 1024;
    e->origin_slots = 4096;
    e->visit_slots = 16384;
    e->seen_slots = 1 << 16;
    e->site_slots = 1 << 14;
    e->texts_room = 4096;
    e->origins = calloc(e->origins_room, sizeof *e->origins);
    e->origin_index = calloc(e->origin_slots, sizeof *e->origin_index);
    e->visit_keys = calloc(e->visit_slots, sizeof *e->visit_keys);
    e->visit_counts = calloc(e->visit_slots, sizeof *e->visit_counts);
    e->seen = calloc(e->seen_slots, sizeof *e->seen);
    e->seen_number = calloc(e->seen_slots, sizeof *e->seen_number);
    e->seen_at = calloc(e->seen_slots, sizeof *e->seen_at);
    e->sites = calloc(2 * (size_t)e->site_slots, sizeof *e->sites);
    e->texts = calloc(e->texts_room, 1);
    e->uses = e->set.tells_traps ? calloc(e->set.nfunctions + 1, 1) : NULL;
    e->norigins = 1;
    e->texts_used = 4;
    return e->origins && e->origin_index && e->visit_keys && e->visit_counts && e->seen && e->seen_number && e->seen_at &&
           e->sites && e->texts && origin_of(e, O_UNKNOWN, 0, 0, 0, false) == 1;
}

/* NULL where there is no memory or the machine is none of those known. All that `set` points to must outlive it. */
EXPORT engine *ww_engine_open(const settings *set) {
    if (set->machine >= MACHINES || (set->bits != 32 && set->bits != 64))
        return NULL;
    engine *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->set = *set;
    if (!prepare(e)) {
        ww_engine_close(e);
        return NULL;
    }
    return e;
}

EXPORT void ww_engine_close(engine *e) {
    if (!e)
        return;
    free(e->origins);
    free(e->origin_index);
    free(e->visit_keys);
    free(e->visit_counts);
    free(e->seen);
    free(e->seen_number);
    free(e->seen_at);
    free(e->sites);
    free(e->texts);
    free(e->out);
    free(e->pokes);
    free(e->uses);
    free(e);
}

EXPORT int ww_engine_run(engine *e, u32 root) {
    e->values = NULL;
    return run_root(e, root);
}

/* The same for the function a program begins with: what its file holds no bytes for is zero. */
EXPORT int ww_engine_begin(engine *e, u32 root) {
    e->begins = true;
    const int done = ww_engine_run(e, root);
    e->begins = e->at_start = false;
    return done;
}

/* Runs one function on known arguments and the memory written by ww_engine_poke; what it returns.
 *
 * `status`: 0 it returned a known value, 1 an unknown one, 2 it did not return within the bounds.
 */
EXPORT u64 ww_engine_call(engine *e, u32 root, const u64 *values, u32 n, u64 *status) {
    e->values = values;
    e->nvalues = n;
    e->returned = false;
    run_root(e, root);
    e->values = NULL;
    *status = !e->returned ? 2 : e->result.t ? 1 : 0;
    return e->result.v;
}

EXPORT void ww_engine_poke(engine *e, u64 at, const u8 *bytes, u32 n) {
    poke *more = realloc(e->pokes, (e->npokes + (size_t)n) * sizeof *more);
    if (!more)
        return;
    e->pokes = more;
    for (u32 i = 0; i < n; i++)
        e->pokes[e->npokes++] = (poke){at + i, bytes[i], bytes[i], 0};
}

/* Memory as it was when the last call returned, of the places that were poked; how many bytes were known. */
EXPORT u32 ww_engine_peek(engine *e, u64 at, u8 *bytes, u32 n) {
    u32 done = 0;
    for (u32 i = 0; i < e->npokes && done < n; i++)
        if (e->pokes[i].at == at + done) {
            if (e->pokes[i].unknown)
                break;
            bytes[done++] = e->pokes[i].left;
        }
    return done;
}

EXPORT const u8 *ww_engine_events(engine *e, u64 *size, u64 *number) {
    *size = e->out_used;
    *number = e->nevents;
    return e->out;
}

EXPORT const u8 *ww_engine_texts(engine *e, u64 *size) {
    *size = e->texts_used;
    return e->texts;
}

EXPORT const origin *ww_engine_origins(engine *e, u64 *count) {
    *count = e->norigins;
    return e->origins;
}

EXPORT const u8 *ww_engine_uses(engine *e) { return e->uses; }

EXPORT const counts *ww_engine_counts(engine *e) {
    e->count.events = e->nevents;
    e->count.origins = e->norigins;
    return &e->count;
}
