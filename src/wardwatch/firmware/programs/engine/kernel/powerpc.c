/* In: a path at a PowerPC instruction of 32 bits. Out: its effect (Power ISA 2.03, books I and III; System V ABI). */
#include "arm.h"

enum { LR = 32, CTR = 33, CA = 34 };

static val base(const path *p, u32 n) { return n ? p->r[n] : known(0); }

static void record(engine *e, path *p, u32 w, val what) {
    if (w & 1)
        compare(e, &p->f[0], what, known(0), 32);
}

static u32 mask_of(u32 begin, u32 end) {
    u32 mask = 0;
    for (u32 i = begin;; i = (i + 1) & 31) {
        mask |= 0x80000000u >> i;
        if (i == end)
            return mask;
    }
}

static val rotated(engine *e, val s, u32 by, u32 begin, u32 end) {
    const u32 mask = mask_of(begin, end);
    if (!s.t) {
        const u32 v = (u32)s.v;
        return known((by ? v << by | v >> (32 - by) : v) & mask);
    }
    if (!by)
        return and_values(e, s, known(mask));
    if (!begin && end == 31 - by)
        return shifted(e, s, (int)by);
    if (end == 31 && begin == 32 - by)
        return shifted(e, s, -(int)(32 - by));
    if (end == 31 - by)
        return shifted(e, s, (int)by); /* a byte or halfword, widened and shifted left: an index */
    return mixed(e, s, known(0));
}

static void signed_compare(engine *e, path *p, u32 field, val a, val b, bool is_signed) {
    compare(e, &p->f[field], a, b, 32);
    if (p->f[field].known && !is_signed) { /* the field says less and greater without sign */
        flags *f = &p->f[field];
        f->n = !f->c;
        f->v = 0;
    }
}

static void transfer(engine *e, path *p, u32 op, u32 t, u32 a, val at) {
    const bool update = op & 1;
    switch (op & ~1u) {
    case 32: p->r[t] = load(e, p, at, 4, false); break;
    case 34: p->r[t] = load(e, p, at, 1, false); break;
    case 40: p->r[t] = load(e, p, at, 2, false); break;
    case 42: p->r[t] = load(e, p, at, 2, true); break;
    case 36: store(e, p, at, 4, p->r[t]); break;
    case 38: store(e, p, at, 1, p->r[t]); break;
    case 44: store(e, p, at, 2, p->r[t]); break;
    default: { /* floating point, moved as bytes */
        const u32 size = op < 50 || (op >= 52 && op < 54) ? 4 : 8;
        for (u32 i = 0; i < size; i++) {
            bool there;
            if (op < 52)
                p->q[t * 8 + i] = read_byte(e, p, add(e, at, known(i)), &p->qt[t * 8 + i], &there);
            else
                write_byte(e, p, add(e, at, known(i)), p->q[t * 8 + i], p->qt[t * 8 + i]);
        }
    }
    }
    if (update)
        p->r[a] = at;
}

static void multiple(engine *e, path *p, u32 op, u32 t, val at) {
    for (; t < 32; t++) {
        if (op == 46)
            p->r[t] = load(e, p, at, 4, false);
        else
            store(e, p, at, 4, p->r[t]);
        at = add(e, at, known(4));
    }
}

/* BO and BI: whether the branch is taken. */
static bool taken(engine *e, path *p, u32 bo, u32 bi) {
    static const u8 set[4] = {C_LT, C_GT, C_EQ, C_VS}, clear[4] = {C_GE, C_LE, C_NE, C_VC};
    if (!(bo & 4)) {
        val left = sub(e, p->r[CTR], known(1));
        flags *f = &p->f[7];
        if (!left.t) {
            p->r[CTR] = left;
            return (left.v == 0) == (bo >> 1 & 1);
        }
        compare(e, f, left, known(0), 32);
        return decide(e, p, f, bo & 2 ? C_EQ : C_NE, p->pc);
    }
    if (bo & 16)
        return true;
    return decide(e, p, &p->f[bi >> 2], bo & 8 ? set[bi & 3] : clear[bi & 3], p->pc);
}

static void branch(engine *e, path *p, val to, bool links) {
    if (links && !to.t && to.v == p->pc + 4) { /* only to learn where it is */
        p->r[LR] = to;
        p->pc += 4;
    } else if (links) {
        call(e, p, to, p->pc + 4);
    } else {
        go(e, p, to);
    }
}

static void by_register(engine *e, path *p, u32 w) {
    const u32 kind = bits(w, 10, 1), bo = bits(w, 25, 21), bi = bits(w, 20, 16);
    if (kind == 16 || kind == 528) {
        if (taken(e, p, bo, bi))
            branch(e, p, p->r[kind == 16 ? LR : CTR], w & 1);
    } else if (kind == 0) {
        p->f[bits(w, 25, 23)] = p->f[bits(w, 20, 18)];
    } else if (kind != 150) {
        p->f[bits(w, 25, 23)] = (flags){.mask = 7, .a = {0, 1}};
    }
}

static val carried(engine *e, path *p, val a, val b, val in) {
    if (a.t || b.t || in.t) {
        p->r[CA] = (val){0, 1};
        return in.t || in.v ? mixed(e, a.t ? a : b.t ? b : in, known(0)) : add(e, a, b);
    }
    bool carry;
    add_overflows(a.v, b.v, in.v & 1, 32, &carry);
    p->r[CA] = known(carry);
    return known((u32)(a.v + b.v + (in.v & 1)));
}

static val inverted(engine *e, val a) { return a.t ? mixed(e, a, known(0)) : known((u32)~a.v); }

static bool arithmetic(engine *e, path *p, u32 w) {
    const u32 d = bits(w, 25, 21);
    const val a = p->r[bits(w, 20, 16)], b = p->r[bits(w, 15, 11)];
    val result;
    switch (bits(w, 9, 1)) {
    case 266: result = add(e, a, b); break;
    case 10: result = carried(e, p, a, b, known(0)); break;
    case 138: result = carried(e, p, a, b, p->r[CA]); break;
    case 202: result = carried(e, p, a, known(0), p->r[CA]); break;
    case 234: result = carried(e, p, a, known(0xffffffff), p->r[CA]); break;
    case 40: result = sub(e, b, a); break;
    case 8: result = a.t || b.t ? sub(e, b, a) : carried(e, p, inverted(e, a), b, known(1)); break;
    case 136: result = carried(e, p, inverted(e, a), b, p->r[CA]); break;
    case 200: result = carried(e, p, inverted(e, a), known(0), p->r[CA]); break;
    case 232: result = carried(e, p, inverted(e, a), known(0xffffffff), p->r[CA]); break;
    case 104: result = sub(e, known(0), a); break;
    case 235: result = both(e, a, b, a.v * b.v); break;
    case 75: result = both(e, a, b, (u64)((i64)(i32)a.v * (i64)(i32)b.v) >> 32); break;
    case 11: result = both(e, a, b, (u64)(u32)a.v * (u32)b.v >> 32); break;
    case 491: result = arm_divide(e, a, b, true); break;
    case 459: result = arm_divide(e, a, b, false); break;
    default: return false;
    }
    p->r[d] = result;
    record(e, p, w, result);
    return true;
}

static bool logical(engine *e, path *p, u32 w) {
    const u32 a = bits(w, 20, 16), kind = bits(w, 10, 1), amount = bits(w, 15, 11);
    const val s = p->r[bits(w, 25, 21)], b = p->r[amount];
    val result;
    switch (kind) {
    case 28: result = and_values(e, s, b); break;
    case 60: result = and_values(e, s, inverted(e, b)); break;
    case 444: result = or_values(e, s, b); break;
    case 412: result = or_values(e, s, inverted(e, b)); break;
    case 316: result = xor_values(e, s, b); break;
    case 124: result = s.t == b.t && s.v == b.v ? inverted(e, s) : both(e, s, b, ~(s.v | b.v)); break;
    case 476: result = both(e, s, b, ~(s.v & b.v)); break;
    case 284: result = both(e, s, b, ~(s.v ^ b.v)); break;
    case 24: result = b.v & 32 && !b.t ? known(0) : arm_shift_by(e, s, 0, and_values(e, b, known(31))).v; break;
    case 536: result = b.v & 32 && !b.t ? known(0) : arm_shift_by(e, s, 1, and_values(e, b, known(31))).v; break;
    case 792: case 824: {
        const val by = kind == 824 ? known(amount) : and_values(e, b, known(63));
        const u32 n = by.v > 31 ? 31 : (u32)by.v;
        result = by.t ? mixed(e, by, s) : arm_shift(e, s, 2, n).v;
        p->r[CA] = s.t || by.t ? (val){0, 1} : known((i32)s.v < 0 && (u32)s.v << (32 - n) % 32 && n);
        break;
    }
    case 26: result = s.t ? mixed(e, s, known(0)) : known((u32)s.v ? (u32)__builtin_clz((u32)s.v) : 32); break;
    case 954: result = extend(e, s, 1, true); break;
    case 922: result = extend(e, s, 2, true); break;
    default: return false;
    }
    p->r[a] = result;
    record(e, p, w, result);
    return true;
}

static void special(engine *e, path *p, u32 w) {
    static const u8 plain[14] = {32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45};
    const u32 kind = bits(w, 10, 1), t = bits(w, 25, 21), a = bits(w, 20, 16);
    const val at = add(e, base(p, a), p->r[bits(w, 15, 11)]);
    if ((kind & 31) == 23 && kind <= 439) {
        transfer(e, p, plain[(kind - 23) / 32], t, a, at);
    } else if (kind == 339 || kind == 467) {
        const u32 spr = bits(w, 20, 16), n = spr == 8 ? LR : spr == 9 ? CTR : 0;
        if (kind == 339)
            p->r[t] = n ? p->r[n] : (val){0, 1};
        else if (n)
            p->r[n] = p->r[t];
    } else if (kind == 0 || kind == 32) {
        signed_compare(e, p, bits(w, 25, 23), p->r[a], p->r[bits(w, 15, 11)], !kind);
    } else if (kind == 20) {
        p->r[t] = load(e, p, at, 4, false);
    } else if (kind == 150) {
        store(e, p, at, 4, p->r[t]);
        p->f[0] = (flags){.known = 1, .z = 1, .c = 1, .mask = 7};
    } else if (kind == 534 || kind == 790) { /* byte-reversed */
        const u32 size = kind == 534 ? 4 : 2;
        const val v = load(e, p, at, size, false);
        p->r[t] = v.t ? v : known(size == 4 ? __builtin_bswap32((u32)v.v) : __builtin_bswap16((u16)v.v));
    } else if (kind == 662 || kind == 918) {
        const val v = p->r[t];
        store(e, p, at, kind == 662 ? 4 : 2, v.t ? v : known(kind == 662 ? __builtin_bswap32((u32)v.v) : __builtin_bswap16((u16)v.v)));
    } else if (kind == 19) {
        p->r[t] = (val){0, 1};
    } else if (!logical(e, p, w) && !arithmetic(e, p, w) && kind != 4 && kind != 598 && kind != 86 && kind != 54) {
        e->count.unknown_instructions++;
        p->r[t] = (val){0, 1};
    }
}

static void immediate(engine *e, path *p, u32 w) {
    const u32 op = w >> 26, t = bits(w, 25, 21), a = bits(w, 20, 16), low = w & 0xffff;
    const val wide = known((u32)sign(low, 16)), s = p->r[t];
    switch (op) {
    case 7: p->r[t] = both(e, p->r[a], wide, p->r[a].v * wide.v); break;
    case 8: p->r[t] = p->r[a].t ? sub(e, wide, p->r[a]) : carried(e, p, inverted(e, p->r[a]), wide, known(1)); break;
    case 10: signed_compare(e, p, bits(w, 25, 23), p->r[a], known(low), false); break;
    case 11: signed_compare(e, p, bits(w, 25, 23), p->r[a], wide, true); break;
    case 12: case 13:
        p->r[t] = carried(e, p, p->r[a], wide, known(0));
        if (op == 13)
            compare(e, &p->f[0], p->r[t], known(0), 32);
        break;
    case 14: p->r[t] = add(e, base(p, a), wide); break;
    case 15: p->r[t] = add(e, base(p, a), known((u32)(low << 16))); break;
    case 20: p->r[a] = s.t || p->r[a].t ? mixed(e, s, p->r[a]) : known((rotated(e, s, bits(w, 15, 11), bits(w, 10, 6), bits(w, 5, 1)).v) | (p->r[a].v & ~(u64)mask_of(bits(w, 10, 6), bits(w, 5, 1)))); break;
    case 21: p->r[a] = rotated(e, s, bits(w, 15, 11), bits(w, 10, 6), bits(w, 5, 1)); break;
    case 23: p->r[a] = p->r[bits(w, 15, 11)].t ? mixed(e, s, (val){0, 1}) : rotated(e, s, (u32)p->r[bits(w, 15, 11)].v & 31, bits(w, 10, 6), bits(w, 5, 1)); break;
    case 24: p->r[a] = or_values(e, s, known(low)); break;
    case 25: p->r[a] = or_values(e, s, known(low << 16)); break;
    case 26: p->r[a] = xor_values(e, s, known(low)); break;
    case 27: p->r[a] = xor_values(e, s, known(low << 16)); break;
    case 28: case 29:
        p->r[a] = and_values(e, s, known(op == 28 ? low : low << 16));
        compare(e, &p->f[0], p->r[a], known(0), 32);
        break;
    default: e->count.unknown_instructions++;
    }
    if (op == 21 || op == 20 || op == 23)
        record(e, p, w, p->r[a]);
}

void step_powerpc(engine *e, path *p) {
    u64 word;
    const u64 at = p->pc;
    if (!code_word(e, at, 4, &word)) {
        p->dead = 1;
        return;
    }
    const u32 w = (u32)word, op = w >> 26, t = bits(w, 25, 21), a = bits(w, 20, 16);
    if (op == 18) {
        branch(e, p, known((u32)((w & 2 ? 0 : at) + sign(w & 0x3fffffc, 26))), w & 1);
    } else if (op == 16) {
        const val to = known((u32)((w & 2 ? 0 : at) + sign(w & 0xfffc, 16)));
        if (taken(e, p, t, a))
            branch(e, p, to, w & 1);
    } else if (op == 19) {
        by_register(e, p, w);
    } else if (op == 17) {
        system_call(e, p);
    } else if (op == 31) {
        special(e, p, w);
    } else if (op == 46 || op == 47) {
        multiple(e, p, op, t, add(e, base(p, a), known((u32)sign(w & 0xffff, 16))));
    } else if (op >= 32 && op < 56) {
        transfer(e, p, op, t, a, add(e, base(p, a), known((u32)sign(w & 0xffff, 16))));
    } else if (op == 3) {
        if (t == 31)
            p->dead = 1;
    } else if (op == 0) {
        p->dead = 1;
    } else if (op < 30) {
        immediate(e, p, w);
    } else {
        for (u32 i = 0; i < 8; i++)
            p->qt[(t * 8 + i) & 511] = 1;
    }
    if (p->pc == at)
        p->pc = at + 4;
}
