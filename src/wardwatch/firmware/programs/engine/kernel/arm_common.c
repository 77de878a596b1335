/* In: operands of A32 and T32 instructions. Out: their effect on registers, flags and memory. */
#include "arm.h"

/* The program counter reads as two instructions ahead. */
val arm_register(const path *p, u32 n) {
    if (n == 15)
        return known((u32)(p->pc + (p->thumb ? 4 : 8)));
    return p->r[n & 15];
}

void arm_write(engine *e, path *p, u32 n, val what) {
    if (n == 15) {
        if (p->thumb && !what.t)
            what.v |= 1;
        go(e, p, what);
    } else {
        p->r[n & 15] = what;
    }
}

shifted_value arm_immediate(u32 w) {
    const u32 rotate = 2 * bits(w, 11, 8), value = w & 0xff;
    const u32 result = rotate ? value >> rotate | value << (32 - rotate) : value;
    return (shifted_value){known(result), rotate ? (int)(result >> 31) : -1};
}

static shifted_value shift_known(u32 v, u32 type, u32 amount) {
    if (!amount)
        return (shifted_value){known(v), -1};
    switch (type) {
    case 0:
        return (shifted_value){known(amount > 31 ? 0 : v << amount), amount > 32 ? 0 : (int)(v >> (32 - amount) & 1)};
    case 1:
        return (shifted_value){known(amount > 31 ? 0 : v >> amount), amount > 32 ? 0 : (int)(v >> (amount - 1) & 1)};
    case 2:
        amount = amount > 32 ? 32 : amount;
        return (shifted_value){known(amount > 31 ? (u32)((i32)v >> 31) : (u32)((i32)v >> amount)),
                               (int)((amount > 31 ? (u32)((i32)v >> 31) : v >> (amount - 1)) & 1)};
    default:
        amount &= 31;
        v = amount ? v >> amount | v << (32 - amount) : v;
        return (shifted_value){known(v), (int)(v >> 31)};
    }
}

/* `type`: 0 left, 1 right, 2 right with sign, 3 rotate right. */
shifted_value arm_shift(engine *e, val what, u32 type, u32 amount) {
    if (!what.t)
        return shift_known((u32)what.v, type, amount);
    if (!amount)
        return (shifted_value){what, -1};
    if (type <= 1 && amount < 32) {
        const origin o = e->origins[what.t];
        if (type == 1 && o.kind == O_SHIFT && !what.v && o.size == 64 + amount && amount >= 16)
            return (shifted_value){{o.number, o.parent}, -2}; /* the pair that clears the upper part */
        return (shifted_value){shifted(e, what, type ? -(int)amount : (int)amount), -2};
    }
    if (type == 2 && e->origins[what.t].kind == O_SHIFT && e->origins[what.t].size == 64 + amount && amount >= 16)
        return (shifted_value){{e->origins[what.t].number, e->origins[what.t].parent}, -2};
    return (shifted_value){mixed(e, what, known(0)), -2};
}

shifted_value arm_shift_by(engine *e, val what, u32 type, val amount) {
    if (amount.t)
        return (shifted_value){mixed(e, amount, what), -2};
    return arm_shift(e, what, type, (u32)amount.v & 0xff);
}

static val with_carry(engine *e, path *p, val a, val b, bool set) {
    flags *f = &p->f[0];
    if (a.t || b.t || !f->known) {
        const val result = mixed(e, a.t ? a : b, known(0));
        if (set)
            *f = (flags){.mask = 7, .a = result};
        return result;
    }
    bool carry;
    const u32 in = f->c;
    const val result = known((u32)(a.v + b.v + in));
    const bool over = add_overflows(a.v, b.v, in, 32, &carry);
    if (set) {
        logic(e, f, result, 32);
        f->c = carry;
        f->v = over;
    }
    return result;
}

static val sum(engine *e, path *p, val a, val b, bool set) {
    const val result = add(e, a, b);
    if (!set)
        return result;
    if (result.t) {
        const val negative = known((u32)(0 - b.v));
        if (a.t && !b.t)
            compare(e, &p->f[0], a, negative, 32);
        else
            logic(e, &p->f[0], result, 32);
        return result;
    }
    bool carry;
    const bool over = add_overflows(a.v, b.v, 0, 32, &carry);
    logic(e, &p->f[0], result, 32);
    p->f[0].c = carry;
    p->f[0].v = over;
    return result;
}

static val inverted(engine *e, val a) { return a.t ? mixed(e, a, known(0)) : known((u32)~a.v); }

static val difference(engine *e, path *p, val a, val b, bool set) {
    if (set)
        compare(e, &p->f[0], a, b, 32);
    return sub(e, a, b);
}

static val arithmetic(engine *e, path *p, u32 op, val a, val b, bool set) {
    switch (op) {
    case SUB: case CMP: return difference(e, p, a, b, set);
    case RSB: return difference(e, p, b, a, set);
    case ADD: case CMN: return sum(e, p, a, b, set);
    case ADC: return with_carry(e, p, a, b, set);
    case SBC: return with_carry(e, p, a, inverted(e, b), set);
    default: return with_carry(e, p, inverted(e, a), b, set);
    }
}

static val logical(engine *e, u32 op, val a, val b) {
    switch (op) {
    case AND: case TST: return and_values(e, a, b);
    case EOR: case TEQ: return xor_values(e, a, b);
    case ORR: return or_values(e, a, b);
    case BIC: return and_values(e, a, inverted(e, b));
    case MVN: return inverted(e, b);
    default: return b;
    }
}

void arm_operate(engine *e, path *p, u32 op, u32 d, val a, shifted_value b, bool set) {
    const bool tests = op >= TST && op <= CMN;
    val result;
    if ((op >= SUB && op <= RSC) || op == CMP || op == CMN) {
        result = arithmetic(e, p, op, a, b.v, set || tests);
    } else {
        result = logical(e, op, a, b.v);
        if (set || tests) {
            const u8 carry = p->f[0].c;
            logic(e, &p->f[0], result, 32);
            p->f[0].c = b.carry < 0 ? carry : (u8)b.carry;
        }
    }
    if (!tests)
        arm_write(e, p, d, result);
}

void arm_transfer(engine *e, path *p, u32 t, val at, u32 size, bool negative, bool is_load) {
    if (!is_load)
        store(e, p, at, size, arm_register(p, t));
    else if (t == 15)
        go(e, p, load(e, p, at, 4, false));
    else
        p->r[t & 15] = load(e, p, at, size, negative);
}

/* Load and store multiple: registers from the lowest at the lowest address. */
void arm_multiple(engine *e, path *p, u32 n, u32 list, bool is_load, bool up, bool before, bool back) {
    const u32 count = (u32)__builtin_popcount(list);
    const val base = arm_register(p, n);
    val at = up ? base : sub(e, base, known(4 * count));
    if (before == up)
        at = add(e, at, known(4));
    const val after = up ? add(e, base, known(4 * count)) : sub(e, base, known(4 * count));
    val counter = known(0);
    for (u32 i = 0; i < 16; i++) {
        if (!(list >> i & 1))
            continue;
        if (!is_load)
            store(e, p, at, 4, arm_register(p, i));
        else if (i == 15)
            counter = load(e, p, at, 4, false);
        else
            p->r[i] = load(e, p, at, 4, false);
        at = add(e, at, known(4));
    }
    if (back && n != 15 && !(is_load && list >> n & 1))
        p->r[n] = after;
    if (is_load && list >> 15)
        go(e, p, counter);
}

void arm_long_multiply(engine *e, path *p, u32 low, u32 high, val a, val b, bool is_signed, bool accumulate) {
    const val l = arm_register(p, low), h = arm_register(p, high);
    if (a.t || b.t || (accumulate && (l.t || h.t))) {
        const val what = mixed(e, a.t ? a : b, l);
        p->r[low & 15] = p->r[high & 15] = what;
        return;
    }
    u64 result = is_signed ? (u64)((i64)(i32)a.v * (i64)(i32)b.v) : (u64)(u32)a.v * (u32)b.v;
    if (accumulate)
        result += (u64)(u32)h.v << 32 | (u32)l.v;
    p->r[low & 15] = known((u32)result);
    p->r[high & 15] = known(result >> 32);
}

/* Division by 0 gives 0, as the processor does. */
val arm_divide(engine *e, val a, val b, bool is_signed) {
    if (a.t || b.t)
        return mixed(e, a, b);
    const u32 x = (u32)a.v, y = (u32)b.v;
    if (!y)
        return known(0);
    if (is_signed && y == 0xffffffffu)
        return known((u32)(0 - x));
    return known(is_signed ? (u32)((i32)x / (i32)y) : x / y);
}

/* `kind`: 0 bytes of a word, 1 bytes of halfwords, 2 bits, 3 signed halfword. */
val arm_reverse(engine *e, val a, u32 kind) {
    if (a.t)
        return kind == 2 ? mixed(e, a, known(0)) : a;
    const u32 v = (u32)a.v;
    u32 result = __builtin_bswap32(v);
    if (kind == 1)
        result = result >> 16 | result << 16;
    if (kind == 3)
        result = (u32)(i32)(i16)__builtin_bswap16((u16)v);
    if (kind == 2) {
        result = 0;
        for (u32 i = 0; i < 32; i++)
            result |= (v >> i & 1) << (31 - i);
    }
    return known(result);
}

val arm_field(engine *e, val a, u32 low, u32 width, bool is_signed) {
    if (a.t)
        return !low && (width == 8 || width == 16) ? a : mixed(e, a, known(0));
    const u64 v = (u32)a.v >> low & ((1ull << width) - 1);
    return known((u32)(is_signed ? sign(v, width) : v));
}

val arm_insert(engine *e, val to, val from, u32 low, u32 width) {
    if (to.t || from.t)
        return mixed(e, to, from);
    const u32 mask = (u32)(((1ull << width) - 1) << low);
    return known(((u32)to.v & ~mask) | ((u32)(from.v << low) & mask));
}
