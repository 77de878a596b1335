/* In: a path at a T32 instruction. Out: its effect; those of 16 bits (DDI 0406C, A6.2), the others in t32_wide.c. */
#include "t32.h"

static void operate(engine *e, path *p, u32 op, u32 d, val a, val b, bool set) {
    arm_operate(e, p, op, d, a, (shifted_value){b, -1}, set);
}

static void shift_add(engine *e, path *p, u32 h, bool set) {
    const u32 op = bits(h, 12, 11), d = h & 7, m = bits(h, 5, 3);
    if (op < 3) {
        u32 amount = bits(h, 10, 6);
        if (!amount && op)
            amount = 32;
        arm_operate(e, p, MOV, d, known(0), arm_shift(e, p->r[m], op, amount), set);
        return;
    }
    const val b = h & 0x400 ? known(bits(h, 8, 6)) : p->r[bits(h, 8, 6)];
    operate(e, p, h & 0x200 ? SUB : ADD, d, p->r[m], b, set);
}

static void alu(engine *e, path *p, u32 h, bool set) {
    static const u8 ops[16] = {AND, EOR, 0, 0, 0, ADC, SBC, 0, TST, RSB, CMP, CMN, ORR, 0, BIC, MVN};
    const u32 op = bits(h, 9, 6), d = h & 7, m = bits(h, 5, 3);
    if ((op >= 2 && op <= 4) || op == 7) {
        const u32 type = op == 7 ? 3 : op - 2;
        arm_operate(e, p, MOV, d, known(0), arm_shift_by(e, p->r[d], type, p->r[m]), set);
    } else if (op == 13) {
        const val result = both(e, p->r[d], p->r[m], p->r[d].v * p->r[m].v);
        p->r[d] = result;
        if (set)
            logic(e, &p->f[0], result, 32);
    } else if (op == 9) {
        operate(e, p, RSB, d, p->r[m], known(0), set);
    } else {
        operate(e, p, ops[op], d, p->r[d], p->r[m], set);
    }
}

static void high_registers(engine *e, path *p, u32 h) {
    const u32 d = (h & 7) | (h >> 4 & 8), m = bits(h, 6, 3);
    const val what = arm_register(p, m);
    switch (bits(h, 9, 8)) {
    case 0: operate(e, p, ADD, d, arm_register(p, d), what, false); break;
    case 1: operate(e, p, CMP, 0, arm_register(p, d), what, true); break;
    case 2: arm_write(e, p, d, what); break;
    default:
        if (h & 0x80)
            call(e, p, what, (p->pc + 2) | 1);
        else
            go(e, p, m == 15 ? known((p->pc + 4) & ~3ull) : what);
    }
}

static void register_transfer(engine *e, path *p, u32 h) {
    static const u8 sizes[8] = {4, 2, 1, 1, 4, 2, 1, 2};
    const u32 op = bits(h, 11, 9);
    const val at = add(e, p->r[bits(h, 5, 3)], p->r[bits(h, 8, 6)]);
    arm_transfer(e, p, h & 7, at, sizes[op], op == 3 || op == 7, op >= 3);
}

static void immediate_transfer(engine *e, path *p, u32 h) {
    const u32 top = h >> 12, size = top == 6 ? 4 : top == 7 ? 1 : 2;
    arm_transfer(e, p, h & 7, add(e, p->r[bits(h, 5, 3)], known(bits(h, 10, 6) * size)), size, false, h >> 11 & 1);
}

static void push_pop(engine *e, path *p, u32 h) {
    const u32 list = h & 0xff;
    if (h & 0x800)
        arm_multiple(e, p, 13, list | (h & 0x100) << 7, true, true, false, true);
    else
        arm_multiple(e, p, 13, list | (h & 0x100) << 6, false, false, true, true);
}

static void branch_if_zero(engine *e, path *p, u32 h) {
    const u64 to = p->pc + 4 + (bits(h, 9, 9) << 6 | bits(h, 7, 3) << 1);
    flags *f = &p->f[7];
    compare(e, f, p->r[h & 7], known(0), 32);
    if (decide(e, p, f, h & 0x800 ? C_NE : C_EQ, p->pc))
        go(e, p, known(to | 1));
}

static void miscellaneous(engine *e, path *p, u32 h) {
    const u32 d = h & 7;
    const val m = p->r[bits(h, 5, 3)];
    switch (bits(h, 11, 8)) {
    case 0: {
        const u32 by = (h & 0x7f) * 4;
        p->r[13] = h & 0x80 ? sub(e, p->r[13], known(by)) : add(e, p->r[13], known(by));
        break;
    }
    case 1: case 3: case 9: case 11: branch_if_zero(e, p, h); break;
    case 2: p->r[d] = extend(e, m, h & 0x40 ? 1 : 2, !(h & 0x80)); break;
    case 4: case 5: case 12: case 13: push_pop(e, p, h); break;
    case 10: p->r[d] = arm_reverse(e, m, bits(h, 7, 6) == 0 ? 0 : bits(h, 7, 6) == 1 ? 1 : 3); break;
    case 14: p->dead = 1; break;
    case 15:
        if (h & 15)
            p->it = (u8)h;
        break;
    default: break;
    }
}

static void upper(engine *e, path *p, u32 h) {
    const u32 r = bits(h, 10, 8);
    switch (h >> 12) {
    case 9: arm_transfer(e, p, r, add(e, p->r[13], known((h & 0xff) * 4)), 4, false, h >> 11 & 1); break;
    case 10:
        p->r[r] = h & 0x800 ? add(e, p->r[13], known((h & 0xff) * 4)) : known(((p->pc + 4) & ~3ull) + (h & 0xff) * 4);
        break;
    case 11: miscellaneous(e, p, h); break;
    case 12: arm_multiple(e, p, r, h & 0xff, h >> 11 & 1, true, false, true); break;
    case 13: {
        const u32 condition = bits(h, 11, 8);
        if (condition == 15)
            system_call(e, p);
        else if (condition == 14)
            p->dead = 1;
        else if (decide(e, p, &p->f[0], condition, p->pc))
            go(e, p, known((u32)(p->pc + 4 + sign(h & 0xff, 8) * 2) | 1));
        break;
    }
    default: go(e, p, known((u32)(p->pc + 4 + sign(h & 0x7ff, 11) * 2) | 1));
    }
}

static void narrow(engine *e, path *p, u32 h, bool set) {
    const u32 r = bits(h, 10, 8);
    switch (h >> 12) {
    case 0: case 1: shift_add(e, p, h, set); break;
    case 2: operate(e, p, h & 0x800 ? CMP : MOV, r, p->r[r], known(h & 0xff), set); break;
    case 3: operate(e, p, h & 0x800 ? SUB : ADD, r, p->r[r], known(h & 0xff), set); break;
    case 4:
        if (h & 0x800)
            arm_transfer(e, p, r, known(((p->pc + 4) & ~3ull) + (h & 0xff) * 4), 4, false, true);
        else if (h & 0x400)
            high_registers(e, p, h);
        else
            alu(e, p, h, set);
        break;
    case 5: register_transfer(e, p, h); break;
    case 6: case 7: case 8: immediate_transfer(e, p, h); break;
    default: upper(e, p, h);
    }
}

void step_t32(engine *e, path *p) {
    u64 first, second = 0;
    const u64 at = p->pc;
    if (!code_word(e, at, 2, &first)) {
        p->dead = 1;
        return;
    }
    const bool is_wide = first >> 11 >= 29;
    if (is_wide && !code_word(e, at + 2, 2, &second)) {
        p->dead = 1;
        return;
    }
    const u8 it = p->it;
    const bool inside = it & 15;
    const bool runs = !inside || decide(e, p, &p->f[0], it >> 4, at | 1);
    if (inside) /* the instruction may leave the block only as its last one */
        p->it = it & 7 ? (u8)((it & 0xe0) | (it << 1 & 0x1f)) : 0;
    if (runs && is_wide)
        step_t32_wide(e, p, (u32)(first << 16 | second));
    else if (runs)
        narrow(e, p, (u32)first, !inside);
    if (p->pc == at)
        p->pc = at + (is_wide ? 4 : 2);
}
