/* In: Advanced SIMD data processing as A32 writes it (ARM ARM, A7.4). Out: its effect on integers, by elements. */
#include "arm.h"

typedef struct {
    u8 bytes[16];
    u32 tags[16];
} vector;

static vector register_at(const path *p, u32 at) {
    vector v;
    for (u32 i = 0; i < 16; i++) {
        v.bytes[i] = p->q[(at + i) & 511];
        v.tags[i] = p->qt[(at + i) & 511];
    }
    return v;
}

static void put_register(path *p, u32 at, const vector *v, u32 size) {
    for (u32 i = 0; i < size; i++) {
        p->q[(at + i) & 511] = v->bytes[i];
        p->qt[(at + i) & 511] = v->tags[i];
    }
}

static u64 element(const vector *v, u32 at, u32 size, u32 *tag) {
    u64 value = 0;
    for (u32 k = 0; k < size; k++) {
        value |= (u64)v->bytes[at + k] << 8 * k;
        *tag = *tag ? *tag : v->tags[at + k];
    }
    return value;
}

static void put_element(vector *v, u32 at, u32 size, u64 value, u32 tag) {
    for (u32 k = 0; k < size; k++) {
        v->bytes[at + k] = (u8)(value >> 8 * k);
        v->tags[at + k] = tag;
    }
}

/* Left by a signed number, right where it is negative. */
static u64 shifted_by(u64 a, i64 by, u32 width, bool is_unsigned) {
    if (by >= (i64)width)
        return 0;
    if (by >= 0)
        return a << by;
    if (is_unsigned)
        return -by >= (i64)width ? 0 : a >> -by;
    return (u64)((i64)sign(a, width) >> (-by >= (i64)width ? width - 1 : (u32)-by));
}

/* Three registers of one length; false where the operation is none of these. `op`: bits 11 to 8 and bit 4. */
static bool computed(u32 op, bool u, u64 d, u64 n, u64 m, u32 size, u64 *result) {
    const u32 width = 8 * size;
    const i64 x = (i64)sign(n, width), y = (i64)sign(m, width);
    switch (op) {
    case 0x10: *result = u ? n - m : n + m; break;
    case 0x11: *result = (u ? n == m : (n & m) != 0) ? ~0ull : 0; break;
    case 0x12: *result = u ? d - n * m : d + n * m; break;
    case 0x13: *result = n * m; return !u;
    case 0x08: *result = shifted_by(m, (i64)(i8)n, width, u); break;
    case 0x06: *result = (u ? n > m : x > y) ? ~0ull : 0; break;
    case 0x07: *result = (u ? n >= m : x >= y) ? ~0ull : 0; break;
    case 0x0c: *result = (u ? n > m : x > y) ? n : m; break;
    case 0x0d: *result = (u ? n < m : x < y) ? n : m; break;
    default: return false;
    }
    return true;
}

static bool logical(u32 kind, u64 d, u64 n, u64 m, u64 *result) {
    switch (kind) {
    case 0: *result = n & m; break;
    case 1: *result = n & ~m; break;
    case 2: *result = n | m; break;
    case 3: *result = n | ~m; break;
    case 4: *result = n ^ m; break;
    case 5: *result = (d & n) | (~d & m); break;
    case 6: *result = (n & m) | (d & ~m); break;
    default: *result = (n & ~m) | (d & m);
    }
    return true;
}

static bool three(path *p, u32 w, u32 d, u32 n, u32 m) {
    const u32 op = bits(w, 11, 8) << 1 | bits(w, 4, 4), all = w & 0x40 ? 16 : 8;
    const bool u = w >> 24 & 1, is_logical = op == 3, adds = op == 0x12 || (is_logical && u && bits(w, 21, 20));
    const u32 size = is_logical ? 8 : 1u << bits(w, 21, 20);
    const vector a = register_at(p, d), b = register_at(p, n), c = register_at(p, m);
    vector made;
    for (u32 at = 0; at < all; at += size) {
        u32 tag = 0, own = 0;
        const u64 x = element(&b, at, size, &tag), y = element(&c, at, size, &tag), before = element(&a, at, size, &own);
        u64 result;
        if (!(is_logical ? logical(4 * u + bits(w, 21, 20), before, x, y, &result) : computed(op, u, before, x, y, size, &result)))
            return false;
        put_element(&made, at, size, result, tag ? tag : adds ? own : 0);
    }
    put_register(p, d, &made, all);
    return true;
}

/* Elements half as wide, or twice: what `value` says of each is the result. */
static void resized(path *p, u32 d, u32 m, u32 from, u32 to, i32 right, bool is_unsigned) {
    const vector c = register_at(p, m);
    vector made;
    for (u32 k = 0; k < 8 / (from < to ? from : to); k++) {
        u32 tag = 0;
        const u64 value = element(&c, k * from, from, &tag), wide = is_unsigned ? value : (u64)(i64)sign(value, 8 * from);
        put_element(&made, k * to, to, right >= 0 ? wide >> right : wide << -right, tag);
    }
    put_register(p, d, &made, from < to ? 16 : 8);
}

static bool by_immediate(path *p, u32 w, u32 d, u32 m) {
    const u32 imm = bits(w, 7, 7) << 6 | bits(w, 21, 16), op = bits(w, 11, 8), all = w & 0x40 ? 16 : 8;
    const u32 size = imm & 64 ? 8 : imm & 32 ? 4 : imm & 16 ? 2 : 1, width = 8 * size;
    const bool u = w >> 24 & 1;
    if (op == 8 && !u && !(w & 0xc0) && size < 8) { /* VSHRN */
        resized(p, d, m, 2 * size, size, (i32)(2 * width - imm), true);
        return true;
    }
    if (op == 10 && !(w & 0xc0) && size < 8) { /* VSHLL, VMOVL */
        resized(p, d, m, size, 2 * size, -(i32)(imm - width), u);
        return true;
    }
    if (op != 0 && !(op == 5 && !u))
        return false;
    const i64 by = op ? (i64)(imm - (size == 8 ? 64 : width)) : -(i64)((size == 8 ? 128 : 2 * width) - imm);
    const vector c = register_at(p, m);
    vector made;
    for (u32 at = 0; at < all; at += size) {
        u32 tag = 0;
        const u64 value = element(&c, at, size, &tag);
        put_element(&made, at, size, shifted_by(value, by, width, op || u), tag);
    }
    put_register(p, d, &made, all);
    return true;
}

static bool two(path *p, u32 w, u32 d, u32 m) {
    const u32 size = 1u << bits(w, 19, 18), kind = bits(w, 17, 16), op = bits(w, 10, 7), all = w & 0x40 ? 16 : 8;
    const vector c = register_at(p, m);
    vector made;
    if (kind == 2 && bits(w, 11, 6) == 8) { /* VMOVN */
        resized(p, d, m, 2 * size, size, 0, true);
        return true;
    }
    const bool negates = kind == 1 && (op & 7) == 7 && !(op & 8), inverts = !kind && op == 11;
    if (!negates && !inverts)
        return false;
    for (u32 at = 0; at < all; at += size) {
        u32 tag = 0;
        const u64 value = element(&c, at, size, &tag);
        put_element(&made, at, size, negates ? 0 - value : ~value, tag);
    }
    put_register(p, d, &made, all);
    return true;
}

static void duplicated(path *p, u32 w, u32 d, u32 m) {
    const u32 imm = bits(w, 19, 16), size = imm & 1 ? 1 : imm & 2 ? 2 : 4, lane = imm >> (size == 1 ? 1 : size == 2 ? 2 : 3);
    const vector c = register_at(p, m);
    vector made;
    u32 tag = 0;
    const u64 value = element(&c, lane * size, size, &tag);
    for (u32 at = 0; at < 16; at += size)
        put_element(&made, at, size, value, tag);
    put_register(p, d, &made, w & 0x40 ? 16 : 8);
}

/* False where nothing was done. */
bool arm_simd(path *p, u32 w) {
    const u32 d = (bits(w, 22, 22) << 4 | bits(w, 15, 12)) * 8;
    const u32 n = (bits(w, 7, 7) << 4 | bits(w, 19, 16)) * 8, m = (bits(w, 5, 5) << 4 | bits(w, 3, 0)) * 8;
    if (!(w & 0x00800000))
        return three(p, w, d, n, m);
    if ((w & 0x01b00f90) == 0x01b00c00) {
        duplicated(p, w, d, m);
        return true;
    }
    if (w & 0x10)
        return (w & 0x00380080) && by_immediate(p, w, d, m);
    return (w & 0x01b00800) == 0x01b00000 && two(p, w, d, m);
}
