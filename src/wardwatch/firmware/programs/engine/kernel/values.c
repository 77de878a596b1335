/* In: values and origins. Out: arithmetic that keeps what is known and where the rest comes from. */
#include <stdlib.h>

#include "core.h"

enum { ORIGINS_MAX = 400000 };

u64 cut(const engine *e, u64 v) { return e->set.bits == 32 ? (u32)v : v; }

val known(u64 v) { return (val){v, 0}; }

static u32 origin_place(const engine *e, const origin *o) {
    u64 h = o->number * 0x9e3779b97f4a7c15u ^ ((u64)o->parent << 24 | (u64)o->kind << 16 | o->size << 1 | o->negative);
    h *= 0xff51afd7ed558ccdu;
    return (u32)(h >> 33) & (e->origin_slots - 1);
}

static void index_again(engine *e) {
    const u32 slots = e->origin_slots * 2;
    u32 *fresh = calloc(slots, sizeof *fresh);
    if (!fresh)
        return;
    free(e->origin_index);
    e->origin_index = fresh;
    e->origin_slots = slots;
    for (u32 t = 1; t < e->norigins; t++) {
        u32 i = origin_place(e, &e->origins[t]);
        while (e->origin_index[i])
            i = (i + 1) & (slots - 1);
        e->origin_index[i] = t;
    }
}

/* The number of an origin; the same one for the same origin. Number 1 stands for all where there is no more room. */
u32 origin_of(engine *e, u8 kind, u32 parent, u64 number, u8 size, bool negative) {
    const origin wanted = {kind, size, negative, 0, parent, number};
    u32 i = origin_place(e, &wanted);
    for (; e->origin_index[i]; i = (i + 1) & (e->origin_slots - 1)) {
        const origin *o = &e->origins[e->origin_index[i]];
        if (o->kind == kind && o->parent == parent && o->number == number && o->size == size && o->negative == negative)
            return e->origin_index[i];
    }
    if (e->norigins >= ORIGINS_MAX)
        return 1;
    if (e->norigins >= e->origins_room) {
        origin *more = realloc(e->origins, e->origins_room * 2 * sizeof *more);
        if (!more)
            return 1;
        e->origins = more;
        e->origins_room *= 2;
    }
    e->origins[e->norigins] = wanted;
    e->origin_index[i] = e->norigins++;
    if (e->norigins * 2 > e->origin_slots)
        index_again(e);
    return e->norigins - 1;
}

val unknown(engine *e, u32 kind, u64 number) { return (val){0, origin_of(e, (u8)kind, 0, number, 0, false)}; }

/* Two values of this origin are the same value; of others only the kind of origin is the same. */
bool one_thing(const engine *e, u32 t) {
    const u8 kind = e->origins[t].kind;
    return !t || (kind != O_UNKNOWN && kind != O_STACK && kind != O_HEAP && kind != O_READ && kind != O_TEXT && kind != O_MIXED);
}

/* Something made of a and b of which only the origin is kept. */
val mixed(engine *e, val a, val b) {
    const u32 t = a.t ? a.t : b.t;
    if (!t || e->origins[t].kind == O_MIXED)
        return (val){0, t ? t : 1};
    return (val){0, origin_of(e, O_MIXED, t, 0, 0, false)};
}

val both(engine *e, val a, val b, u64 result) { return a.t || b.t ? mixed(e, a, b) : known(cut(e, result)); }

val add(engine *e, val a, val b) {
    if (a.t && b.t)
        return mixed(e, a, b);
    return (val){cut(e, a.v + b.v), a.t | b.t};
}

val sub(engine *e, val a, val b) {
    if (a.t == b.t && one_thing(e, a.t))
        return known(cut(e, a.v - b.v)); /* also the distance of two pointers into the same thing */
    if (b.t)
        return mixed(e, b, a);
    return (val){cut(e, a.v - b.v), a.t};
}

/* Shifted left, or right where `left` is negative (zeros come in). */
val shifted(engine *e, val a, int left) {
    if (left >= 64 || left <= -64)
        return known(0);
    if (a.t && left)
        return (val){0, origin_of(e, O_SHIFT, a.t, a.v, (u8)(left + 64), false)};
    return (val){cut(e, left >= 0 ? a.v << left : a.v >> -left), a.t};
}

val extend(engine *e, val a, u32 size, bool negative) {
    if (size >= e->set.bits / 8)
        return a;
    const origin o = e->origins[a.t];
    if (a.t && negative && !a.v && o.kind == O_DEREF && o.size == size)
        return (val){0, origin_of(e, O_DEREF, o.parent, o.number, o.size, true)};
    if (a.t) /* an unknown byte or halfword keeps its origin; a pointer cut to 32 bits too */
        return a;
    const u64 mask = (1ull << 8 * size) - 1;
    const u64 sign = 1ull << (8 * size - 1);
    const u64 low = a.v & mask;
    return known(cut(e, negative && low & sign ? low | ~mask : low));
}

bool add_overflows(u64 a, u64 b, u64 c, u32 bits, bool *carry) {
    const u64 mask = bits == 64 ? ~0ull : (1ull << bits) - 1, top = 1ull << (bits - 1);
    a &= mask;
    b &= mask;
    const u64 sum = (a + b + c) & mask;
    *carry = sum < a || (c && sum == a);
    return (~(a ^ b) & (a ^ sum) & top) != 0;
}

/* Flags of a - b. */
void compare(engine *e, flags *f, val a, val b, u32 bits) {
    const u64 mask = bits == 64 ? ~0ull : (1ull << bits) - 1;
    *f = (flags){.known = a.t == b.t && one_thing(e, a.t), .mask = 7, .a = a, .b = b};
    if (!f->known)
        return;
    bool carry;
    const u64 result = (a.v - b.v) & mask;
    f->v = add_overflows(a.v, ~b.v, 1, bits, &carry);
    f->c = carry;
    f->z = !result;
    f->n = result >> (bits - 1) & 1;
}

/* N and Z of a result; C and V stay. An unknown result compares with 0. */
void logic(engine *e, flags *f, val a, u32 bits) {
    (void)e;
    const u64 mask = bits == 64 ? ~0ull : (1ull << bits) - 1;
    f->known = !a.t;
    f->mask = 7;
    f->a = a;
    f->b = known(0);
    f->z = !(a.v & mask);
    f->n = (a.v & mask) >> (bits - 1) & 1;
}

/* What a value goes back to when loads and shifts are followed to their start. */
u32 leaf_of(const engine *e, u32 t) {
    for (int i = 0; i < 8 && t; i++) {
        const origin *o = &e->origins[t];
        if ((o->kind != O_DEREF && o->kind != O_SHIFT) || !o->parent)
            return t;
        if (o->kind == O_DEREF && (o->number < 0x200 || !segment_at(e, o->number)))
            return t;
        t = o->parent;
    }
    return t;
}

/* The value where `leaf` were `index`: reads the tables of the program on the way. */
bool evaluate(engine *e, path *p, val what, u32 leaf, u64 index, u64 *result, int depth) {
    if (!what.t || what.t == leaf) {
        *result = cut(e, what.v + (what.t ? index : 0));
        return true;
    }
    const origin o = e->origins[what.t];
    u64 inner;
    if (depth > 8 || !evaluate(e, p, (val){o.number, o.parent}, leaf, index, &inner, depth + 1))
        return false;
    if (o.kind == O_SHIFT) {
        const int left = (int)o.size - 64;
        inner = left >= 0 ? inner << left : inner >> -left;
    } else if (o.kind == O_DEREF && segment_at(e, inner)) {
        const val read = load(e, p, known(inner), o.size ? o.size : 1, o.negative);
        if (read.t)
            return false;
        inner = read.v;
    } else {
        return false;
    }
    *result = cut(e, inner + what.v);
    return true;
}
