/* In: a path at an x86 or x86-64 instruction. Out: its effect (Intel SDM volume 2, appendix A); two-byte ones in x86_sse.c. */
#include "x86.h"

u8 x86_byte(insn *i) { return i->at < i->room ? i->code[i->at++] : (i->at++, 0); }

u64 x86_immediate(insn *i, u32 size) {
    u64 v = 0;
    const u32 n = size > 4 ? 4 : size;
    for (u32 k = 0; k < n; k++)
        v |= (u64)x86_byte(i) << 8 * k;
    return sign(v, 8 * n);
}

val x86_trim(insn *i, val what, u32 size) {
    (void)i;
    if (!what.t && size < 8)
        what.v &= (1ull << 8 * size) - 1;
    return what;
}

val x86_get(insn *i, u32 n, u32 size) {
    if (size == 1 && !i->has_rex && n >= 4 && n < 8) {
        const val whole = i->p->r[n - 4];
        return whole.t ? mixed(i->e, whole, known(0)) : known(whole.v >> 8 & 0xff);
    }
    return x86_trim(i, i->p->r[n & 15], size);
}

void x86_put(insn *i, u32 n, u32 size, val what) {
    val *to = &i->p->r[n & 15];
    what = x86_trim(i, what, size);
    if (what.t && size == 4)
        what.v = cut(i->e, sign(what.v, 32)); /* a distance of 32 bits may be negative */
    if (size >= 4) {
        *to = what;
        return;
    }
    const bool upper = size == 1 && !i->has_rex && n >= 4 && n < 8;
    if (upper)
        to = &i->p->r[n - 4];
    const u64 mask = upper ? 0xff00 : size == 1 ? 0xff : 0xffff;
    if (!to->t && !what.t)
        *to = known((to->v & ~mask) | (upper ? what.v << 8 : what.v));
    else if (!upper)
        *to = what; /* what was above it is unknown anyway, and hardly ever looked at again */
    else
        *to = mixed(i->e, *to, what);
}

static val index_of(insn *i, u32 n, u32 scale) { return shifted(i->e, i->p->r[n], (int)scale); }

/* The ModR/M byte and what follows it; `after` is the size of the immediate behind, for addresses relative to RIP. */
void x86_modrm(insn *i, u32 after) {
    const u8 m = x86_byte(i);
    i->mod = m >> 6;
    i->reg = (m >> 3 & 7) | (i->rex & 4) << 1;
    i->rm = m & 7;
    if (i->mod == 3) {
        i->rm |= (i->rex & 1) << 3;
        return;
    }
    val at = known(0);
    bool has_base = true;
    u32 base = i->rm;
    if (i->rm == 4) {
        const u8 sib = x86_byte(i);
        const u32 index = (sib >> 3 & 7) | (i->rex & 2) << 2;
        base = sib & 7;
        if (index != 4)
            at = index_of(i, index, sib >> 6);
    }
    if (i->mod == 0 && base == 5) {
        has_base = false;
        at = add(i->e, at, known(cut(i->e, x86_immediate(i, 4))));
        if (i->long_mode && i->rm == 5)
            at = add(i->e, at, known(i->p->pc + i->at + after));
    }
    if (has_base)
        at = add(i->e, i->p->r[base | (i->rex & 1) << 3], at);
    if (i->mod == 1)
        at = add(i->e, at, known(cut(i->e, x86_immediate(i, 1))));
    if (i->mod == 2)
        at = add(i->e, at, known(cut(i->e, x86_immediate(i, 4))));
    if (i->segment)
        at = (val){at.v, origin_of(i->e, O_DEREF, 1, 0, 0, false)};
    i->address = at;
}

val x86_rm(insn *i, u32 size) {
    return i->mod == 3 ? x86_get(i, i->rm, size) : load(i->e, i->p, i->address, size, false);
}

void x86_put_rm(insn *i, u32 size, val what) {
    if (i->mod == 3)
        x86_put(i, i->rm, size, what);
    else
        store(i->e, i->p, i->address, size, what);
}

/* The carry of x86 is a borrow after subtractions; here it is kept the other way round, as Arm has it. */
bool x86_condition(insn *i, u32 cc) {
    static const u8 conditions[16] = {C_VS, C_VC, C_LO, C_HS, C_EQ, C_NE, C_LS, C_HI,
                                      C_MI, C_PL, C_VS, C_VC, C_LT, C_GE, C_LE, C_GT};
    return decide(i->e, i->p, &i->p->f[0], conditions[cc & 15], i->p->pc);
}

static void logic_flags(insn *i, val what, u32 size) {
    logic(i->e, &i->p->f[0], what, 8 * size);
    i->p->f[0].c = 1;
    i->p->f[0].v = 0;
}

static val added(insn *i, val a, val b, u32 size, bool with) {
    flags *f = &i->p->f[0];
    if (with && !f->known)
        return mixed(i->e, a.t ? a : (val){0, 1}, b);
    const u32 in = with ? !f->c : 0;
    val result = add(i->e, a, b);
    result.v = cut(i->e, result.v + in);
    if (result.t) {
        if (a.t && !b.t && !in)
            compare(i->e, f, a, known(cut(i->e, 0 - b.v)), 8 * size);
        else
            logic_flags(i, result, size);
        return result;
    }
    bool carry;
    const bool over = add_overflows(a.v, b.v, in, 8 * size, &carry);
    logic(i->e, f, result, 8 * size);
    f->c = !carry;
    f->v = over;
    return result;
}

static val taken_away(insn *i, val a, val b, u32 size, bool with) {
    flags *f = &i->p->f[0];
    if (!with) {
        compare(i->e, f, a, b, 8 * size);
        return sub(i->e, a, b);
    }
    if (a.t || b.t || !f->known) {
        const val result = a.t == b.t && a.v == b.v && f->known ? known(f->c ? 0 : ~0ull) : mixed(i->e, a.t ? a : (val){0, 1}, b);
        logic_flags(i, result, size);
        return result;
    }
    bool carry;
    const u32 in = f->c;
    const val result = known(cut(i->e, a.v - b.v - !in));
    const bool over = add_overflows(a.v, ~b.v, in, 8 * size, &carry);
    logic(i->e, f, result, 8 * size);
    f->c = carry;
    f->v = over;
    return result;
}

val x86_alu(insn *i, u32 op, val a, val b, u32 size, bool *writes) {
    val result;
    *writes = op != 7;
    b = x86_trim(i, b, size);
    switch (op) {
    case 0: return added(i, a, b, size, false);
    case 2: return added(i, a, b, size, true);
    case 3: return taken_away(i, a, b, size, true);
    case 5: case 7: return taken_away(i, a, b, size, false);
    case 1: result = b.t || b.v != x86_trim(i, known(~0ull), size).v ? or_values(i->e, a, b) : b; break;
    case 4: result = and_values(i->e, a, b); break;
    default: result = xor_values(i->e, a, b);
    }
    logic_flags(i, result, size);
    return result;
}

static void push(insn *i, val what) {
    const u32 word = i->e->set.bits / 8;
    i->p->r[4] = sub(i->e, i->p->r[4], known(word));
    store(i->e, i->p, i->p->r[4], word, what);
}

static val pop(insn *i) {
    const u32 word = i->e->set.bits / 8;
    const val what = load(i->e, i->p, i->p->r[4], word, false);
    i->p->r[4] = add(i->e, i->p->r[4], known(word));
    return what;
}

static void alu_forms(insn *i) {
    const u32 form = i->op & 7, op = i->op >> 3, size = form & 1 ? i->size : 1;
    bool writes;
    if (form >= 4) {
        const val b = known(x86_immediate(i, size)), result = x86_alu(i, op, x86_get(i, 0, size), b, size, &writes);
        if (writes)
            x86_put(i, 0, size, result);
        return;
    }
    x86_modrm(i, 0);
    const val rm = x86_rm(i, size), reg = x86_get(i, i->reg, size);
    const val result = form < 2 ? x86_alu(i, op, rm, reg, size, &writes) : x86_alu(i, op, reg, rm, size, &writes);
    if (writes && form < 2)
        x86_put_rm(i, size, result);
    else if (writes)
        x86_put(i, i->reg, size, result);
}

static void stepped(insn *i, u32 size, bool minus) { /* INC and DEC leave the carry */
    const u8 carry = i->p->f[0].c;
    const val a = x86_rm(i, size);
    const val result = minus ? taken_away(i, a, known(1), size, false) : added(i, a, known(1), size, false);
    i->p->f[0].c = carry;
    x86_put_rm(i, size, result);
}

static void group3(insn *i, u32 size) {
    x86_modrm(i, (i->code[i->at < i->room ? i->at : 0] >> 3 & 7) < 2 ? (size > 4 ? 4 : size) : 0);
    const val a = x86_rm(i, size);
    switch (i->reg & 7) {
    case 0: case 1: logic_flags(i, and_values(i->e, a, x86_trim(i, known(x86_immediate(i, size)), size)), size); break;
    case 2: x86_put_rm(i, size, a.t ? mixed(i->e, a, known(0)) : known(cut(i->e, ~a.v))); break;
    case 3: x86_put_rm(i, size, taken_away(i, known(0), a, size, false)); break;
    default: x86_divide(i, size);
    }
}

static void group5(insn *i, u32 size) {
    x86_modrm(i, 0);
    const u32 word = i->e->set.bits / 8;
    const u64 next = i->p->pc + i->at;
    switch (i->reg & 7) {
    case 0: stepped(i, size, false); break;
    case 1: stepped(i, size, true); break;
    case 2:
        if (i->segment && !i->long_mode)
            system_call(i->e, i->p); /* CALL GS:[16] enters the system (AT_SYSINFO) */
        else
            call(i->e, i->p, x86_rm(i, word), next);
        break;
    case 4: go(i->e, i->p, x86_rm(i, word)); break;
    case 6: push(i, x86_rm(i, word)); break;
    default: break;
    }
}

static void moves(insn *i) {
    const u32 size = i->op & 1 ? i->size : 1;
    switch (i->op) {
    case 0x88: case 0x89:
        x86_modrm(i, 0);
        x86_put_rm(i, size, x86_get(i, i->reg, size));
        break;
    case 0x8a: case 0x8b:
        x86_modrm(i, 0);
        x86_put(i, i->reg, size, x86_rm(i, size));
        break;
    case 0x8d:
        x86_modrm(i, 0);
        x86_put(i, i->reg, i->size, i->address);
        break;
    case 0xc6: case 0xc7:
        x86_modrm(i, size > 4 ? 4 : size);
        x86_put_rm(i, size, known(cut(i->e, x86_immediate(i, size))));
        break;
    default: { /* A0-A3 */
        u64 at = 0;
        for (u32 k = 0; k < i->e->set.bits / 8; k++)
            at |= (u64)x86_byte(i) << 8 * k;
        if (i->op < 0xa2)
            x86_put(i, 0, size, load(i->e, i->p, known(at), size, false));
        else
            store(i->e, i->p, known(at), size, x86_get(i, 0, size));
    }
    }
}

static void group1(insn *i) {
    const u32 size = i->op == 0x80 || i->op == 0x82 ? 1 : i->size, wide = i->op == 0x81 ? (size > 4 ? 4 : size) : 1;
    bool writes;
    x86_modrm(i, wide);
    const val b = known(cut(i->e, x86_immediate(i, wide)));
    const val result = x86_alu(i, i->reg & 7, x86_rm(i, size), b, size, &writes);
    if (writes)
        x86_put_rm(i, size, result);
}

static void shifts(insn *i) {
    const u32 size = i->op & 1 ? i->size : 1;
    x86_modrm(i, i->op < 0xd0 ? 1 : 0);
    const val by = i->op < 0xd0 ? known(x86_byte(i)) : i->op < 0xd2 ? known(1) : x86_get(i, 1, 1);
    x86_shift(i, by, size);
}

static void relative(insn *i, u32 size) {
    const u64 offset = x86_immediate(i, size), to = cut(i->e, i->p->pc + i->at + offset);
    if (i->op == 0xe8 && to == i->p->pc + i->at)
        push(i, known(to)); /* only to learn where it is */
    else if (i->op == 0xe8)
        call(i->e, i->p, known(to), i->p->pc + i->at);
    else
        go(i->e, i->p, known(to));
}

static void conditional(insn *i, u32 size) {
    const u64 offset = x86_immediate(i, size), to = cut(i->e, i->p->pc + i->at + offset);
    if (x86_condition(i, i->op & 15))
        go(i->e, i->p, known(to));
}

enum { THREAD_SELECTOR = 0x33 };

static void others(insn *i) {
    const u32 size = i->op & 1 ? i->size : 1;
    switch (i->op) {
    case 0x63:
        x86_modrm(i, 0);
        x86_put(i, i->reg, i->size, extend(i->e, x86_rm(i, 4), 4, true));
        break;
    case 0x68: push(i, known(cut(i->e, x86_immediate(i, i->small ? 2 : 4)))); break;
    case 0x6a: push(i, known(cut(i->e, x86_immediate(i, 1)))); break;
    case 0x69: case 0x6b: {
        const u32 wide = i->op == 0x6b ? 1 : i->size > 4 ? 4 : i->size;
        x86_modrm(i, wide);
        const val a = x86_rm(i, i->size);
        x86_multiply(i, i->reg, a, known(x86_immediate(i, wide)));
        break;
    }
    case 0x84: case 0x85:
        x86_modrm(i, 0);
        logic_flags(i, and_values(i->e, x86_rm(i, size), x86_get(i, i->reg, size)), size);
        break;
    case 0x86: case 0x87: {
        x86_modrm(i, 0);
        const val a = x86_rm(i, size), b = x86_get(i, i->reg, size);
        x86_put_rm(i, size, b);
        x86_put(i, i->reg, size, a);
        break;
    }
    case 0x8c: /* segment registers: Linux's selector of a thread's own data */
        x86_modrm(i, 0);
        x86_put_rm(i, i->mod == 3 ? i->size : 2, known(THREAD_SELECTOR));
        break;
    case 0x8e:
        x86_modrm(i, 0);
        break;
    case 0x8f:
        x86_modrm(i, 0);
        x86_put_rm(i, i->e->set.bits / 8, pop(i));
        break;
    case 0x98: x86_put(i, 0, i->size, extend(i->e, x86_get(i, 0, i->size / 2), i->size / 2, true)); break;
    case 0x99: {
        const val a = x86_get(i, 0, i->size);
        x86_put(i, 2, i->size, a.t ? mixed(i->e, a, known(0)) : known(a.v >> (8 * i->size - 1) ? ~0ull : 0));
        break;
    }
    case 0xa8: case 0xa9: logic_flags(i, and_values(i->e, x86_get(i, 0, size), x86_trim(i, known(x86_immediate(i, size)), size)), size); break;
    case 0xc2: case 0xc3: {
        const u32 more = i->op == 0xc2 ? (u32)x86_immediate(i, 2) & 0xffff : 0;
        const val back = pop(i);
        i->p->r[4] = add(i->e, i->p->r[4], known(more));
        go(i->e, i->p, back);
        break;
    }
    case 0xc8: x86_immediate(i, 3); break;
    case 0xc9:
        i->p->r[4] = i->p->r[5];
        i->p->r[5] = pop(i);
        break;
    case 0xcd:
        x86_byte(i);
        system_call(i->e, i->p);
        break;
    case 0xe0: case 0xe1: case 0xe2: case 0xe3: {
        const u64 to = cut(i->e, i->p->pc + i->at + 1 + sign(i->code[i->at < i->room ? i->at : 0], 8));
        x86_byte(i);
        compare(i->e, &i->p->f[7], i->p->r[1], known(0), i->e->set.bits);
        if (i->op == 0xe3 && decide(i->e, i->p, &i->p->f[7], C_EQ, i->p->pc))
            go(i->e, i->p, known(to));
        break;
    }
    case 0xf6: case 0xf7: group3(i, size); break;
    case 0xfe: case 0xff: group5(i, size); break;
    case 0xcc: case 0xf4: case 0xf1: i->p->dead = 1; break;
    default:
        if (i->op >= 0xd8 && i->op <= 0xdf)
            x86_modrm(i, 0);
        else if (i->op != 0x90 && i->op != 0xfc && i->op != 0xfd && i->op != 0x9b)
            i->e->count.unknown_instructions++;
    }
}

static void one(insn *i) {
    const u32 n = (i->op & 7) | (i->rex & 1) << 3;
    if (i->op < 0x40 && (i->op & 7) < 6) {
        alu_forms(i);
    } else if (i->op >= 0x40 && i->op < 0x50) {
        i->mod = 3;
        i->rm = i->op & 7;
        stepped(i, i->size, i->op & 8);
    } else if (i->op >= 0x50 && i->op < 0x58) {
        push(i, i->p->r[n]);
    } else if (i->op >= 0x58 && i->op < 0x60) {
        i->p->r[n] = pop(i);
    } else if (i->op >= 0x70 && i->op < 0x80) {
        conditional(i, 1);
    } else if (i->op >= 0x80 && i->op < 0x84) {
        group1(i);
    } else if ((i->op >= 0x88 && i->op <= 0x8d && i->op != 0x8c) || (i->op >= 0xa0 && i->op < 0xa4) || i->op == 0xc6 || i->op == 0xc7) {
        moves(i);
    } else if (i->op >= 0x91 && i->op < 0x98) {
        const val a = x86_get(i, 0, i->size), b = x86_get(i, n, i->size);
        x86_put(i, 0, i->size, b);
        x86_put(i, n, i->size, a);
    } else if (i->op >= 0xa4 && i->op < 0xb0 && i->op != 0xa8 && i->op != 0xa9) {
        x86_string(i);
    } else if (i->op >= 0xb0 && i->op < 0xb8) {
        x86_put(i, n, 1, known(x86_byte(i)));
    } else if (i->op >= 0xb8 && i->op < 0xc0) {
        u64 v = x86_immediate(i, i->size);
        if (i->size == 8)
            v = (v & 0xffffffff) | x86_immediate(i, 4) << 32;
        x86_put(i, n, i->size, known(v));
    } else if (i->op == 0xc0 || i->op == 0xc1 || (i->op >= 0xd0 && i->op < 0xd4)) {
        shifts(i);
    } else if (i->op == 0xe8 || i->op == 0xe9 || i->op == 0xeb) {
        relative(i, i->op == 0xeb ? 1 : 4);
    } else {
        others(i);
    }
}

void step_x86(engine *e, path *p) {
    const u64 at = p->pc;
    const segment *s = segment_at(e, at);
    if (!s || at - s->address >= s->size) {
        p->dead = 1;
        return;
    }
    const u64 left = s->size - (at - s->address);
    insn i = {.e = e, .p = p, .code = s->data + (at - s->address), .room = left > 15 ? 15 : (u32)left, .size = 4,
              .long_mode = e->set.machine == X86_64};
    for (i.op = x86_byte(&i); i.at < 15; i.op = x86_byte(&i)) {
        if (i.op == 0x66)
            i.small = true;
        else if (i.op == 0xf2 || i.op == 0xf3)
            i.rep = i.op;
        else if (i.op == 0x64 || i.op == 0x65)
            i.segment = true;
        else if (i.op != 0x2e && i.op != 0x36 && i.op != 0x3e && i.op != 0x26 && i.op != 0xf0 && i.op != 0x67)
            break;
    }
    if (i.long_mode && (i.op & 0xf0) == 0x40) {
        i.rex = i.op;
        i.has_rex = true;
        i.op = x86_byte(&i);
    }
    i.size = i.rex & 8 ? 8 : i.small ? 2 : 4;
    if (i.op == 0x0f)
        x86_two_bytes(&i);
    else
        one(&i);
    if (i.at > i.room)
        p->dead = 1; /* cut by the end of the code */
    else if (p->pc == at)
        p->pc = at + i.at;
}
