/* In: addresses, known or behind something unknown. Out: bytes with their origin; pages shared until written. */
#include <stdlib.h>

#include "core.h"

const segment *segment_at(const engine *e, u64 at) {
    const segment *near = e->near;
    if (near && at >= near->address && at - near->address < near->memory_size)
        return near;
    for (u32 i = 0; i < e->set.nsegments; i++) {
        const segment *s = &e->set.segments[i];
        if (at >= s->address && at - s->address < s->memory_size) {
            ((engine *)e)->near = s;
            return s;
        }
    }
    return NULL;
}

bool image_byte(const engine *e, u64 at, u8 *byte) {
    const segment *s = segment_at(e, at);
    if (!s || (at - s->address >= s->size && !e->at_start))
        return false;
    *byte = at - s->address < s->size ? s->data[at - s->address] : 0;
    return true;
}

static u64 assembled(const engine *e, const u8 *bytes, u32 size) {
    u64 value = 0;
    for (u32 i = 0; i < size; i++)
        value |= (u64)bytes[i] << 8 * (e->set.big ? size - 1 - i : i);
    return value;
}

/* `size` bytes of code in the program's order; false where the program has none there. */
bool code_word(const engine *e, u64 at, u32 size, u64 *word) {
    const segment *s = segment_at(e, at);
    if (!s || s->size < size || at - s->address > s->size - size)
        return false;
    *word = assembled(e, s->data + (at - s->address), size);
    return true;
}

static u32 place(u32 t, u64 number, u32 room) {
    u64 h = (number + t * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
    return (u32)(h >> 40) & (room - 1);
}

static slot *find(path *p, u32 t, u64 number) {
    u32 i = place(t, number, p->room);
    while (p->slots[i].p && (p->slots[i].t != t || p->slots[i].number != number))
        i = (i + 1) & (p->room - 1);
    return &p->slots[i];
}

static bool grow(path *p) {
    const u32 old_room = p->room;
    slot *old = p->slots, *fresh = calloc(old_room * 2, sizeof *fresh);
    if (!fresh)
        return false;
    p->slots = fresh;
    p->room = old_room * 2;
    for (u32 i = 0; i < old_room; i++)
        if (old[i].p)
            *find(p, old[i].t, old[i].number) = old[i];
    free(old);
    return true;
}

/* The page to write to; NULL where there is no room for more. */
page *page_for(engine *e, path *p, u32 t, u64 number) {
    slot *s = find(p, t, number);
    if (s->p && s->p->refs == 1)
        return s->p;
    if (s->p) {
        page *copy = malloc(sizeof *copy);
        if (!copy)
            return NULL;
        *copy = *s->p;
        s->p->refs--;
        copy->refs = 1;
        return s->p = copy;
    }
    if (p->used >= PAGES_MAX || (p->used * 2 >= p->room && !grow(p))) {
        e->count.cut_pages++;
        return NULL;
    }
    page *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return NULL;
    fresh->refs = 1;
    s = find(p, t, number);
    *s = (slot){t, number, fresh};
    p->used++;
    return fresh;
}

/* What is at an address nobody wrote to on this path; `there`: it is part of the program's own bytes. */
static u8 untouched(engine *e, val at, u32 *tag, bool *there) {
    u8 byte = 0;
    *there = false;
    if (at.t) {
        *tag = origin_of(e, O_DEREF, at.t, at.v, 1, false);
    } else if (image_byte(e, at.v, &byte)) {
        *tag = 0;
        *there = true;
    } else if (segment_at(e, at.v)) {
        *tag = origin_of(e, O_GLOBAL, 0, at.v, 1, false);
    } else {
        *tag = origin_of(e, at.v >= HEAP_BASE && at.v < STACK_TOP - STACK_ROOM ? O_HEAP : O_STACK, 0, 0, 0, false);
    }
    return byte;
}

u8 read_byte(engine *e, path *p, val at, u32 *tag, bool *there) {
    const slot *s = find(p, at.t, at.v / PAGE);
    const u32 i = at.v % PAGE;
    if (s->p && s->p->written[i]) {
        *tag = s->p->tags[i];
        *there = true;
        return s->p->data[i];
    }
    return untouched(e, at, tag, there);
}

void write_byte(engine *e, path *p, val at, u8 byte, u32 tag) {
    page *to = page_for(e, p, at.t, at.v / PAGE);
    if (!to)
        return;
    const u32 i = at.v % PAGE;
    if (!at.t && at.v < p->lowest && at.v >= STACK_TOP - STACK_ROOM)
        p->lowest = at.v;
    to->data[i] = byte;
    to->tags[i] = tag;
    to->written[i] = 1;
}

/* A function returned: what it kept on the stack, below `sp`, is no longer anything. */
void forget_below(engine *e, path *p, u64 sp) {
    const u64 from = p->lowest;
    if (from >= sp || from < STACK_TOP - STACK_ROOM || sp > STACK_TOP)
        return;
    for (u64 number = from / PAGE; number <= (sp - 1) / PAGE; number++) {
        if (!find(p, 0, number)->p)
            continue;
        page *old = page_for(e, p, 0, number);
        if (old)
            memset(old->written, 0, number == sp / PAGE ? sp % PAGE : PAGE);
    }
    p->lowest = sp;
}

static const import *slot_at(const engine *e, u64 at) {
    u32 low = 0, high = e->set.nslots;
    while (low < high) {
        const u32 middle = (low + high) / 2;
        if (e->set.slots[middle].address < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < e->set.nslots && e->set.slots[low].address == at ? &e->set.slots[low] : NULL;
}

/* Arguments beyond the registers lie above the stack pointer at the start. */
static bool is_argument(const engine *e, u64 at, u64 *n) {
    static const u32 first[MACHINES] = {0, 0, 16, 8, 4, 8}, registers[MACHINES] = {4, 8, 0, 8, 0, 6};
    const u32 word = e->set.bits / 8, machine = e->set.machine;
    const u64 base = STACK_TOP + first[machine] - (machine == MIPS ? 16 : 0);
    if (at < base || at >= base + 16 * word)
        return false;
    *n = registers[machine] + (at - base) / word;
    return true;
}

static val fresh_value(engine *e, path *p, val at, u32 size, bool negative) {
    u64 n;
    (void)p;
    if (at.t)
        return (val){0, origin_of(e, O_DEREF, at.t, at.v, (u8)size, negative)};
    if (segment_at(e, at.v))
        return (val){0, origin_of(e, O_GLOBAL, 0, at.v, (u8)size, negative)};
    if (is_argument(e, at.v, &n))
        return unknown(e, O_ARGUMENT, n);
    return unknown(e, at.v >= HEAP_BASE && at.v < STACK_TOP - STACK_ROOM ? O_HEAP : O_STACK, 0);
}

static void told_of(engine *e, val at) {
    const origin *o = &e->origins[at.t];
    if (e->uses && o->kind == O_ARGUMENT && o->number < 4)
        e->uses[e->root] |= (u8)(1u << o->number);
}

static val loaded(engine *e, u64 value, u32 size, bool negative) {
    const val result = known(value);
    return size < 8 && negative ? extend(e, result, size, true) : result;
}

/* The ordinary case: bytes of one page that all are known, or of the program itself; false where it is another. */
static bool load_known(engine *e, path *p, val at, u32 size, u64 *value) {
    const u32 j = at.v % PAGE;
    if (j + size > PAGE)
        return false;
    const page *held = find(p, at.t, at.v / PAGE)->p;
    if (!held) {
        const segment *s = at.t ? NULL : segment_at(e, at.v);
        if (!s || s->size < size || at.v - s->address > s->size - size)
            return false;
        *value = assembled(e, s->data + (at.v - s->address), size);
        return true;
    }
    for (u32 i = j; i < j + size; i++)
        if (!held->written[i] || held->tags[i])
            return false;
    *value = assembled(e, held->data + j, size);
    return true;
}

static bool may_be_slot(const engine *e, u64 at, u32 size) {
    return e->set.nslots && size == e->set.bits / 8 && at >= e->set.slots[0].address &&
           at <= e->set.slots[e->set.nslots - 1].address;
}

val load(engine *e, path *p, val at, u32 size, bool negative) {
    told_of(e, at);
    size = size > 8 ? 8 : size;
    u64 value = 0;
    u32 first = 0, tags = 0, absent = 0;
    bool same = true;
    if (!at.t && may_be_slot(e, at.v, size)) {
        const import *found = slot_at(e, at.v);
        if (found)
            return (val){0, origin_of(e, O_IMPORT, 0, found->import, 0, false)};
    }
    if (load_known(e, p, at, size, &value))
        return loaded(e, value, size, negative);
    for (u32 i = 0; i < size; i++) {
        u32 tag;
        bool there;
        const slot *s = find(p, at.t, (at.v + i) / PAGE);
        const u32 j = (at.v + i) % PAGE;
        u8 byte = 0;
        if (s->p && s->p->written[j]) {
            tag = s->p->tags[j];
            byte = s->p->data[j];
        } else if (!at.t && image_byte(e, at.v + i, &byte)) {
            tag = 0;
        } else {
            absent++;
            continue;
        }
        (void)there;
        if (tag) {
            same = same && (!tags || tag == first);
            first = first ? first : tag;
            tags++;
        }
        value |= (u64)byte << 8 * (e->set.big ? size - 1 - i : i);
    }
    if (absent == size)
        return fresh_value(e, p, at, size, negative);
    if (absent && !tags)
        return mixed(e, fresh_value(e, p, at, size, negative), known(0));
    if (!tags)
        return loaded(e, value, size, negative);
    if (same && tags == size && !absent) {
        const i64 wide = size == 4 ? (i64)(i32)value : (i64)value;
        return (val){size < 4 ? 0 : cut(e, (u64)wide), first};
    }
    return mixed(e, (val){0, first}, known(0));
}

void store(engine *e, path *p, val at, u32 size, val what) {
    told_of(e, at);
    size = size > 8 ? 8 : size;
    for (u32 i = 0; i < size; i++) {
        const u32 shift = 8 * (e->set.big ? size - 1 - i : i);
        write_byte(e, p, (val){cut(e, at.v + i), at.t}, (u8)(what.v >> shift), what.t);
    }
    if (what.t && size >= 4)
        emit_store(e, p, at, what);
}
