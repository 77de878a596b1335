/* In: a path at a T32 instruction of 32 bits, first halfword above. Out: its effect (DDI 0406C, A6.3). */
#include "t32.h"

/* ThumbExpandImm_C (A6.3.2). */
static shifted_value immediate(u32 w) {
    const u32 value = bits(w, 26, 26) << 11 | bits(w, 14, 12) << 8 | (w & 0xff), low = w & 0xff;
    if (value >> 10) {
        const u32 rotate = value >> 7, unrotated = 0x80 | (value & 0x7f);
        const u32 result = unrotated >> rotate | unrotated << (32 - rotate);
        return (shifted_value){known(result), (int)(result >> 31)};
    }
    static const u32 times[4] = {1, 0x00010001, 0x01000100, 0x01010101};
    return (shifted_value){known(low * times[value >> 8 & 3]), -1};
}

static void processing(engine *e, path *p, u32 w, shifted_value b) {
    static const u8 ops[16] = {AND, BIC, ORR, MVN, EOR, 0, 0, 0, ADD, 0, ADC, SBC, 0, SUB, RSB, 0};
    const u32 op = bits(w, 24, 21), n = bits(w, 19, 16), d = bits(w, 11, 8);
    const bool set = w >> 20 & 1, tests = d == 15 && set;
    u32 which = ops[op];
    if (op == 2 && n == 15)
        which = MOV;
    if (op == 3 && n != 15) { /* ORN */
        b.v = b.v.t ? mixed(e, b.v, known(0)) : known((u32)~b.v.v);
        which = ORR;
    }
    if (tests)
        which = op == 0 ? TST : op == 4 ? TEQ : op == 8 ? CMN : op == 13 ? CMP : which;
    if (op == 6) { /* PKH */
        p->r[d & 15] = mixed(e, arm_register(p, n), (val){0, 1});
        return;
    }
    arm_operate(e, p, which, d, arm_register(p, n), b, set);
}

static shifted_value shifted_register(engine *e, path *p, u32 w) {
    const u32 type = bits(w, 5, 4);
    u32 amount = bits(w, 14, 12) << 2 | bits(w, 7, 6);
    const val m = arm_register(p, w & 15);
    if (!amount && type == 3) {
        if (m.t || !p->f[0].known)
            return (shifted_value){mixed(e, m, (val){0, 1}), -2};
        return (shifted_value){known((u32)m.v >> 1 | (u32)p->f[0].c << 31), (int)(m.v & 1)};
    }
    if (!amount && type)
        amount = 32;
    return arm_shift(e, m, type, amount);
}

static void plain_immediate(engine *e, path *p, u32 w) {
    const u32 op = bits(w, 24, 20), d = bits(w, 11, 8), n = bits(w, 19, 16);
    const u32 imm = bits(w, 26, 26) << 11 | bits(w, 14, 12) << 8 | (w & 0xff);
    const u32 low = bits(w, 14, 12) << 2 | bits(w, 7, 6), width = (w & 31) + 1;
    const val base = n == 15 ? known((p->pc + 4) & ~3ull) : p->r[n];
    val result = {0, 1};
    switch (op) {
    case 0: result = add(e, base, known(imm)); break;
    case 10: result = sub(e, base, known(imm)); break;
    case 4: result = known(n << 12 | imm); break;
    case 12: result = p->r[d].t ? mixed(e, p->r[d], known(0)) : known((p->r[d].v & 0xffff) | (n << 12 | imm) << 16); break;
    case 20: case 28: result = low + width > 32 ? result : arm_field(e, base, low, width, op == 20); break;
    case 22:
        if (width > low)
            result = arm_insert(e, p->r[d], n == 15 ? known(0) : base, low, width - low);
        break;
    default: e->count.unknown_instructions++;
    }
    arm_write(e, p, d, result);
}

static void branches(engine *e, path *p, u32 w) {
    const u32 s = bits(w, 26, 26), j1 = bits(w, 13, 13), j2 = bits(w, 11, 11);
    const u32 i1 = !(j1 ^ s), i2 = !(j2 ^ s);
    const u64 far = sign(s << 24 | i1 << 23 | i2 << 22 | bits(w, 25, 16) << 12 | bits(w, 10, 0) << 1, 25);
    if (w & 0x4000) { /* BL, BLX */
        const u64 base = p->pc + 4;
        if (w & 0x1000)
            call(e, p, known((u32)(base + far) | 1), base | 1);
        else
            call(e, p, known((u32)((base & ~3ull) + (far & ~3ull))), base | 1);
    } else if (w & 0x1000) {
        go(e, p, known((u32)(p->pc + 4 + far) | 1));
    } else if (bits(w, 25, 23) != 7) {
        const u64 near = sign(s << 20 | j2 << 19 | j1 << 18 | bits(w, 21, 16) << 12 | bits(w, 10, 0) << 1, 21);
        if (decide(e, p, &p->f[0], bits(w, 25, 22), p->pc))
            go(e, p, known((u32)(p->pc + 4 + near) | 1));
    } else if ((w & 0xffe0d000) == 0xf3e08000) {
        p->r[bits(w, 11, 8)] = (val){0, 1};
    } else if ((w & 0xfff0f000) == 0xf7f0a000) {
        p->dead = 1;
    }
}

static void single(engine *e, path *p, u32 w) {
    const u32 n = bits(w, 19, 16), t = bits(w, 15, 12), size = 1u << bits(w, 22, 21);
    const bool is_load = w >> 20 & 1, negative = w >> 24 & 1;
    const val base = n == 15 ? known((p->pc + 4) & ~3ull) : p->r[n];
    val at;
    if (size > 4 || (t == 15 && is_load && size < 4))
        return; /* preloads */
    if (n == 15) {
        at = w & 0x00800000 ? add(e, base, known(w & 0xfff)) : sub(e, base, known(w & 0xfff));
    } else if (w & 0x00800000) {
        at = add(e, base, known(w & 0xfff));
    } else if (w & 0x800) {
        const val moved = w & 0x200 ? add(e, base, known(w & 0xff)) : sub(e, base, known(w & 0xff));
        at = w & 0x400 ? moved : base;
        const val what = arm_register(p, t);
        if (w & 0x100)
            p->r[n] = moved;
        if (!is_load) {
            store(e, p, at, size, what);
            return;
        }
    } else {
        at = add(e, base, arm_shift(e, p->r[w & 15], 0, bits(w, 5, 4)).v);
    }
    arm_transfer(e, p, t, at, size, negative, is_load);
}

static void table_branch(engine *e, path *p, u32 w) {
    const u32 n = bits(w, 19, 16), size = w & 0x10 ? 2 : 1;
    const val base = n == 15 ? known(p->pc + 4) : p->r[n];
    const val index = size == 2 ? arm_shift(e, p->r[w & 15], 0, 1).v : p->r[w & 15];
    const val entry = load(e, p, add(e, base, index), size, false);
    go(e, p, add(e, arm_shift(e, entry, 0, 1).v, known((p->pc + 4) | 1)));
}

static void dual_or_exclusive(engine *e, path *p, u32 w) {
    const u32 n = bits(w, 19, 16), t = bits(w, 15, 12), t2 = bits(w, 11, 8), op = bits(w, 7, 4);
    const bool is_load = w >> 20 & 1;
    const val base = n == 15 ? known((p->pc + 4) & ~3ull) : p->r[n], offset = known((w & 0xff) * 4);
    if (w & 0x01200000) {
        const val moved = w & 0x00800000 ? add(e, base, offset) : sub(e, base, offset);
        const val at = w & 0x01000000 ? moved : base;
        arm_transfer(e, p, t, at, 4, false, is_load);
        arm_transfer(e, p, t2, add(e, at, known(4)), 4, false, is_load);
        if (w & 0x00200000 && n != 15)
            p->r[n] = moved;
    } else if (!(w & 0x00800000)) { /* LDREX, STREX */
        if (is_load) {
            arm_transfer(e, p, t, add(e, base, offset), 4, false, true);
        } else {
            store(e, p, add(e, base, offset), 4, p->r[t]);
            p->r[t2] = known(0);
        }
    } else if (is_load && op <= 1) {
        table_branch(e, p, w);
    } else if (is_load) {
        arm_transfer(e, p, t, base, op & 3 ? 2 : op & 2 ? 4 : 1, false, true);
    } else {
        store(e, p, base, op & 3 ? 2 : op & 2 ? 4 : 1, p->r[t]);
        p->r[w & 15] = known(0);
    }
}

static void by_register(engine *e, path *p, u32 w) {
    const u32 op = bits(w, 23, 20), d = bits(w, 11, 8), n = bits(w, 19, 16), kind = bits(w, 7, 4);
    const val m = arm_register(p, w & 15), a = arm_register(p, n);
    if (!(op & 8) && !kind) {
        arm_operate(e, p, MOV, d, known(0), arm_shift_by(e, a, op >> 1, m), op & 1);
    } else if (!(op & 8) && kind >= 8) {
        const u32 rotate = 8 * bits(w, 5, 4), size = op < 2 ? 2 : 1;
        const val turned = rotate ? arm_shift(e, m, 3, rotate).v : m;
        val result = op == 2 || op == 3 ? mixed(e, turned, (val){0, 1}) : extend(e, turned, size, !(op & 1));
        p->r[d & 15] = n == 15 ? result : add(e, result, a);
    } else if (op == 9 && kind >= 8) {
        static const u8 kinds[4] = {0, 1, 2, 3};
        p->r[d & 15] = arm_reverse(e, m, kinds[kind & 3]);
    } else if (op == 11 && kind == 8) {
        p->r[d & 15] = m.t ? mixed(e, m, known(0)) : known((u32)m.v ? (u32)__builtin_clz((u32)m.v) : 32);
    } else {
        e->count.unknown_instructions++;
        p->r[d & 15] = (val){0, 1};
    }
}

static void multiplies(engine *e, path *p, u32 w) {
    const u32 op = bits(w, 23, 20), kind = bits(w, 7, 4), a = bits(w, 15, 12), d = bits(w, 11, 8);
    const val n = arm_register(p, bits(w, 19, 16)), m = arm_register(p, w & 15);
    if (op == 0) {
        const val product = both(e, n, m, n.v * m.v);
        p->r[d & 15] = a == 15 ? product : kind == 1 ? sub(e, arm_register(p, a), product) : add(e, arm_register(p, a), product);
    } else if (op == 1) {
        const val product = both(e, n, m, (u64)((i64)(i16)(n.v >> (kind & 2 ? 16 : 0)) * (i16)(m.v >> (kind & 1 ? 16 : 0))));
        p->r[d & 15] = a == 15 ? product : add(e, product, arm_register(p, a));
    } else if (op == 9 || op == 11) {
        p->r[d & 15] = arm_divide(e, n, m, op == 9);
    } else if (op == 5) {
        const val high = both(e, n, m, (u64)((i64)(i32)n.v * (i64)(i32)m.v) >> 32);
        p->r[d & 15] = a == 15 ? high : add(e, high, arm_register(p, a));
    } else if (op >= 8 && kind == 0) {
        arm_long_multiply(e, p, a, d, n, m, op == 8 || op == 12, op >= 12);
    } else {
        e->count.unknown_instructions++;
        p->r[d & 15] = mixed(e, n, (val){0, 1});
        if (op >= 8)
            p->r[a & 15] = p->r[d & 15];
    }
}

void step_t32_wide(engine *e, path *p, u32 w) {
    const u32 op1 = bits(w, 28, 27), op2 = bits(w, 26, 20);
    if (op1 == 2) {
        if (w & 0x8000)
            branches(e, p, w);
        else if (op2 & 0x20)
            plain_immediate(e, p, w);
        else
            processing(e, p, w, immediate(w));
    } else if ((op2 & 0x40) == 0x40) { /* coprocessor and vectors, as A32 writes them */
        if ((w & 0xef000000) == 0xef000000)
            arm_vector(e, p, 0xf2000000 | (w & 0x00ffffff) | (w >> 28 & 1) << 24);
        else
            arm_coprocessor(e, p, 0xe0000000 | (w & 0x0fffffff));
    } else if (op1 == 1) {
        if ((op2 & 0x64) == 0)
            arm_multiple(e, p, bits(w, 19, 16), w & 0xffff, w >> 20 & 1, bits(w, 24, 23) == 1, bits(w, 24, 23) == 2, w >> 21 & 1);
        else if ((op2 & 0x64) == 4)
            dual_or_exclusive(e, p, w);
        else
            processing(e, p, w, shifted_register(e, p, w));
    } else if ((w & 0xff100000) == 0xf9000000) {
        arm_vector(e, p, 0xf4000000 | (w & 0x00ffffff));
    } else if ((op2 & 0x70) == 0x20) {
        by_register(e, p, w);
    } else if ((op2 & 0x70) == 0x30) {
        multiplies(e, p, w);
    } else {
        single(e, p, w);
    }
}
