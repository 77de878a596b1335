/* In: a path at an A32 instruction. Out: its effect (Arm Architecture Reference Manual ARMv7-A, DDI 0406C, chapter A5). */
#include "arm.h"

static shifted_value register_operand(engine *e, path *p, u32 w) {
    const val m = arm_register(p, w & 15);
    const u32 type = bits(w, 6, 5);
    if (w & 0x10)
        return arm_shift_by(e, m, type, arm_register(p, bits(w, 11, 8)));
    u32 amount = bits(w, 11, 7);
    if (!amount && type == 3) { /* RRX */
        if (m.t || !p->f[0].known)
            return (shifted_value){mixed(e, m, (val){0, 1}), -2};
        return (shifted_value){known((u32)m.v >> 1 | (u32)p->f[0].c << 31), (int)(m.v & 1)};
    }
    if (!amount && type)
        amount = 32;
    return arm_shift(e, m, type, amount);
}

static void data_processing(engine *e, path *p, u32 w) {
    const shifted_value b = w & 0x02000000 ? arm_immediate(w) : register_operand(e, p, w);
    arm_operate(e, p, bits(w, 24, 21), bits(w, 15, 12), arm_register(p, bits(w, 19, 16)), b, w >> 20 & 1);
}

static void multiply(engine *e, path *p, u32 w) {
    const u32 d = bits(w, 19, 16), a = bits(w, 15, 12), op = bits(w, 23, 21);
    const val m = arm_register(p, bits(w, 11, 8)), n = arm_register(p, w & 15);
    if (op >= 4) {
        arm_long_multiply(e, p, a, d, n, m, op >= 6, op & 1);
        if (w >> 20 & 1)
            logic(e, &p->f[0], p->r[d & 15], 32);
        return;
    }
    val result = both(e, n, m, n.v * m.v);
    if (op == 1)
        result = add(e, result, arm_register(p, a));
    if (op == 3)
        result = sub(e, arm_register(p, a), result);
    p->r[d] = result;
    if (w >> 20 & 1)
        logic(e, &p->f[0], result, 32);
}

/* Halfwords, signed bytes, pairs; and exclusive access. */
static void extra_transfer(engine *e, path *p, u32 w) {
    const u32 n = bits(w, 19, 16), t = bits(w, 15, 12), op = bits(w, 6, 5);
    const bool before = w >> 24 & 1, up = w >> 23 & 1, is_load = w >> 20 & 1;
    const val base = arm_register(p, n), offset = w & 0x00400000 ? known(bits(w, 11, 8) << 4 | (w & 15)) : arm_register(p, w & 15);
    const val moved = up ? add(e, base, offset) : sub(e, base, offset), at = before ? moved : base;
    if ((!before || w >> 21 & 1) && n != 15)
        p->r[n] = moved;
    if (!is_load && op >= 2) {
        arm_transfer(e, p, t, at, 4, false, op == 2);
        arm_transfer(e, p, (t + 1) & 15, add(e, at, known(4)), 4, false, op == 2);
        return;
    }
    arm_transfer(e, p, t, at, op == 2 ? 1 : 2, op >= 2, is_load);
}

static void exclusive(engine *e, path *p, u32 w) {
    static const u8 sizes[4] = {4, 8, 1, 2};
    const u32 n = bits(w, 19, 16), t = bits(w, 15, 12), size = sizes[bits(w, 22, 21)];
    const val at = arm_register(p, n);
    if (!(w & 0x00800000)) { /* SWP, SWPB */
        const val old = load(e, p, at, w & 0x00400000 ? 1 : 4, false);
        store(e, p, at, w & 0x00400000 ? 1 : 4, arm_register(p, w & 15));
        p->r[t & 15] = old;
    } else if (w >> 20 & 1) {
        arm_transfer(e, p, t, at, size == 8 ? 4 : size, false, true);
        if (size == 8)
            arm_transfer(e, p, (t + 1) & 15, add(e, at, known(4)), 4, false, true);
    } else {
        store(e, p, at, size == 8 ? 4 : size, arm_register(p, w & 15));
        p->r[t & 15] = known(0);
    }
}

static void transfer(engine *e, path *p, u32 w) {
    const u32 n = bits(w, 19, 16), t = bits(w, 15, 12);
    const bool before = w >> 24 & 1, up = w >> 23 & 1, is_load = w >> 20 & 1;
    const val offset = w & 0x02000000 ? register_operand(e, p, w & ~0x10u).v : known(w & 0xfff);
    const val base = arm_register(p, n), moved = up ? add(e, base, offset) : sub(e, base, offset);
    const val what = arm_register(p, t), at = before ? moved : base;
    const u32 size = w & 0x00400000 ? 1 : 4;
    if ((!before || w >> 21 & 1) && n != 15)
        p->r[n] = moved;
    if (is_load)
        arm_transfer(e, p, t, at, size, false, true);
    else
        store(e, p, at, size, what);
}

/* Extension, reversal, bit fields, division (A5.4). */
static void media(engine *e, path *p, u32 w) {
    const u32 op = bits(w, 27, 20), d = bits(w, 15, 12), n = bits(w, 19, 16), kind = bits(w, 7, 5);
    const val m = arm_register(p, w & 15);
    if ((op & 0xf8) == 0x68 && kind == 3) {
        const u32 rotate = 8 * bits(w, 11, 10);
        const val turned = rotate ? arm_shift(e, m, 3, rotate).v : m;
        const u32 size = op & 1 ? 2 : 1;
        val result = (op & 3) == 0 ? mixed(e, turned, (val){0, 1}) : extend(e, turned, size, !(op & 4));
        if (n != 15)
            result = add(e, result, arm_register(p, n));
        p->r[d & 15] = result;
    } else if (op == 0x6b || op == 0x6f) {
        const u32 which = op == 0x6b ? (kind == 1 ? 0 : 1) : kind == 1 ? 2 : 3;
        p->r[d & 15] = arm_reverse(e, m, which);
    } else if ((op & 0xfa) == 0x7a && (kind & 3) == 2) {
        const u32 low = bits(w, 11, 7), width = bits(w, 20, 16) + 1;
        p->r[d & 15] = low + width > 32 ? (val){0, 1} : arm_field(e, m, low, width, !(op & 4));
    } else if ((op & 0xfe) == 0x7c && (kind & 3) == 0) {
        const u32 low = bits(w, 11, 7), high = bits(w, 20, 16);
        if (high >= low)
            p->r[d & 15] = arm_insert(e, arm_register(p, d), (w & 15) == 15 ? known(0) : m, low, high - low + 1);
    } else if ((op == 0x71 || op == 0x73) && kind == 0) {
        p->r[n & 15] = arm_divide(e, m, arm_register(p, bits(w, 11, 8)), op == 0x71);
    } else if (op == 0x75 && kind <= 1) { /* SMMUL, SMMLA */
        const val other = arm_register(p, bits(w, 11, 8));
        const val high = both(e, m, other, (u64)((i64)(i32)m.v * (i64)(i32)other.v) >> 32);
        p->r[n & 15] = d == 15 ? high : add(e, high, arm_register(p, d));
    } else {
        e->count.unknown_instructions++;
        p->r[(op & 0xf0) == 0x70 ? n & 15 : d & 15] = (val){0, 1};
    }
}

static void halfword_multiply(engine *e, path *p, u32 w) {
    const u32 op = bits(w, 22, 21), d = bits(w, 19, 16), a = bits(w, 15, 12);
    const val n = arm_register(p, w & 15), m = arm_register(p, bits(w, 11, 8));
    if (op == 2 || op == 1) {
        e->count.unknown_instructions++;
        p->r[d] = mixed(e, n, (val){0, 1});
        return;
    }
    const i64 x = (i16)(n.v >> (w & 0x20 ? 16 : 0)), y = (i16)(m.v >> (w & 0x40 ? 16 : 0));
    const val result = both(e, n, m, (u64)(x * y));
    p->r[d] = op == 0 ? add(e, result, arm_register(p, a)) : result;
}

/* Branches to registers, CLZ, halfword multiplies and status registers, where data processing has no S. */
static void miscellaneous(engine *e, path *p, u32 w) {
    const u32 op = bits(w, 7, 4), which = bits(w, 22, 21);
    const val m = arm_register(p, w & 15);
    if (which == 1 && op == 1) {
        go(e, p, m);
    } else if (which == 1 && op == 3) {
        call(e, p, m, p->pc + 4);
    } else if (which == 3 && op == 1) {
        p->r[bits(w, 15, 12)] = m.t ? mixed(e, m, known(0)) : known((u32)m.v ? (u32)__builtin_clz((u32)m.v) : 32);
    } else if (op >= 8 && !(op & 1)) {
        halfword_multiply(e, p, w);
    } else if (!(which & 1) && !op) {
        p->r[bits(w, 15, 12)] = (val){0, 1};
    } else if (op == 7) {
        p->dead = 1; /* a breakpoint */
    }
}

static void unconditional(engine *e, path *p, u32 w) {
    if ((w & 0xfe000000) == 0xfa000000)
        call(e, p, known((u32)(p->pc + 8 + sign(w & 0xffffff, 24) * 4 + (w >> 23 & 2)) | 1), p->pc + 4);
    else if (!arm_vector(e, p, w) && (w & 0x0e000000) == 0x0c000000)
        arm_coprocessor(e, p, w);
}

static void synchronise_or_multiply(engine *e, path *p, u32 w) {
    if (bits(w, 6, 5))
        extra_transfer(e, p, w);
    else if (w & 0x01000000)
        exclusive(e, p, w);
    else
        multiply(e, p, w);
}

static void immediate_or_status(engine *e, path *p, u32 w) {
    const u32 d = bits(w, 15, 12), wide = bits(w, 19, 16) << 12 | (w & 0xfff);
    if ((w & 0x0ff00000) == 0x03000000)
        p->r[d & 15] = known(wide);
    else if ((w & 0x0ff00000) == 0x03400000)
        p->r[d & 15] = p->r[d & 15].t ? mixed(e, p->r[d & 15], known(0)) : known((p->r[d & 15].v & 0xffff) | wide << 16);
    else if ((w & 0x0fb00000) != 0x03200000)
        data_processing(e, p, w);
}

static void one(engine *e, path *p, u32 w) {
    switch (w >> 25 & 7) {
    case 0:
        if ((w & 0x90) == 0x90)
            synchronise_or_multiply(e, p, w);
        else if ((w & 0x01900000) == 0x01000000)
            miscellaneous(e, p, w);
        else
            data_processing(e, p, w);
        break;
    case 1: immediate_or_status(e, p, w); break;
    case 2: transfer(e, p, w); break;
    case 3:
        if (w & 0x10)
            media(e, p, w);
        else
            transfer(e, p, w);
        break;
    case 4: arm_multiple(e, p, bits(w, 19, 16), w & 0xffff, w >> 20 & 1, w >> 23 & 1, w >> 24 & 1, w >> 21 & 1); break;
    case 5: {
        const val to = known((u32)(p->pc + 8 + sign(w & 0xffffff, 24) * 4));
        if (w & 0x01000000)
            call(e, p, to, p->pc + 4);
        else
            go(e, p, to);
        break;
    }
    case 6: arm_coprocessor(e, p, w); break;
    default:
        if (w & 0x01000000)
            system_call(e, p);
        else
            arm_coprocessor(e, p, w);
    }
}

void step_a32(engine *e, path *p) {
    u64 word;
    if (!code_word(e, p->pc, 4, &word)) {
        p->dead = 1;
        return;
    }
    const u32 w = (u32)word, condition = w >> 28;
    const u64 at = p->pc;
    if (condition == 15)
        unconditional(e, p, w);
    else if (condition == 14 || decide(e, p, &p->f[0], condition, at))
        one(e, p, w);
    /* One that went elsewhere set the counter itself; a branch to itself never ends. */
    if (p->pc == at)
        p->pc = at + 4;
}
