/* In: a call that matters. Out: its arguments, as bytes. */
#include "core.h"

enum { EVENTS_OF_SITE = 128, A_FEW = 16, STRINGS = 24, BUFFER = 512 };

static void note_data(engine *e, bool is_data) {
    if (is_data && e->tells_data)
        e->hands_on |= FROM_DATA;
}

static void note_origin(engine *e, u32 t) {
    if (from_argument(e, t))
        e->hands_on |= FROM_ARGUMENT;
    note_data(e, from_data(e, t));
}

/* Bytes as runs of known ones and runs of one origin. */
static void put_runs(engine *e, const u8 *bytes, const u32 *tags, u32 n, u32 marks) {
    put32(e, marks);
    note_data(e, marks & 2);
    u32 runs = 0;
    for (u32 i = 0; i < n; i++)
        runs += !i || tags[i] != tags[i - 1];
    put32(e, runs);
    for (u32 i = 0; i < n;) {
        u32 j = i;
        while (j < n && tags[j] == tags[i])
            j++;
        put32(e, tags[i]);
        note_origin(e, tags[i]);
        put32(e, j - i);
        if (!tags[i])
            put_bytes(e, bytes + i, j - i);
        i = j;
    }
}

static u32 writable_mark(const engine *e, val at) {
    const segment *s = at.t ? NULL : segment_at(e, at.v);
    return s && s->writable ? 2 : 0;
}

static void put_text(engine *e, path *p, val at) {
    u8 bytes[TEXT_MAX];
    u32 tags[TEXT_MAX];
    bool whole;
    const u32 n = read_text(e, p, at, bytes, tags, TEXT_MAX, &whole);
    put_runs(e, bytes, tags, n, (whole ? 0 : 1) | writable_mark(e, at));
}

static void put_buffer(engine *e, path *p, val at, val length, u32 most) {
    u8 bytes[BUFFER];
    u32 tags[BUFFER];
    const u32 wanted = length.t || length.v > most ? most : (u32)length.v;
    u32 n = 0;
    for (; n < wanted; n++) {
        bool there;
        bytes[n] = read_byte(e, p, (val){cut(e, at.v + n), at.t}, &tags[n], &there);
        if (!there && (at.t || (length.t && !tags[n])))
            break;
        if (length.t && !tags[n] && !bytes[n])
            break; /* of unknown length: as far as a text would go */
        if (!there && length.t)
            break;
    }
    if (!n && at.t) {
        tags[0] = text_tag(e, at.t);
        n = 1;
    }
    put_runs(e, bytes, tags, n, length.t || length.v > most ? 1 : 0);
}

static u32 argv_count(engine *e, path *p, val at, val *items) {
    u32 n = 0;
    for (; n < STRINGS; n++) {
        items[n] = load(e, p, (val){cut(e, at.v + n * e->set.bits / 8), at.t}, e->set.bits / 8, false);
        if ((!items[n].t && !items[n].v) || (at.t && items[n].t && e->origins[items[n].t].kind == O_DEREF))
            break;
    }
    return n;
}

static u32 listed(engine *e, path *p, u32 first, val *items) {
    u32 n = 0;
    for (; n < STRINGS; n++) {
        items[n] = argument(e, p, first + n);
        if ((!items[n].t && !items[n].v) || (items[n].t && e->origins[items[n].t].kind == O_ARGUMENT && n > 8))
            break;
    }
    return n;
}

static void put_head(engine *e, path *p, char code, val what, u32 strings) {
    put32(e, (u32)code);
    put32(e, what.t);
    note_origin(e, what.t);
    put64(e, what.v);
    put32(e, what.t ? link_of(p, what.t) : 0);
    put32(e, strings);
}

static void put_iovecs(engine *e, path *p, val at, val count) {
    const u32 word = e->set.bits / 8, n = count.t ? 1 : count.v > 8 ? 8 : (u32)count.v;
    put_head(e, p, 'w', at, n);
    for (u32 i = 0; i < n; i++) {
        const val base = load(e, p, (val){cut(e, at.v + 2 * i * word), at.t}, word, false);
        const val length = load(e, p, (val){cut(e, at.v + (2 * i + 1) * word), at.t}, word, false);
        put_buffer(e, p, base, length, BUFFER);
    }
}

static void put_printed(engine *e, path *p, u32 n) {
    u8 bytes[TEXT_MAX];
    u32 tags[TEXT_MAX];
    variadic list = variadic_of(e, p, n + 1);
    const u32 count = print_format(e, p, argument(e, p, n), &list, bytes, tags, TEXT_MAX);
    put_head(e, p, 'F', argument(e, p, n), 1);
    put_runs(e, bytes, tags, count, 0);
}

static void put_argument(engine *e, path *p, char code, u32 n) {
    val items[STRINGS], what = argument(e, p, n);
    u32 count;
    const u32 word = e->set.bits / 8;
    e->tells_data = strchr("savl", code) != NULL;
    switch (code) {
    case 's':
        put_head(e, p, code, what, 1);
        put_text(e, p, what);
        break;
    case 'a':
        put_head(e, p, code, what, 1);
        put_buffer(e, p, what, argument(e, p, n + 1), 28);
        break;
    case 'b':
        put_head(e, p, code, what, 1);
        put_buffer(e, p, what, argument(e, p, n + 1), BUFFER);
        break;
    case 'r':
        put_head(e, p, code, what, 1);
        put_buffer(e, p, what, known(32), 40);
        break;
    case 'v':
    case 'l':
        count = code == 'v' ? argv_count(e, p, what, items) : listed(e, p, n, items);
        put_head(e, p, code, what, count);
        for (u32 i = 0; i < count; i++)
            put_text(e, p, items[i]);
        break;
    case 'w':
        put_iovecs(e, p, what, argument(e, p, n + 1));
        break;
    case 'M': /* msghdr: name, length, iovecs, count */
        put_head(e, p, 'a', what, 1);
        put_buffer(e, p, load(e, p, what, word, false), known(16), 28);
        what.v = cut(e, what.v + 2 * word);
        put_iovecs(e, p, load(e, p, what, word, false), load(e, p, (val){cut(e, what.v + word), what.t}, word, false));
        break;
    case 'F':
        put_printed(e, p, n);
        break;
    default:
        put_head(e, p, code, what, 0);
    }
}

/* Writes the call down; the number of its event, the earlier one's where nothing is new. */
u32 emit_event(engine *e, path *p, u32 number, const char *how) {
    u8 guards[GUARDS_MAX * GUARD_SIZE];
    u64 *made = so_far(e, p->pc);
    if ((made && *made >= EVENTS_OF_SITE) || is_full(e)) {
        e->count.cut_events++;
        return 0;
    }
    const u64 from = begin_event(e);
    put32(e, number);
    put32(e, e->root);
    put64(e, p->pc);
    put32(e, p->depth);
    for (u32 i = 0; i < p->depth; i++)
        put64(e, p->frames[i].site);
    const u64 place = e->out_used;
    u32 count = 0;
    put32(e, 0);
    for (u32 i = 0; how[i]; i++)
        if (how[i] != '.') {
            put_argument(e, p, how[i], i);
            count += how[i] == 'M' ? 2 : 1;
        }
    if (!e->out_failed && place + 4 <= e->out_used)
        memcpy(e->out + place, &count, 4);
    const u32 nguards = write_guards(e, p, guards), before = e->nevents;
    const u32 event = finish_event(e, p, from, guards, nguards);
    if (made && e->nevents != before && ++*made <= A_FEW)
        e->nnew++;
    return event;
}

/* A system call as an event of its own kind: its number and what it was given. */
void emit_trap(engine *e, path *p, val number, const val *given, u32 n) {
    const u8 none = 0;
    const u64 from = begin_event(e);
    put32(e, 0xfffffffeu);
    put32(e, e->root);
    put32(e, n + 1);
    put_head(e, p, 'i', number, 0);
    for (u32 i = 0; i < n; i++)
        put_head(e, p, 'i', given[i], 0);
    finish_event(e, p, from, &none, 0);
}

/* A call from one of the program's functions to another, for the conditions that all ways to it share. */
void emit_edge(engine *e, path *p, u64 to) {
    u8 guards[GUARDS_MAX * GUARD_SIZE];
    const u64 from = begin_event(e);
    put32(e, 0xfffffffdu);
    put32(e, e->root);
    put64(e, p->pc);
    put64(e, to);
    const u32 order = p->order, nguards = write_guards(e, p, guards);
    finish_event(e, p, from, guards, nguards);
    p->order = order;
}

/* A pointer-sized unknown that is kept in the program's own data, for descriptors that travel through it. */
void emit_store(engine *e, path *p, val at, val what) {
    const u8 kind = e->origins[what.t].kind;
    if ((kind != O_SOCKET && kind != O_OPEN) || (!at.t && !segment_at(e, at.v)))
        return;
    const u8 none = 0;
    const u64 from = begin_event(e);
    put32(e, 0xffffffffu);
    put32(e, e->root);
    put64(e, p->pc);
    put32(e, at.t);
    put64(e, at.v);
    put32(e, what.t);
    put32(e, link_of(p, what.t));
    finish_event(e, p, from, &none, 0);
}
