/* In: x86 instructions of two bytes, shifts, products and string instructions. Out: their effect; vectors as bytes moved. */
#include "x86.h"

static u8 *q(insn *i, u32 n) { return i->p->q + 16 * (n & 15); }

static u32 *qt(insn *i, u32 n) { return i->p->qt + 16 * (n & 15); }

static void take(insn *i, u8 *bytes, u32 *tags, u32 size) {
    for (u32 k = 0; k < size; k++) {
        bool there;
        if (i->mod == 3) {
            bytes[k] = q(i, i->rm)[k];
            tags[k] = qt(i, i->rm)[k];
        } else {
            bytes[k] = read_byte(i->e, i->p, add(i->e, i->address, known(k)), &tags[k], &there);
        }
    }
}

void x86_vector_operand(insn *i, u8 *bytes, u32 *tags) { take(i, bytes, tags, 16); }

static void vector_load(insn *i, u32 to, u32 size, bool clear) {
    u8 bytes[16] = {0};
    u32 tags[16] = {0};
    take(i, bytes, tags, size);
    for (u32 k = 0; k < (clear ? 16 : size); k++) {
        q(i, i->reg)[(to + k) & 15] = bytes[k];
        qt(i, i->reg)[(to + k) & 15] = tags[k];
    }
}

static void vector_store(insn *i, u32 from, u32 size) {
    for (u32 k = 0; k < size; k++)
        if (i->mod == 3) {
            q(i, i->rm)[k] = q(i, i->reg)[from + k];
            qt(i, i->rm)[k] = qt(i, i->reg)[from + k];
        } else {
            write_byte(i->e, i->p, add(i->e, i->address, known(k)), q(i, i->reg)[from + k], qt(i, i->reg)[from + k]);
        }
}

static void between(insn *i, bool to_vector) { /* MOVD, MOVQ with general registers or memory */
    const u32 size = i->rex & 8 ? 8 : 4;
    if (to_vector) {
        const val v = x86_rm(i, size);
        for (u32 k = 0; k < 16; k++) {
            q(i, i->reg)[k] = k < size ? (u8)(v.v >> 8 * k) : 0;
            qt(i, i->reg)[k] = k < size ? v.t : 0;
        }
        return;
    }
    u64 v = 0;
    u32 tag = 0;
    bool same = true;
    for (u32 k = 0; k < size; k++) {
        v |= (u64)q(i, i->reg)[k] << 8 * k;
        tag = tag ? tag : qt(i, i->reg)[k];
        same = same && qt(i, i->reg)[k] == qt(i, i->reg)[0];
    }
    x86_put_rm(i, size, !tag ? known(v) : same ? (val){v, tag} : mixed(i->e, (val){0, tag}, known(0)));
}

static void interleaved(insn *i, u32 width, bool high) {
    u8 a[16], b[16];
    u32 ta[16], tb[16];
    memcpy(a, q(i, i->reg), 16);
    memcpy(ta, qt(i, i->reg), sizeof ta);
    take(i, b, tb, 16);
    for (u32 k = 0; k < 16; k++) {
        const u32 from = (k / (2 * width)) * width + k % width + (high ? 8 : 0);
        const bool second = k / width & 1;
        q(i, i->reg)[k] = second ? b[from & 15] : a[from & 15];
        qt(i, i->reg)[k] = second ? tb[from & 15] : ta[from & 15];
    }
}

static void shuffled(insn *i) { /* PSHUFD, and PSHUFLW with its prefix */
    u8 bytes[16];
    u32 tags[16];
    take(i, bytes, tags, 16);
    const u8 order = x86_byte(i);
    for (u32 k = 0; k < 16; k++) {
        u32 from = k;
        if (i->rep == 0xf2 && k < 8)
            from = 2 * (order >> 2 * (k / 2) & 3) + k % 2;
        else if (!i->rep)
            from = 4 * (order >> 2 * (k / 4) & 3) + k % 4;
        q(i, i->reg)[k] = bytes[from];
        qt(i, i->reg)[k] = tags[from];
    }
}

static void combined(insn *i, u32 op) {
    u8 b[16];
    u32 tb[16];
    take(i, b, tb, 16);
    const bool same = i->mod == 3 && i->rm == i->reg, is_xor = op == 0xef || op == 0x57;
    for (u32 k = 0; k < 16; k++) {
        u8 *a = &q(i, i->reg)[k];
        u32 *ta = &qt(i, i->reg)[k];
        *ta = same && is_xor ? 0 : *ta ? *ta : tb[k];
        *a = is_xor ? *a ^ b[k] : op == 0xeb || op == 0x56 ? *a | b[k] : *a & b[k];
    }
}

static void forget(insn *i) {
    i->e->count.unknown_instructions++;
    for (u32 k = 0; k < 16; k++)
        qt(i, i->reg)[k] = 1;
}

/* MOVxx: false where the opcode is none of them. */
static bool vector_moves(insn *i, u32 op) {
    const u32 scalar = i->rep == 0xf3 ? 4 : i->rep == 0xf2 ? 8 : 16;
    switch (op) {
    case 0x10: vector_load(i, 0, scalar, i->mod != 3 || scalar == 16); break;
    case 0x11: vector_store(i, 0, scalar); break;
    case 0x28: case 0x6f: vector_load(i, 0, 16, false); break;
    case 0x29: case 0x7f: case 0xe7: case 0x2b: vector_store(i, 0, 16); break;
    case 0x12: vector_load(i, 0, 8, false); break;
    case 0x13: vector_store(i, 0, 8); break;
    case 0x16: vector_load(i, 8, 8, false); break;
    case 0x17: vector_store(i, 8, 8); break;
    case 0x6e: between(i, true); break;
    case 0x7e:
        if (i->rep == 0xf3)
            vector_load(i, 0, 8, true);
        else
            between(i, false);
        break;
    case 0xd6: vector_store(i, 0, 8); break;
    case 0x60: case 0x61: case 0x62: interleaved(i, 1u << (op - 0x60), false); break;
    case 0x68: case 0x69: case 0x6a: interleaved(i, 1u << (op - 0x68), true); break;
    case 0x14: interleaved(i, i->small ? 8 : 4, false); break;
    case 0x6c: interleaved(i, 8, false); break;
    case 0x6d: interleaved(i, 8, true); break;
    case 0xef: case 0x57: case 0xeb: case 0x56: case 0xdb: case 0x54: combined(i, op); break;
    default: return false;
    }
    return true;
}

void x86_shift(insn *i, val by, u32 size) {
    static const u8 types[8] = {4, 3, 5, 5, 0, 1, 0, 2};
    const u32 type = types[i->reg & 7], width = 8 * size;
    const val a = x86_rm(i, size);
    const u32 amount = (u32)by.v & (size == 8 ? 63 : 31);
    if (!by.t && !amount)
        return;
    val result;
    if (a.t || by.t || type == 5) {
        result = !by.t && a.t && type < 2 ? shifted(i->e, a, type ? -(int)amount : (int)amount) : mixed(i->e, a.t ? a : by, (val){0, 1});
        logic(i->e, &i->p->f[0], result, width);
    } else {
        u64 v = a.v;
        const u64 mask = width == 64 ? ~0ull : (1ull << width) - 1;
        u32 carry = 0;
        const u32 turn = amount % width;
        if (type == 0) {
            carry = amount <= width ? (u32)(v >> (width - amount) & 1) : 0;
            v = amount < width ? v << amount : 0;
        } else if (type == 1) {
            carry = (u32)(v >> (amount - 1) & 1);
            v = amount < width ? v >> amount : 0;
        } else if (type == 2) {
            const i64 wide = (i64)sign(v, width);
            carry = (u32)(wide >> (amount - 1) & 1);
            v = (u64)(wide >> amount);
        } else if (turn) {
            const u32 left = type == 4 ? turn : width - turn;
            v = v << left | v >> (width - left);
        }
        result = known(v & mask);
        if (type < 3) {
            logic(i->e, &i->p->f[0], result, width);
            i->p->f[0].v = 0;
        }
        i->p->f[0].c = !carry;
    }
    x86_put_rm(i, size, result);
}

void x86_multiply(insn *i, u32 n, val a, val b) {
    const u32 width = 8 * i->size;
    if (a.t || b.t)
        x86_put(i, n, i->size, mixed(i->e, a, b));
    else
        x86_put(i, n, i->size, known(sign(a.v, width) * sign(b.v, width)));
    logic(i->e, &i->p->f[0], (val){0, 1}, width);
}

/* MUL, IMUL, DIV, IDIV on the accumulator. */
void x86_divide(insn *i, u32 size) {
    const u32 kind = i->reg & 7, width = 8 * size;
    const val a = x86_get(i, 0, size), b = x86_rm(i, size), high = x86_get(i, 2, size);
    const bool is_signed = kind & 1;
    val low = mixed(i->e, a.t ? a : b.t ? b : (val){0, 1}, known(0)), up = low;
    if (kind < 6 && !a.t && !b.t && size >= 4) {
        const unsigned __int128 product = is_signed ? (unsigned __int128)((__int128)(i64)sign(a.v, width) * (i64)sign(b.v, width))
                                                    : (unsigned __int128)a.v * b.v;
        low = known((u64)product);
        up = known((u64)(product >> width));
    } else if (kind >= 6 && !a.t && !b.t && !high.t && b.v && size >= 4) {
        const i64 x = (i64)sign(a.v, width), y = (i64)sign(b.v, width);
        if (!is_signed && !high.v) {
            low = known(a.v / b.v);
            up = known(a.v % b.v);
        } else if (is_signed && y != -1) {
            low = known((u64)(x / y));
            up = known((u64)(x % y));
        } else if (is_signed) {
            low = known(0 - (u64)x);
            up = known(0);
        }
    }
    if (size >= 4) {
        x86_put(i, 0, size, low);
        x86_put(i, 2, size, up);
    } else {
        i->p->r[0] = low;
    }
    logic(i->e, &i->p->f[0], (val){0, 1}, width);
}

static val lowered(insn *i, val what, u32 size) { return x86_trim(i, what, size); }

/* MOVS, STOS and LODS, repeated a known number of times; SCAS and CMPS leave what they find unknown. */
void x86_string(insn *i) {
    const u32 size = i->op & 1 ? i->size : 1, word = i->e->set.bits / 8;
    u64 count = 1;
    if (i->rep && i->p->r[1].t)
        count = 0;
    else if (i->rep)
        count = i->p->r[1].v > 4096 ? 4096 : i->p->r[1].v;
    const u32 op = i->op & 0xfe;
    for (u64 k = 0; k < count && op != 0xa6 && op != 0xae; k++) {
        const val from = i->p->r[6], to = i->p->r[7];
        const val what = op == 0xaa ? x86_get(i, 0, size) : load(i->e, i->p, from, size, false);
        if (op == 0xac)
            x86_put(i, 0, size, what);
        else
            store(i->e, i->p, to, size, lowered(i, what, size));
        if (op != 0xaa)
            i->p->r[6] = add(i->e, from, known(size));
        if (op != 0xac)
            i->p->r[7] = add(i->e, to, known(size));
    }
    if (op == 0xa6 || op == 0xae) {
        i->p->r[7] = mixed(i->e, i->p->r[7].t ? i->p->r[7] : (val){0, 1}, known(0));
        i->p->r[1] = (val){0, 1};
        i->p->f[0] = (flags){.mask = 7, .a = {0, 1}};
    } else if (i->rep) {
        x86_put(i, 1, word, known(0));
    }
}

static void bit_test(insn *i, val by, u32 how) {
    const val a = x86_rm(i, i->size);
    const u32 n = (u32)by.v & (8 * i->size - 1);
    if (a.t || by.t) {
        logic(i->e, &i->p->f[0], mixed(i->e, a.t ? a : by, known(0)), 8 * i->size);
    } else {
        i->p->f[0].known = 1;
        i->p->f[0].c = !(a.v >> n & 1);
    }
    const u64 bit = 1ull << n;
    if (how)
        x86_put_rm(i, i->size, a.t || by.t ? mixed(i->e, a.t ? a : by, known(0)) : known(how == 1 ? a.v | bit : how == 2 ? a.v & ~bit : a.v ^ bit));
}

static void scanned(insn *i, bool last) {
    const val a = x86_rm(i, i->size);
    logic(i->e, &i->p->f[0], a, 8 * i->size);
    if (a.t)
        x86_put(i, i->reg, i->size, mixed(i->e, a, known(0)));
    else if (a.v)
        x86_put(i, i->reg, i->size, known(last ? 63 - (u32)__builtin_clzll(a.v) : (u32)__builtin_ctzll(a.v)));
}

/* SHLD and SHRD: bits of a register move in behind those shifted out. The flags are left open. */
static void shifted_double(insn *i, bool right, val by) {
    const val a = x86_rm(i, i->size), b = x86_get(i, i->reg, i->size);
    const u32 width = 8 * i->size, n = (u32)by.v & (i->size == 8 ? 63 : 31);
    if (by.t || n >= width) {
        x86_put_rm(i, i->size, (val){0, 1});
    } else if (n) {
        const u64 moved = right ? a.v >> n | b.v << (width - n) : a.v << n | b.v >> (width - n);
        x86_put_rm(i, i->size, both(i->e, a, b, width == 64 ? moved : moved & ((1ull << width) - 1)));
    }
}

static void general(insn *i, u32 op) {
    bool writes;
    x86_modrm(i, op == 0xa4 || op == 0xac || op == 0xba ? 1 : 0);
    const u32 size = op & 1 ? i->size : 1;
    switch (op) {
    case 0xa3: bit_test(i, x86_get(i, i->reg, i->size), 0); break;
    case 0xab: bit_test(i, x86_get(i, i->reg, i->size), 1); break;
    case 0xb3: bit_test(i, x86_get(i, i->reg, i->size), 2); break;
    case 0xba: {
        const u32 how = i->reg & 3;
        bit_test(i, known(x86_byte(i)), how);
        break;
    }
    case 0xa4: case 0xac: shifted_double(i, op == 0xac, known(x86_byte(i))); break;
    case 0xa5: case 0xad: shifted_double(i, op == 0xad, x86_get(i, 1, 1)); break;
    case 0xaf: x86_multiply(i, i->reg, x86_get(i, i->reg, i->size), x86_rm(i, i->size)); break;
    case 0xb0: case 0xb1: x86_alu(i, 7, x86_get(i, 0, size), x86_rm(i, size), size, &writes); x86_put_rm(i, size, x86_get(i, i->reg, size)); break;
    case 0xb6: case 0xb7: x86_put(i, i->reg, i->size, x86_rm(i, op & 1 ? 2 : 1)); break;
    case 0xbe: case 0xbf: x86_put(i, i->reg, i->size, extend(i->e, x86_rm(i, op & 1 ? 2 : 1), op & 1 ? 2 : 1, true)); break;
    case 0xbc: scanned(i, false); break;
    case 0xbd: scanned(i, true); break;
    case 0xc0: case 0xc1: {
        const val a = x86_rm(i, size), b = x86_get(i, i->reg, size);
        x86_put(i, i->reg, size, a);
        x86_put_rm(i, size, x86_alu(i, 0, a, b, size, &writes));
        break;
    }
    default: i->e->count.unknown_instructions++;
    }
}

static void chosen(insn *i, u32 op) {
    if (op < 0x50) { /* CMOVcc: decided before the operand is read */
        const u32 at = i->at;
        const bool holds = x86_condition(i, op & 15);
        i->at = at;
        x86_modrm(i, 0);
        x86_put(i, i->reg, i->size, holds ? x86_rm(i, i->size) : x86_get(i, i->reg, i->size));
    } else if (op < 0x90) {
        const u64 offset = x86_immediate(i, 4), to = cut(i->e, i->p->pc + i->at + offset);
        if (x86_condition(i, op & 15))
            go(i->e, i->p, known(to));
    } else {
        const bool holds = x86_condition(i, op & 15);
        x86_modrm(i, 0);
        x86_put_rm(i, 1, known(holds));
    }
}

static void swapped(insn *i, u32 op) {
    const u32 n = (op & 7) | (i->rex & 1) << 3;
    const val a = x86_get(i, n, i->size);
    x86_put(i, n, i->size, a.t ? a : known(i->size == 8 ? __builtin_bswap64(a.v) : __builtin_bswap32((u32)a.v)));
}

void x86_two_bytes(insn *i) {
    const u32 op = x86_byte(i);
    if ((op >= 0x40 && op < 0x50) || (op >= 0x80 && op < 0xa0)) {
        chosen(i, op);
    } else if (op >= 0xc8 && op < 0xd0) {
        swapped(i, op);
    } else if (op == 0x0b || op == 0xff) {
        i->p->dead = 1;
    } else if (op == 0x05 || op == 0x34) {
        system_call(i->e, i->p);
    } else if (op == 0xa2 || op == 0x31) {
        for (u32 n = 0; n < 4; n++)
            i->p->r[n] = (val){0, 1};
    } else if (op >= 0xa0 && op < 0xca && op != 0xae && op != 0xc2 && op != 0xc4 && op != 0xc5 && op != 0xc6) {
        if (op != 0xa0 && op != 0xa1 && op != 0xa8 && op != 0xa9)
            general(i, op);
    } else if (op == 0x38 || op == 0x3a) {
        x86_byte(i);
        x86_modrm(i, op == 0x3a);
        if (op == 0x3a)
            x86_byte(i);
        forget(i);
    } else if (op == 0x77 || op == 0x06 || op == 0x08 || op == 0x09 || op == 0x30 || op == 0x32) {
        return;
    } else {
        const bool byte_follows = (op >= 0x70 && op < 0x74) || op == 0xc2 || op == 0xc4 || op == 0xc5 || op == 0xc6;
        x86_modrm(i, byte_follows);
        if (op == 0x70) {
            shuffled(i);
            return;
        }
        if ((op == 0xc6 || (op >= 0x71 && op < 0x74)) && x86_vector(i, op))
            return;
        if (byte_follows)
            x86_byte(i);
        if (op == 0x1e || op == 0x1f || op == 0x18 || op == 0x0d || op == 0xae || op == 0x2e || op == 0x2f) {
            if (op == 0x2e || op == 0x2f)
                i->p->f[0] = (flags){.mask = 7, .a = {0, 1}};
            return;
        }
        if (op == 0x2c || op == 0x2d || op == 0x50 || op == 0xd7 || op == 0xc5)
            x86_put(i, i->reg, i->size, (val){0, 1});
        else if (!vector_moves(i, op) && !x86_vector(i, op))
            forget(i);
    }
}
