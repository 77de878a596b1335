/* In: a path at a MIPS instruction. Out: its effect and that of its delay slot (MIPS32 Architecture, volume II). */
#include "arm.h"

static void put(path *p, u32 n, val what) {
    if (n)
        p->r[n] = what;
}

static u32 be_shift(const engine *e, u64 at) { return e->set.big ? (u32)(at & 3) : 3 - (u32)(at & 3); }

enum { HALVES = 256 };

/* LWL, LWR, SWL, SWR: the part of a word up to or from its boundary.
 *
 * The bytes of a register that is loaded in two parts are kept behind the floating-point registers: after the first
 * part its value is not known, but its second part leaves none of that.
 */
static void partial(engine *e, path *p, u32 op, u32 t, val at) {
    const u32 n = be_shift(e, at.v), left = op == 0x22 || op == 0x2a;
    const u32 count = left ? 4 - n : n + 1;
    u8 bytes[4];
    u32 tags[4];
    const val what = p->r[t];
    const bool in_parts = what.t && op < 0x28;
    for (u32 i = 0; i < 4; i++) {
        bytes[i] = in_parts ? p->q[HALVES + 4 * t + i] : (u8)(what.v >> (24 - 8 * i));
        tags[i] = in_parts ? p->qt[HALVES + 4 * t + i] : what.t;
    }
    if (left && !at.t && what.t && count == 4 && op == 0x2a) {
        store(e, p, known(at.v & ~3ull), 4, what);
        return;
    }
    for (u32 i = 0; i < count; i++) {
        const u64 place = e->set.big ? (left ? at.v + i : at.v - i) : (left ? at.v - i : at.v + i);
        const u32 j = left ? i : 3 - i;
        bool there;
        if (op < 0x28)
            bytes[j] = read_byte(e, p, (val){cut(e, place), at.t}, &tags[j], &there);
        else
            write_byte(e, p, (val){cut(e, place), at.t}, bytes[j], tags[j]);
    }
    if (op >= 0x28)
        return;
    u32 v = 0, t0 = 0;
    bool same = true;
    for (u32 i = 0; i < 4; i++) {
        p->q[HALVES + 4 * t + i] = bytes[i];
        p->qt[HALVES + 4 * t + i] = tags[i];
        v = v << 8 | bytes[i];
        t0 = t0 ? t0 : tags[i];
        same = same && tags[i] == tags[0];
    }
    put(p, t, !t0 ? known(v) : same ? (val){v, t0} : mixed(e, (val){0, t0}, known(0)));
}

static void memory(engine *e, path *p, u32 w) {
    const u32 op = w >> 26, t = bits(w, 20, 16);
    const val at = add(e, p->r[bits(w, 25, 21)], known((u32)sign(w & 0xffff, 16)));
    switch (op) {
    case 0x20: put(p, t, load(e, p, at, 1, true)); break;
    case 0x21: put(p, t, load(e, p, at, 2, true)); break;
    case 0x23: case 0x30: put(p, t, load(e, p, at, 4, false)); break;
    case 0x24: put(p, t, load(e, p, at, 1, false)); break;
    case 0x25: put(p, t, load(e, p, at, 2, false)); break;
    case 0x28: store(e, p, at, 1, p->r[t]); break;
    case 0x29: store(e, p, at, 2, p->r[t]); break;
    case 0x2b: store(e, p, at, 4, p->r[t]); break;
    case 0x38:
        store(e, p, at, 4, p->r[t]);
        put(p, t, known(1));
        break;
    case 0x22: case 0x26: case 0x2a: case 0x2e: partial(e, p, op, t, at); break;
    case 0x31: case 0x35: /* floating point: moved as bytes */
    case 0x39: case 0x3d:
        for (u32 i = 0; i < (op & 4 ? 8u : 4u); i++) {
            const u32 place = t * 4 + i;
            bool there;
            if (op < 0x38)
                p->q[place] = read_byte(e, p, add(e, at, known(i)), &p->qt[place], &there);
            else
                write_byte(e, p, add(e, at, known(i)), p->q[place], p->qt[place]);
        }
        break;
    default: break;
    }
}

static void multiply(engine *e, path *p, u32 op, val a, val b) {
    if (a.t || b.t || (op >= 0x1a && !(u32)b.v)) {
        p->r[32] = p->r[33] = mixed(e, a.t ? a : b.t ? b : (val){0, 1}, known(0));
        return;
    }
    const u32 x = (u32)a.v, y = (u32)b.v;
    if (op < 0x1a) {
        const u64 product = op == 0x18 ? (u64)((i64)(i32)x * (i32)y) : (u64)x * y;
        p->r[33] = known((u32)product);
        p->r[32] = known(product >> 32);
    } else if (op == 0x1a && y == 0xffffffffu) {
        p->r[33] = known((u32)(0 - x));
        p->r[32] = known(0);
    } else {
        p->r[33] = known(op == 0x1a ? (u32)((i32)x / (i32)y) : x / y);
        p->r[32] = known(op == 0x1a ? (u32)((i32)x % (i32)y) : x % y);
    }
}

/* MADD, MADDU, MSUB, MSUBU: HI and LO together take the product, or lose it (MIPS32, volume II). */
static void accumulate(engine *e, path *p, u32 f, val a, val b) {
    const val high = p->r[32], low = p->r[33];
    if (a.t || b.t || high.t || low.t) {
        p->r[32] = p->r[33] = mixed(e, a.t ? a : b.t ? b : high.t ? high : low, known(0));
        return;
    }
    const u64 product = f & 1 ? (u64)(u32)a.v * (u32)b.v : (u64)((i64)(i32)a.v * (i32)b.v);
    const u64 held = (u64)(u32)high.v << 32 | (u32)low.v, sum = f & 4 ? held - product : held + product;
    p->r[33] = known((u32)sum);
    p->r[32] = known(sum >> 32);
}

static val less(engine *e, val a, val b, bool is_signed) {
    if (a.t || b.t) {
        /* what is compared is kept, so that a branch on the outcome can say it */
        return mixed(e, a, b);
    }
    return known(is_signed ? (i32)a.v < (i32)b.v : (u32)a.v < (u32)b.v);
}

enum { COMPARED = 3 };

/* The register takes the outcome; where that is not known, what was compared is kept beside it. */
static void put_less(engine *e, path *p, u32 n, val a, val b, bool is_signed) {
    val result = less(e, a, b, is_signed);
    if (result.t) {
        result = (val){0, origin_of(e, O_MIXED, a.t ? a.t : b.t, p->pc, COMPARED, false)};
        p->less[n & 3] = (lesser){a, b, result.t, is_signed};
    }
    put(p, n, result);
}

static void special(engine *e, path *p, u32 w, u64 *to, bool *jumps, bool *calls, val *target) {
    const u32 f = w & 63, d = bits(w, 15, 11), amount = bits(w, 10, 6);
    const val s = p->r[bits(w, 25, 21)], t = p->r[bits(w, 20, 16)];
    (void)to;
    switch (f) {
    case 0x00: put(p, d, arm_shift(e, t, 0, amount).v); break;
    case 0x02: put(p, d, arm_shift(e, t, bits(w, 21, 21) ? 3 : 1, amount).v); break;
    case 0x03: put(p, d, arm_shift(e, t, 2, amount).v); break;
    case 0x04: put(p, d, arm_shift_by(e, t, 0, and_values(e, s, known(31))).v); break;
    case 0x06: put(p, d, arm_shift_by(e, t, 1, and_values(e, s, known(31))).v); break;
    case 0x07: put(p, d, arm_shift_by(e, t, 2, and_values(e, s, known(31))).v); break;
    case 0x08: case 0x09:
        *target = s;
        *jumps = true;
        *calls = f == 9;
        break;
    case 0x0a: case 0x0b: /* MOVZ, MOVN */
        if (t.t)
            put(p, d, mixed(e, t, s));
        else if (((u32)t.v == 0) == (f == 0x0a))
            put(p, d, s);
        break;
    case 0x0c: system_call(e, p); break;
    case 0x0d: p->dead = 1; break;
    case 0x10: put(p, d, p->r[32]); break;
    case 0x11: p->r[32] = s; break;
    case 0x12: put(p, d, p->r[33]); break;
    case 0x13: p->r[33] = s; break;
    case 0x18: case 0x19: case 0x1a: case 0x1b: multiply(e, p, f, s, t); break;
    case 0x20: case 0x21: put(p, d, add(e, s, t)); break;
    case 0x22: case 0x23: put(p, d, sub(e, s, t)); break;
    case 0x24: put(p, d, and_values(e, s, t)); break;
    case 0x25: put(p, d, or_values(e, s, t)); break;
    case 0x26: put(p, d, xor_values(e, s, t)); break;
    case 0x27: put(p, d, both(e, s, t, ~(s.v | t.v))); break;
    case 0x2a: put_less(e, p, d, s, t, true); break;
    case 0x2b: put_less(e, p, d, s, t, false); break;
    default: break;
    }
}

static void special2(engine *e, path *p, u32 w) {
    const u32 f = w & 63, d = bits(w, 15, 11), t = bits(w, 20, 16);
    const val s = p->r[bits(w, 25, 21)], b = p->r[t];
    if (w >> 26 == 0x1c && f == 2) {
        put(p, d, both(e, s, b, s.v * b.v));
    } else if (w >> 26 == 0x1c && !(f & ~5u)) {
        accumulate(e, p, f, s, b);
    } else if (w >> 26 == 0x1c && (f == 0x20 || f == 0x21)) {
        const u32 v = f == 0x20 ? (u32)s.v : ~(u32)s.v;
        put(p, d, s.t ? mixed(e, s, known(0)) : known(v ? (u32)__builtin_clz(v) : 32));
    } else if (w >> 26 == 0x1f && f == 0) { /* EXT */
        const u32 low = bits(w, 10, 6), width = d + 1;
        put(p, t, low + width > 32 ? (val){0, 1} : arm_field(e, s, low, width, false));
    } else if (w >> 26 == 0x1f && f == 4) { /* INS */
        const u32 low = bits(w, 10, 6);
        if (d >= low)
            put(p, t, arm_insert(e, b, s, low, d - low + 1));
    } else if (w >> 26 == 0x1f && f == 0x20) {
        const u32 kind = bits(w, 10, 6);
        put(p, d, kind == 2 ? arm_reverse(e, arm_reverse(e, b, 0), 3).t ? b : arm_shift(e, arm_reverse(e, b, 0), 3, 16).v
                            : extend(e, b, kind == 16 ? 1 : 2, true));
    } else {
        e->count.unknown_instructions++;
        put(p, w >> 26 == 0x1c ? d : t, (val){0, 1});
    }
}

static void immediate(engine *e, path *p, u32 w) {
    const u32 op = w >> 26, t = bits(w, 20, 16);
    const val s = p->r[bits(w, 25, 21)], wide = known((u32)sign(w & 0xffff, 16)), low = known(w & 0xffff);
    switch (op) {
    case 8: case 9: put(p, t, add(e, s, wide)); break;
    case 10: put_less(e, p, t, s, wide, true); break;
    case 11: put_less(e, p, t, s, wide, false); break;
    case 12: put(p, t, and_values(e, s, low)); break;
    case 13: put(p, t, or_values(e, s, low)); break;
    case 14: put(p, t, xor_values(e, s, low)); break;
    default: put(p, t, known((u32)(w << 16)));
    }
}

/* Whether a conditional branch is taken; `likely`: else its delay slot is left out. */
static bool taken(engine *e, path *p, u32 w, bool *likely) {
    static const u8 conditions[4] = {C_EQ, C_NE, C_LE, C_GT};
    const u32 op = w >> 26, t = bits(w, 20, 16);
    flags *f = &p->f[7];
    compare(e, f, p->r[bits(w, 25, 21)], (op & 7) < 4 || op == 0x11 ? known(0) : (op & 7) < 6 ? p->r[t] : known(0), 32);
    *likely = op >= 0x14 || (op == 1 && t & 2);
    u32 condition = op == 1 ? (t & 1 ? C_GE : C_LT) : conditions[op & 3];
    if (op == 0x11) {
        *f = (flags){.mask = 7, .a = {0, 1}};
        condition = t & 1 ? C_EQ : C_NE;
        *likely = t & 2;
    }
    const val s = p->r[bits(w, 25, 21)];
    const lesser *l = &p->less[bits(w, 25, 21) & 3];
    if ((op == 4 || op == 5 || op == 0x14 || op == 0x15) && !t && s.t && !s.v && l->t == s.t) {
        compare(e, f, l->a, l->b, 32);
        condition = l->is_signed ? (op & 1 ? C_LT : C_GE) : (op & 1 ? C_LO : C_HS);
    }
    return decide(e, p, f, condition, p->pc);
}

static void coprocessor(path *p, u32 w) {
    const u32 kind = bits(w, 25, 21), t = bits(w, 20, 16), place = bits(w, 15, 11) * 4;
    u32 v = 0, tag = 0;
    if (kind == 0 || kind == 3) {
        for (u32 i = 0; i < 4; i++) {
            v |= (u32)p->q[place + i] << 8 * i;
            tag = tag ? tag : p->qt[place + i];
        }
        put(p, t, (val){tag ? 0 : v, tag});
    } else if (kind == 4 || kind == 7) {
        for (u32 i = 0; i < 4; i++) {
            p->q[place + i] = (u8)(p->r[t].v >> 8 * i);
            p->qt[place + i] = p->r[t].t;
        }
    } else {
        for (u32 i = 0; i < 8; i++)
            p->qt[(bits(w, 10, 6) * 4 + i) & 511] = 1;
    }
}

/* All but jumps and branches, which `jumps`, `calls` and `target` tell. */
static void one(engine *e, path *p, u32 w, bool *jumps, bool *calls, val *target) {
    const u32 op = w >> 26;
    u64 to = 0;
    if (op == 0)
        special(e, p, w, &to, jumps, calls, target);
    else if (op >= 8 && op <= 15)
        immediate(e, p, w);
    else if (op == 0x1c || op == 0x1f)
        w >> 26 == 0x1f && (w & 63) == 0x3b ? put(p, bits(w, 20, 16), (val){0, 1}) : special2(e, p, w);
    else if (op >= 0x20)
        memory(e, p, w);
    else if (op == 0x11)
        coprocessor(p, w);
    p->r[0] = known(0);
}

static void delay_slot(engine *e, path *p, u64 at) {
    u64 word;
    bool jumps = false, calls = false;
    val target = {0, 0};
    if (code_word(e, at, 4, &word))
        one(e, p, (u32)word, &jumps, &calls, &target);
}

void step_mips(engine *e, path *p) {
    u64 word;
    const u64 at = p->pc;
    if (!code_word(e, at, 4, &word)) {
        p->dead = 1;
        return;
    }
    const u32 w = (u32)word, op = w >> 26, t = bits(w, 20, 16);
    bool jumps = false, calls = false, likely = false;
    val target = known(0);
    const bool branch = (op >= 4 && op <= 7) || (op >= 0x14 && op <= 0x17) || (op == 1 && (t & 0xc) == 0) ||
                        (op == 0x11 && bits(w, 25, 21) == 8);
    if (op == 2 || op == 3) {
        jumps = true;
        calls = op == 3;
        target = known(((at + 4) & 0xf0000000u) | (w & 0x3ffffff) << 2);
    } else if (branch) {
        calls = op == 1 && t & 0x10;
        target = known((u32)(at + 4 + sign(w & 0xffff, 16) * 4));
        const bool always = op == 4 && !(w & 0x03ff0000);
        const bool goes = always || (op == 1 && t == 0x11 && !bits(w, 25, 21)) || taken(e, p, w, &likely);
        if (!goes) {
            if (!likely)
                delay_slot(e, p, at + 4);
            p->pc = at + 8;
            return;
        }
        jumps = true;
    } else {
        one(e, p, w, &jumps, &calls, &target);
    }
    if (!jumps) {
        p->pc = at + 4;
        return;
    }
    delay_slot(e, p, at + 4);
    if (calls && target.v == at + 8 && !target.t) { /* only to learn where it is */
        p->r[31] = known(at + 8);
        p->pc = at + 8;
    } else if (calls) {
        call(e, p, target, at + 8);
    } else {
        go(e, p, target);
    }
}
