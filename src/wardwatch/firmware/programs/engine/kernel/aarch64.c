/* In: a path at an A64 instruction. Out: its effect (Arm Architecture Reference Manual, DDI 0487, chapter C4). */
#include "arm.h"

static val reg(const path *p, u32 n, bool wide) {
    if (n == 31)
        return known(0);
    val v = p->r[n];
    if (!wide && !v.t)
        v.v = (u32)v.v;
    return v;
}

static val reg_sp(const path *p, u32 n) { return p->r[n]; }

static void put(path *p, u32 n, val what, bool wide) {
    if (!wide && !what.t)
        what.v = (u32)what.v;
    if (n != 31)
        p->r[n] = what;
}

static val flag_sum(engine *e, path *p, val a, val b, bool minus, bool set, bool wide) {
    const u32 width = wide ? 64 : 32;
    if (set && minus) {
        compare(e, &p->f[0], a, b, width);
    } else if (set && a.t && !b.t) {
        compare(e, &p->f[0], a, known(0 - b.v), width);
    } else if (set) {
        bool carry = false;
        const bool over = add_overflows(a.v, b.v, 0, width, &carry);
        logic(e, &p->f[0], add(e, a, b), width);
        p->f[0].c = carry;
        p->f[0].v = over;
    }
    return minus ? sub(e, a, b) : add(e, a, b);
}

static val shift(engine *e, val a, u32 type, u32 amount, bool wide) {
    const u32 width = wide ? 64 : 32;
    amount &= width - 1;
    if (!amount)
        return a;
    if (a.t)
        return type < 2 ? shifted(e, a, type ? -(int)amount : (int)amount) : mixed(e, a, known(0));
    const u64 v = wide ? a.v : (u32)a.v;
    switch (type) {
    case 0: return known(v << amount);
    case 1: return known(v >> amount);
    case 2: return known(wide ? (u64)((i64)v >> amount) : (u32)((i32)v >> amount));
    default: return known(v >> amount | v << (width - amount));
    }
}

static val extended(engine *e, val a, u32 option, u32 amount) {
    const u32 size = 1u << (option & 3);
    val v = a;
    if (size < 8 && !a.t)
        v = known(option & 4 ? sign(a.v, size * 8) : a.v & ((1ull << 8 * size) - 1));
    return shift(e, v, 0, amount, true);
}

/* DecodeBitMasks (aarch64/instrs/integer/bitmasks). */
static bool bit_masks(u32 n, u32 imms, u32 immr, u64 *wmask, u64 *tmask) {
    const u32 all = n << 6 | (~imms & 63);
    if (!all)
        return false;
    const u32 length = 31 - (u32)__builtin_clz(all), size = 1u << length;
    if (!length)
        return false;
    const u32 s = imms & (size - 1), r = immr & (size - 1), d = (s - r) & (size - 1);
    const u64 element = size == 64 ? ~0ull : (1ull << size) - 1;
    u64 w = s == 63 ? ~0ull : (1ull << (s + 1)) - 1, t = d == 63 ? ~0ull : (1ull << (d + 1)) - 1;
    if (r)
        w = (w >> r | w << (size - r)) & element;
    for (u32 i = size; i < 64; i *= 2) {
        w |= w << i;
        t |= t << i;
    }
    *wmask = w;
    *tmask = t;
    return true;
}

static val logical(engine *e, u32 op, val a, val b) {
    return op == 0 || op == 3 ? and_values(e, a, b) : op == 1 ? or_values(e, a, b) : xor_values(e, a, b);
}

static void flags_of_logic(engine *e, path *p, val what, bool wide) {
    logic(e, &p->f[0], what, wide ? 64 : 32);
    p->f[0].c = p->f[0].v = 0;
}

static void bitfield(engine *e, path *p, u32 w, bool wide) {
    u64 wmask, tmask;
    const u32 r = bits(w, 21, 16), s = bits(w, 15, 10), d = w & 31, op = bits(w, 30, 29), width = wide ? 64 : 32;
    const val n = reg(p, bits(w, 9, 5), wide), old = reg(p, d, wide);
    if ((!wide && (r > 31 || s > 31)) || !bit_masks(wide, s, r, &wmask, &tmask))
        return; /* reserved */
    if (n.t && op != 1 && !r && (s == 7 || s == 15 || s == 31)) {
        put(p, d, n, wide);
    } else if (n.t && op != 1 && s + 1 == r) {
        put(p, d, shifted(e, n, (int)(width - r)), wide);
    } else if (n.t && op == 2 && s == width - 1) {
        put(p, d, shifted(e, n, -(int)r), wide);
    } else if (n.t && op != 1 && s < r) { /* a byte or halfword widened and shifted left: an index */
        put(p, d, shifted(e, n, (int)(width - r)), wide);
    } else if (n.t || (op == 1 && old.t)) {
        put(p, d, mixed(e, n, old), wide);
    } else {
        const u64 turned = r ? n.v >> r | n.v << (width - r) : n.v;
        const u64 base = op == 1 ? old.v : 0, bottom = (base & ~wmask) | (turned & wmask);
        const u64 top = op == 0 ? (n.v >> s & 1 ? ~0ull : 0) : base;
        put(p, d, known((top & ~tmask) | (bottom & tmask)), wide);
    }
}

static void immediate(engine *e, path *p, u32 w) {
    const bool wide = w >> 31;
    const u32 d = w & 31, n = bits(w, 9, 5);
    u64 mask, unused;
    switch (bits(w, 25, 23)) {
    case 0: case 1: {
        const u64 offset = sign(bits(w, 23, 5) << 2 | bits(w, 30, 29), 21);
        put(p, d, known(wide ? (p->pc & ~0xfffull) + (offset << 12) : p->pc + offset), true);
        break;
    }
    case 2: case 3: {
        const u64 imm = (u64)bits(w, 21, 10) << (w & 0x400000 ? 12 : 0);
        val a = reg_sp(p, n);
        if (!wide && !a.t)
            a.v = (u32)a.v;
        val result = flag_sum(e, p, a, known(imm), w >> 30 & 1, w >> 29 & 1, wide);
        if (!wide && !result.t)
            result.v = (u32)result.v;
        if (w >> 29 & 1)
            put(p, d, result, wide);
        else
            p->r[d] = result;
        break;
    }
    case 4: {
        if (!bit_masks(w >> 22 & 1, bits(w, 15, 10), bits(w, 21, 16), &mask, &unused))
            break;
        const u32 op = bits(w, 30, 29);
        const val result = logical(e, op, reg(p, n, wide), known(wide ? mask : (u32)mask));
        if (op == 3)
            flags_of_logic(e, p, result, wide);
        if (op == 3 || d != 31)
            put(p, d, result, wide);
        else
            p->r[31] = result;
        break;
    }
    case 5: {
        const u32 by = 16 * bits(w, 22, 21), op = bits(w, 30, 29);
        const u64 imm = (u64)bits(w, 20, 5) << by;
        const val old = reg(p, d, wide);
        if (op == 3)
            put(p, d, old.t ? mixed(e, old, known(0)) : known((old.v & ~(0xffffull << by)) | imm), wide);
        else
            put(p, d, known(op ? imm : ~imm), wide);
        break;
    }
    case 6: bitfield(e, p, w, wide); break;
    default: { /* EXTR */
        const val a = reg(p, n, wide), b = reg(p, bits(w, 20, 16), wide);
        const u32 width = wide ? 64 : 32, low = bits(w, 15, 10) & (width - 1);
        put(p, d, a.t || b.t ? mixed(e, a, b) : known(low ? b.v >> low | a.v << (width - low) : b.v), wide);
    }
    }
}

static val divided(engine *e, val a, val b, bool is_signed, bool wide) {
    if (a.t || b.t)
        return mixed(e, a, b);
    const u64 x = wide ? a.v : is_signed ? sign(a.v, 32) : (u32)a.v, y = wide ? b.v : is_signed ? sign(b.v, 32) : (u32)b.v;
    if (!y)
        return known(0);
    if (is_signed && y == ~0ull)
        return known(0 - x);
    return known(is_signed ? (u64)((i64)x / (i64)y) : x / y);
}

static u64 reversed(u64 v, u32 op, bool wide) {
    if (op == 0) {
        u64 result = 0;
        for (u32 i = 0; i < (wide ? 64u : 32u); i++)
            result |= (v >> i & 1) << ((wide ? 63 : 31) - i);
        return result;
    }
    if (op == 1)
        return (v & 0x00ff00ff00ff00ffull) << 8 | (v >> 8 & 0x00ff00ff00ff00ffull);
    if (op == 2) {
        const u64 low = __builtin_bswap32((u32)v);
        return wide ? low | (u64)__builtin_bswap32((u32)(v >> 32)) << 32 : low;
    }
    return __builtin_bswap64(v);
}

static void one_or_two_sources(engine *e, path *p, u32 w, bool wide) {
    const u32 op = bits(w, 15, 10), d = w & 31;
    const val n = reg(p, bits(w, 9, 5), wide), m = reg(p, bits(w, 20, 16), wide);
    if (w >> 30 & 1) {
        const u64 v = n.v;
        if (op <= 3)
            put(p, d, n.t ? (op ? n : mixed(e, n, known(0))) : known(reversed(v, op, wide)), wide);
        else if (op == 4)
            put(p, d, n.t ? mixed(e, n, known(0)) : known(wide ? (v ? (u64)__builtin_clzll(v) : 64) : (u32)v ? (u64)__builtin_clz((u32)v) : 32), wide);
        else
            put(p, d, mixed(e, n, (val){0, 1}), wide);
    } else if (op == 2 || op == 3) {
        put(p, d, divided(e, n, m, op == 3, wide), wide);
    } else if (op >= 8 && op <= 11) {
        put(p, d, m.t ? mixed(e, n, m) : shift(e, n, op - 8, (u32)m.v, wide), wide);
    } else {
        e->count.unknown_instructions++;
        put(p, d, mixed(e, n, (val){0, 1}), wide);
    }
}

static void three_sources(engine *e, path *p, u32 w, bool wide) {
    const u32 op = bits(w, 23, 21);
    const val n = reg(p, bits(w, 9, 5), wide), m = reg(p, bits(w, 20, 16), wide), a = reg(p, bits(w, 14, 10), wide);
    val product;
    if (n.t || m.t)
        product = mixed(e, n, m);
    else if (op == 0)
        product = known(n.v * m.v);
    else if (op == 1)
        product = known((u64)((i64)(i32)n.v * (i64)(i32)m.v));
    else if (op == 5)
        product = known((u64)(u32)n.v * (u32)m.v);
    else
        product = known(op == 2 ? (u64)((__int128)(i64)n.v * (i64)m.v >> 64) : (u64)((unsigned __int128)n.v * m.v >> 64));
    if (op == 2 || op == 6)
        put(p, w & 31, product, true);
    else
        put(p, w & 31, w & 0x8000 ? sub(e, a, product) : add(e, a, product), wide);
}

static void select_one(engine *e, path *p, u32 w, bool wide) {
    const bool first = decide(e, p, &p->f[0], bits(w, 15, 12), p->pc);
    const val n = reg(p, bits(w, 9, 5), wide), m = reg(p, bits(w, 20, 16), wide);
    const u32 op = (w >> 29 & 2) | (w >> 10 & 1);
    val result = first ? n : m;
    if (!first && op == 1)
        result = add(e, m, known(1));
    if (!first && op >= 2)
        result = m.t ? mixed(e, m, known(0)) : known(op == 2 ? ~m.v : 0 - m.v);
    put(p, w & 31, result, wide);
}

static void compare_if(engine *e, path *p, u32 w, bool wide) {
    const bool holds = decide(e, p, &p->f[0], bits(w, 15, 12), p->pc);
    const val n = reg(p, bits(w, 9, 5), wide), b = w & 0x800 ? known(bits(w, 20, 16)) : reg(p, bits(w, 20, 16), wide);
    if (holds)
        flag_sum(e, p, n, b, w >> 30 & 1, true, wide);
    else
        p->f[0] = (flags){.n = w >> 3 & 1, .z = w >> 2 & 1, .c = w >> 1 & 1, .v = w & 1, .known = 1, .mask = 7};
}

static void registers(engine *e, path *p, u32 w) {
    const bool wide = w >> 31;
    const u32 d = w & 31, n = bits(w, 9, 5), m = bits(w, 20, 16), top = bits(w, 28, 24);
    if (top == 10) {
        val b = shift(e, reg(p, m, wide), bits(w, 23, 22), bits(w, 15, 10), wide);
        if (w & 0x200000)
            b = b.t ? mixed(e, b, known(0)) : known(wide ? ~b.v : (u32)~b.v);
        const val result = logical(e, bits(w, 30, 29), reg(p, n, wide), b);
        if (bits(w, 30, 29) == 3)
            flags_of_logic(e, p, result, wide);
        put(p, d, result, wide);
    } else if (top == 11 && w & 0x200000) {
        const val a = reg_sp(p, n), b = extended(e, reg(p, m, true), bits(w, 15, 13), bits(w, 12, 10));
        const val result = flag_sum(e, p, a, b, w >> 30 & 1, w >> 29 & 1, wide);
        if (w >> 29 & 1)
            put(p, d, result, wide);
        else
            p->r[d] = !wide && !result.t ? known((u32)result.v) : result;
    } else if (top == 11) {
        const val b = shift(e, reg(p, m, wide), bits(w, 23, 22), bits(w, 15, 10), wide);
        put(p, d, flag_sum(e, p, reg(p, n, wide), b, w >> 30 & 1, w >> 29 & 1, wide), wide);
    } else if (top == 27) {
        three_sources(e, p, w, wide);
    } else if (bits(w, 23, 21) == 6) {
        one_or_two_sources(e, p, w, wide);
    } else if (bits(w, 23, 21) == 4) {
        select_one(e, p, w, wide);
    } else if (bits(w, 23, 21) == 2) {
        compare_if(e, p, w, wide);
    } else {
        e->count.unknown_instructions++;
        put(p, d, mixed(e, reg(p, n, wide), (val){0, 1}), wide);
    }
}

static void branches(engine *e, path *p, u32 w) {
    flags *f = &p->f[7];
    const bool wide = w >> 31;
    if ((w & 0x7c000000) == 0x14000000) {
        const val to = known(p->pc + sign(w & 0x3ffffff, 26) * 4);
        if (wide)
            call(e, p, to, p->pc + 4);
        else
            go(e, p, to);
    } else if ((w & 0xff000010) == 0x54000000) {
        if (decide(e, p, &p->f[0], w & 15, p->pc))
            go(e, p, known(p->pc + sign(bits(w, 23, 5), 19) * 4));
    } else if ((w & 0x7e000000) == 0x34000000) {
        compare(e, f, reg(p, w & 31, wide), known(0), wide ? 64 : 32);
        if (decide(e, p, f, w >> 24 & 1 ? C_NE : C_EQ, p->pc))
            go(e, p, known(p->pc + sign(bits(w, 23, 5), 19) * 4));
    } else if ((w & 0x7e000000) == 0x36000000) {
        const u32 bit = (w >> 31) << 5 | bits(w, 23, 19);
        const val t = reg(p, w & 31, true);
        if (t.t && (bit == 31 || bit == 63))
            compare(e, f, t, known(0), 64);
        else
            compare(e, f, t.t ? mixed(e, t, known(0)) : known(t.v >> bit & 1), known(0), 64);
        const u32 condition = t.t && (bit == 31 || bit == 63) ? (w >> 24 & 1 ? C_LT : C_GE) : (w >> 24 & 1 ? C_NE : C_EQ);
        if (decide(e, p, f, condition, p->pc))
            go(e, p, known(p->pc + sign(bits(w, 18, 5), 14) * 4));
    } else if ((w & 0xfe000000) == 0xd6000000) {
        const val to = reg(p, bits(w, 9, 5), true);
        if (bits(w, 22, 21) == 1)
            call(e, p, to, p->pc + 4);
        else
            go(e, p, to);
    } else if ((w & 0xff000000) == 0xd4000000) {
        if (bits(w, 23, 21))
            p->dead = 1;
        else
            system_call(e, p);
    } else if ((w & 0xfff00000) == 0xd5300000 && (w & 31) != 31) {
        p->r[w & 31] = (val){0, 1};
    }
}

static void bytes_between(engine *e, path *p, u32 t, val at, u32 size, bool is_load) {
    for (u32 i = 0; i < 16 && is_load; i++) {
        p->q[t * 16 + i] = 0;
        p->qt[t * 16 + i] = 0;
    }
    for (u32 i = 0; i < size; i++) {
        bool there;
        if (is_load)
            p->q[t * 16 + i] = read_byte(e, p, add(e, at, known(i)), &p->qt[t * 16 + i], &there);
        else
            write_byte(e, p, add(e, at, known(i)), p->q[t * 16 + i], p->qt[t * 16 + i]);
    }
}

static void move_one(engine *e, path *p, u32 t, val at, u32 size, u32 op) {
    if (op == 0) {
        store(e, p, at, size, reg(p, t, true));
    } else {
        val what = load(e, p, at, size, op >= 2);
        put(p, t, what, op != 3);
    }
}

static void transfers(engine *e, path *p, u32 w) {
    const u32 t = w & 31, n = bits(w, 9, 5), top = bits(w, 29, 27), scale = w >> 30;
    const bool vector = w >> 26 & 1;
    if (top == 5) { /* pairs */
        const bool is_load = w >> 22 & 1;
        const u32 size = vector ? 4u << scale : scale == 2 ? 8 : 4, mode = bits(w, 24, 23);
        const val base = reg_sp(p, n), moved = add(e, base, known(sign(bits(w, 21, 15), 7) * size)), at = mode == 1 ? base : moved;
        if (size > 16)
            return;
        if (vector) {
            bytes_between(e, p, t, at, size, is_load);
            bytes_between(e, p, bits(w, 14, 10), add(e, at, known(size)), size, is_load);
        } else {
            const u32 op = !is_load ? 0 : scale == 1 ? 2 : 1;
            move_one(e, p, t, at, size, op);
            move_one(e, p, bits(w, 14, 10), add(e, at, known(size)), size, op);
        }
        if (mode & 1)
            p->r[n] = moved;
        return;
    }
    if (top == 3) { /* literals */
        const val at = known(p->pc + sign(bits(w, 23, 5), 19) * 4);
        if (vector)
            bytes_between(e, p, t, at, scale == 3 ? 16 : 4u << scale, true);
        else if (scale < 3)
            move_one(e, p, t, at, scale == 1 ? 8 : 4, scale == 2 ? 2 : 1);
        return;
    }
    if (top == 1) { /* exclusive */
        const u32 size = 1u << scale;
        if (w >> 22 & 1) {
            move_one(e, p, t, reg_sp(p, n), size, 1);
        } else {
            move_one(e, p, t, reg_sp(p, n), size, 0);
            if (!(w >> 23 & 1))
                put(p, bits(w, 20, 16), known(0), true);
        }
        return;
    }
    u32 size = 1u << scale;
    const u32 op = bits(w, 23, 22);
    if (vector && op >= 2)
        size = 16;
    val base = reg_sp(p, n), at = base;
    bool back = false;
    if (w >> 24 & 1) {
        at = add(e, base, known((u64)bits(w, 21, 10) * size));
    } else if (w >> 21 & 1 && bits(w, 11, 10) == 2) {
        u32 by = 0;
        for (u32 s = size; s > 1; s /= 2)
            by++;
        at = add(e, base, extended(e, reg(p, bits(w, 20, 16), true), bits(w, 15, 13), w & 0x1000 ? by : 0));
    } else if (w >> 21 & 1) { /* atomic */
        put(p, t, load(e, p, base, size, false), true);
        return;
    } else {
        const val moved = add(e, base, known(sign(bits(w, 20, 12), 9)));
        at = bits(w, 11, 10) == 1 ? base : moved;
        back = w >> 10 & 1;
        base = moved;
    }
    if (vector)
        bytes_between(e, p, t, at, size, op & 1);
    else if (!(scale == 3 && op == 2))
        move_one(e, p, t, at, size, op);
    if (back)
        p->r[n] = base;
}

static void duplicate(path *p, u32 w) {
    const u32 d = w & 31, imm5 = bits(w, 20, 16), n = bits(w, 9, 5);
    const u32 size = imm5 & 1 ? 1 : imm5 & 2 ? 2 : imm5 & 4 ? 4 : 8;
    const val v = n == 31 ? known(0) : p->r[n];
    for (u32 i = 0; i < 16; i++) {
        p->q[d * 16 + i] = i < (w >> 30 & 1 ? 16u : 8u) ? (u8)(v.v >> 8 * (i % size)) : 0;
        p->qt[d * 16 + i] = v.t;
    }
}

static u64 pattern(u32 op, u32 cmode, u64 imm) {
    u64 v = 0;
    switch (cmode >> 1) {
    case 0: case 1: case 2: case 3: v = imm << 8 * (cmode >> 1); v |= v << 32; break;
    case 4: case 5: v = imm << 8 * (cmode >> 1 & 1); v |= v << 16; v |= v << 32; break;
    case 6: v = cmode & 1 ? imm << 16 | 0xffff : imm << 8 | 0xff; v |= v << 32; break;
    default:
        for (u32 i = 0; i < 8; i++)
            v |= (op ? (imm >> i & 1 ? 0xffull : 0) : imm) << 8 * i;
        return v;
    }
    return op ? ~v : v;
}

static void vectors(engine *e, path *p, u32 w) {
    const u32 d = w & 31, n = bits(w, 9, 5), m = bits(w, 20, 16), cmode = bits(w, 15, 12);
    if ((w & 0x9ff80c00) == 0x0f000400 && ((cmode & 1) == 0 || cmode == 13)) {
        const u64 v = pattern(w >> 29 & 1, cmode, bits(w, 18, 16) << 5 | bits(w, 9, 5));
        for (u32 i = 0; i < 16; i++) {
            p->q[d * 16 + i] = i < 8 || w >> 30 & 1 ? (u8)(v >> 8 * (i % 8)) : 0;
            p->qt[d * 16 + i] = 0;
        }
    } else if ((w & 0xbfe0fc00) == 0x0e000c00) {
        duplicate(p, w);
    } else if ((w & 0xbfe0fc00) == 0x0ea01c00 && n == m) { /* MOV */
        memcpy(p->q + d * 16, p->q + n * 16, 16);
        memcpy(p->qt + d * 16, p->qt + n * 16, 16 * sizeof *p->qt);
    } else if ((w & 0x7f3ffc00) == 0x1e260000 || (w & 0x7f3ffc00) == 0x1e270000) { /* FMOV to and from */
        const u32 size = w >> 31 ? 8 : 4;
        u64 v = 0;
        u32 tag = 0;
        for (u32 i = 0; i < 16; i++)
            if (w & 0x10000) {
                p->q[d * 16 + i] = i < size ? (u8)(reg(p, n, true).v >> 8 * i) : 0;
                p->qt[d * 16 + i] = i < size ? reg(p, n, true).t : 0;
            } else if (i < size) {
                v |= (u64)p->q[n * 16 + i] << 8 * i;
                tag = tag ? tag : p->qt[n * 16 + i];
            }
        if (!(w & 0x10000))
            put(p, d, tag ? mixed(e, (val){0, tag}, known(0)) : known(v), true);
    } else {
        e->count.unknown_instructions++;
        for (u32 i = 0; i < 16; i++)
            p->qt[d * 16 + i] = 1;
    }
}

void step_aarch64(engine *e, path *p) {
    const u64 at = p->pc;
    const segment *s = segment_at(e, at);
    if (!s || at - s->address + 4 > s->size) {
        p->dead = 1;
        return;
    }
    u32 w = 0; /* instructions are little-endian whatever the data */
    for (u32 i = 0; i < 4; i++)
        w |= (u32)s->data[at - s->address + i] << 8 * i;
    const u32 group = bits(w, 28, 25);
    if ((group & 14) == 8)
        immediate(e, p, w);
    else if ((group & 14) == 10)
        branches(e, p, w);
    else if ((group & 5) == 4)
        transfers(e, p, w);
    else if ((group & 7) == 5)
        registers(e, p, w);
    else if ((group & 7) == 7)
        vectors(e, p, w);
    else
        p->dead = 1;
    if (p->pc == at)
        p->pc = at + 4;
}
