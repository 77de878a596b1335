/* In: values. Out: and, or, exclusive or, keeping the origin where an operation leaves the value what it is. */
#include "arm.h"

static bool keeps_low(u64 mask) { return mask == 0xff || mask == 0xffff || mask == 0xffffffff; }

/* Bits set (how 1) or left (how 2) in something unknown: both are told of flags that are read, changed and written. */
static val masked(engine *e, val what, u8 how, u64 mask) {
    const origin o = e->origins[what.t];
    if (o.kind == O_MIXED && o.size == how)
        return (val){0, origin_of(e, O_MIXED, o.parent, how == 1 ? o.number | mask : o.number & mask, how, false)};
    return (val){0, origin_of(e, O_MIXED, what.t, mask, how, false)};
}

val and_values(engine *e, val a, val b) {
    if (a.t && b.t)
        return a.t == b.t && a.v == b.v ? a : mixed(e, a, b);
    if (a.t || b.t) {
        const val what = a.t ? a : b;
        const u64 mask = a.t ? b.v : a.v;
        if (!mask)
            return known(0);
        if (keeps_low(mask))
            return what; /* a byte or halfword of it */
        return masked(e, what, 2, mask);
    }
    return both(e, a, b, a.v & b.v);
}

val or_values(engine *e, val a, val b) {
    if (a.t == b.t && a.v == b.v)
        return a;
    if (!a.t && !a.v)
        return b;
    if (!b.t && !b.v)
        return a;
    if (!a.t != !b.t)
        return masked(e, a.t ? a : b, 1, a.t ? b.v : a.v);
    return both(e, a, b, a.v | b.v);
}

val xor_values(engine *e, val a, val b) {
    if (a.t == b.t && a.v == b.v)
        return known(0);
    if (!a.t && !a.v)
        return b;
    if (!b.t && !b.v)
        return a;
    return both(e, a, b, a.v ^ b.v);
}
