/* In: integer arithmetic on SSE2 registers. Out: its effect, element by element; one that is not known stays so. */
#include "x86.h"

typedef struct {
    u8 bytes[16];
    u32 tags[16];
} vector;

static u64 element(const vector *v, u32 at, u32 size) {
    u64 value = 0;
    for (u32 k = 0; k < size; k++)
        value |= (u64)v->bytes[at + k] << 8 * k;
    return value;
}

static u32 tag_of(const vector *v, u32 at, u32 size) {
    u32 tag = 0;
    for (u32 k = 0; k < size && !tag; k++)
        tag = v->tags[at + k];
    return tag;
}

static void put_element(vector *v, u32 at, u32 size, u64 value, u32 tag) {
    for (u32 k = 0; k < size; k++) {
        v->bytes[at + k] = (u8)(value >> 8 * k);
        v->tags[at + k] = tag;
    }
}

static vector register_of(const insn *i) {
    vector v;
    memcpy(v.bytes, i->p->q + 16 * (i->reg & 15), sizeof v.bytes);
    memcpy(v.tags, i->p->qt + 16 * (i->reg & 15), sizeof v.tags);
    return v;
}

static void put_register(const insn *i, u32 n, const vector *v) {
    memcpy(i->p->q + 16 * (n & 15), v->bytes, sizeof v->bytes);
    memcpy(i->p->qt + 16 * (n & 15), v->tags, sizeof v->tags);
}

/* What ADD, SUB, MUL, comparisons, minima and maxima make of two elements. */
static u64 computed(u32 op, u64 a, u64 b, u32 size) {
    const u32 width = 8 * size;
    const i64 x = (i64)sign(a, width), y = (i64)sign(b, width);
    switch (op) {
    case 0xfc: case 0xfd: case 0xfe: case 0xd4: return a + b;
    case 0xf8: case 0xf9: case 0xfa: case 0xfb: return a - b;
    case 0xd5: return (u64)(x * y);
    case 0xe5: return (u64)(x * y >> 16);
    case 0xe4: return a * b >> 16;
    case 0x74: case 0x75: case 0x76: return a == b ? ~0ull : 0;
    case 0x64: case 0x65: case 0x66: return x > y ? ~0ull : 0;
    case 0xda: return a < b ? a : b;
    case 0xde: return a > b ? a : b;
    case 0xea: return x < y ? a : b;
    case 0xee: return x > y ? a : b;
    default: return ~a & b; /* PANDN */
    }
}

static u32 size_of(u32 op) {
    switch (op) {
    case 0xfc: case 0xf8: case 0x74: case 0x64: case 0xda: case 0xde: return 1;
    case 0xfd: case 0xf9: case 0x75: case 0x65: case 0xd5: case 0xe5: case 0xe4: case 0xea: case 0xee: return 2;
    case 0xfe: case 0xfa: case 0x76: case 0x66: return 4;
    case 0xd4: case 0xfb: case 0xdf: case 0x55: return 8;
    default: return 0;
    }
}

static void each(insn *i, u32 op, u32 size) {
    vector a = register_of(i), b;
    x86_vector_operand(i, b.bytes, b.tags);
    for (u32 at = 0; at < 16; at += size) {
        const u32 tag = tag_of(&a, at, size) ? tag_of(&a, at, size) : tag_of(&b, at, size);
        put_element(&a, at, size, computed(op, element(&a, at, size), element(&b, at, size), size), tag);
    }
    put_register(i, i->reg, &a);
}

/* PMULUDQ: the even halves of two, each a product of twice their size. */
static void multiplied(insn *i) {
    vector a = register_of(i), b;
    x86_vector_operand(i, b.bytes, b.tags);
    for (u32 at = 0; at < 16; at += 8) {
        const u32 tag = tag_of(&a, at, 4) ? tag_of(&a, at, 4) : tag_of(&b, at, 4);
        put_element(&a, at, 8, element(&a, at, 4) * element(&b, at, 4), tag);
    }
    put_register(i, i->reg, &a);
}

/* PACKxx: elements of both, each half as wide and cut to what that holds. */
static void packed(insn *i, u32 from, bool is_signed) {
    const vector a = register_of(i);
    vector b, made;
    x86_vector_operand(i, b.bytes, b.tags);
    const u32 to = from / 2, width = 8 * to;
    const i64 most = is_signed ? (1ll << (width - 1)) - 1 : (1ll << width) - 1, least = is_signed ? -most - 1 : 0;
    for (u32 n = 0; n < 16 / to; n++) {
        const vector *v = n < 8 / to ? &a : &b;
        const u32 at = n % (8 / to) * from;
        const i64 value = (i64)sign(element(v, at, from), 8 * from);
        put_element(&made, n * to, to, (u64)(value > most ? most : value < least ? least : value), tag_of(v, at, from));
    }
    put_register(i, i->reg, &made);
}

/* SHUFPS, SHUFPD: elements of the first below, of the second above. */
static void chosen(insn *i) {
    const vector a = register_of(i);
    vector b, made;
    x86_vector_operand(i, b.bytes, b.tags);
    const u32 size = i->small ? 8 : 4, order = x86_byte(i), bits = i->small ? 1 : 2;
    for (u32 n = 0; n < 16 / size; n++) {
        const vector *v = n < 8 / size ? &a : &b;
        const u32 at = (order >> bits * n & ((1u << bits) - 1)) * size;
        put_element(&made, n * size, size, element(v, at, size), tag_of(v, at, size));
    }
    put_register(i, i->reg, &made);
}

/* `kind`: 2 right, 4 right with the sign, 6 left. */
static void moved(const insn *i, u32 n, u32 size, u32 kind, u64 by) {
    vector v;
    const u32 width = 8 * size;
    memcpy(v.bytes, i->p->q + 16 * (n & 15), sizeof v.bytes);
    memcpy(v.tags, i->p->qt + 16 * (n & 15), sizeof v.tags);
    for (u32 at = 0; at < 16; at += size) {
        const u64 a = element(&v, at, size);
        const u64 right = by < width ? a >> by : 0, left = by < width ? a << by : 0;
        const u64 arithmetic = (u64)((i64)sign(a, width) >> (by < width ? by : width - 1));
        put_element(&v, at, size, kind == 2 ? right : kind == 4 ? arithmetic : left, tag_of(&v, at, size));
    }
    put_register(i, n, &v);
}

/* PSRLDQ and PSLLDQ: the register as one, by bytes. */
static void moved_whole(const insn *i, bool left, u32 by) {
    vector v, made = {{0}, {0}};
    memcpy(v.bytes, i->p->q + 16 * (i->rm & 15), sizeof v.bytes);
    memcpy(v.tags, i->p->qt + 16 * (i->rm & 15), sizeof v.tags);
    for (u32 k = 0; k + by < 16; k++) {
        made.bytes[left ? k + by : k] = v.bytes[left ? k : k + by];
        made.tags[left ? k + by : k] = v.tags[left ? k : k + by];
    }
    put_register(i, i->rm, &made);
}

static bool shifts(insn *i, u32 op) {
    if (op >= 0x71 && op <= 0x73) {
        const u32 kind = i->reg & 7, size = 1u << (op - 0x70), by = x86_byte(i);
        if (op == 0x73 && (kind == 3 || kind == 7))
            moved_whole(i, kind == 7, by);
        else
            moved(i, i->rm, size, kind, by);
        return true;
    }
    const u32 group = op & 0xf0, kind = group == 0xd0 ? 2 : group == 0xe0 ? 4 : 6, size = 1u << (op & 3);
    if ((op & 15) < 1 || (op & 15) > 3 || group < 0xd0 || (group == 0xe0 && size == 8))
        return false;
    vector b;
    x86_vector_operand(i, b.bytes, b.tags);
    if (tag_of(&b, 0, 8))
        return false;
    moved(i, i->reg, size, kind, element(&b, 0, 8));
    return true;
}

/* False where the opcode is none of these. */
bool x86_vector(insn *i, u32 op) {
    const u32 size = size_of(op);
    if (op == 0xc6)
        chosen(i);
    else if (!i->small || (op >= 0x71 && op <= 0x73 && i->mod != 3))
        return false;
    else if (size)
        each(i, op, size);
    else if (op == 0xf4)
        multiplied(i);
    else if (op == 0x67 || op == 0x63 || op == 0x6b)
        packed(i, op == 0x6b ? 4 : 2, op != 0x67);
    else
        return shifts(i, op);
    return true;
}
