/* In: a call of an imported function. Out: what it returns and what it writes, as far as that is known. */
#include "core.h"
#include "models.h"

enum { OUTCOMES = 4, NO_MODEL = 0, FILLED = 512 };

/* The stack, what was allocated, and data that the program may write to. */
static bool is_data(const engine *e, u64 at) {
    const segment *s = segment_at(e, at);
    return s ? s->writable : at >= HEAP_BASE && at < STACK_TOP;
}

val argument(engine *e, path *p, u32 n) {
    static const u8 amd64[6] = {7, 6, 2, 1, 8, 9};
    const u32 machine = e->set.machine, word = e->set.bits / 8;
    static const u8 first[MACHINES] = {0, 0, 4, 3, 0, 0}, registers[MACHINES] = {4, 8, 4, 8, 0, 6};
    static const u8 stack[MACHINES] = {13, 31, 29, 1, 4, 4}, above[MACHINES] = {0, 0, 16, 8, 4, 8};
    if (n < registers[machine])
        return p->r[machine == X86_64 ? amd64[n] : first[machine] + n];
    const u64 offset = above[machine] + (u64)(n - registers[machine]) * word;
    return load(e, p, add(e, p->r[stack[machine]], known(offset)), word, false);
}

void give(engine *e, path *p, val what) {
    static const u8 result[MACHINES] = {0, 0, 2, 3, 0, 0};
    p->r[result[e->set.machine]] = what;
}

/* The event that bound a descriptor to its peer, 0 for none. */
u32 link_of(const path *p, u32 t) {
    for (const fact *f = p->facts; f; f = f->next)
        if (f->t == t)
            return f->event;
    return 0;
}

void bind_fact(engine *e, path *p, val what, u32 event) {
    fact *f = what.t ? small_alloc(e, sizeof *f) : NULL;
    if (!f)
        return;
    *f = (fact){p->facts, what.t, event};
    p->facts = f;
}

val result_of(engine *e, path *p, u32 number) {
    const val result = unknown(e, O_RETURN, number | (p->pc & 0xffffffffu) << 32);
    forget_guards(e, p, result.t);
    return result;
}

val heap(engine *e, path *p, val size) {
    (void)e;
    const u64 bytes = size.t || size.v > 0x10000 ? 0x10000 : size.v;
    const val place = known(p->heap);
    if (p->heap + bytes + 256 < STACK_TOP - 2 * STACK_ROOM)
        p->heap += (bytes + 255) & ~127ull;
    return place;
}

/* What a call that is not followed may have filled in: a number at `at` that so far is 0 or -1. */
void outcome(engine *e, path *p, val at, u64 by) {
    if (at.t || !is_data(e, at.v))
        return;
    const val before = load(e, p, at, 4, false);
    if (!before.t && (!(u32)before.v || (u32)before.v == ~0u))
        store(e, p, at, 4, unknown(e, O_RETURN, by | (p->pc & 0xffffffffu) << 32));
}

static bool is_file(const engine *e, u32 t) {
    const origin *o = &e->origins[t];
    if (o->kind != O_RETURN)
        return o->kind == O_OPEN || o->kind == O_SOCKET;
    const u32 number = (u32)o->number;
    return number < e->set.nrules && models[e->set.rules[number].model].run == m_popen;
}

static bool is_written(engine *e, path *p, val at) {
    u32 tag;
    bool there;
    read_byte(e, p, at, &tag, &there);
    return there;
}

/* The library's functions on open files have no names in a static program, and what they do inside tells nothing. They
 * are known by what they are given: (buffer, size, file) reads a line as fgets(), (buffer, size, count, file) fills what
 * was never written as fread(); of others numbers may come from the file. */
bool uses_file(engine *e, path *p, const function *f, val *result) {
    val given[OUTCOMES];
    u32 n = OUTCOMES;
    for (u32 i = OUTCOMES; i-- > 0;) {
        given[i] = argument(e, p, i);
        n = f->marks & (u32)USES << i && given[i].t && !given[i].v && is_file(e, given[i].t) ? i : n;
    }
    if (n == OUTCOMES)
        return false;
    const u32 tag = origin_of(e, O_READ, given[n].t, 0, 0, false);
    *result = (val){0, tag};
    const bool is_buffer = !given[0].t && is_data(e, given[0].v) && !given[1].t;
    if (n == 2 && is_buffer) {
        write_byte(e, p, given[0], 0, tag);
        write_byte(e, p, add(e, given[0], known(1)), 0, 0);
    } else if (n == 3 && is_buffer && !given[2].t && !is_written(e, p, given[0])) {
        for (u64 i = 0; i < given[1].v * given[2].v && i < FILLED; i++)
            write_byte(e, p, add(e, given[0], known(i)), 0, tag);
    } else {
        for (u32 i = 0; i < OUTCOMES; i++)
            if (!given[i].t && is_data(e, given[i].v) && !is_written(e, p, given[i]))
                store(e, p, given[i], 4, *result);
    }
    return true;
}

void outcomes(engine *e, path *p, u64 by) {
    for (u32 i = 0; i < OUTCOMES; i++)
        outcome(e, p, argument(e, p, i), by);
}

void apply_rule(engine *e, path *p, u32 number) {
    if (number >= e->set.nrules) {
        outcomes(e, p, number);
        give(e, p, result_of(e, p, number));
        return;
    }
    const rule *r = &e->set.rules[number];
    const u32 event = r->event[0] ? emit_event(e, p, number, r->event) : 0;
    val result = {0, 0};
    bool done = false;
    if (!r->event[0] && r->model == NO_MODEL)
        outcomes(e, p, number);
    if (r->model < model_count)
        done = models[r->model].run(e, p, &(called){number, event}, &result);
    if (!p->dead)
        give(e, p, done ? result : result_of(e, p, number));
}

u32 ww_engine_models(const char **names, u32 room);
__attribute__((visibility("default"))) u32 ww_engine_models(const char **names, u32 room) {
    for (u32 i = 0; i < room && i < model_count; i++)
        names[i] = models[i].name;
    return model_count;
}
