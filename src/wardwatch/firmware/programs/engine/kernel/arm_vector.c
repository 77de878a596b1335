/* In: VFP and Advanced SIMD instructions as A32 writes them. Out: what moves data; of the rest, where it went. */
#include "arm.h"

static void q_load(engine *e, path *p, u32 at, val from, u32 size) {
    for (u32 i = 0; i < size; i++) {
        bool there;
        p->q[(at + i) & 511] = read_byte(e, p, add(e, from, known(i)), &p->qt[(at + i) & 511], &there);
    }
}

static void q_store(engine *e, path *p, u32 at, val to, u32 size) {
    for (u32 i = 0; i < size; i++)
        write_byte(e, p, add(e, to, known(i)), p->q[(at + i) & 511], p->qt[(at + i) & 511]);
}

static void q_put(path *p, u32 at, val what) {
    for (u32 i = 0; i < 4; i++) {
        p->q[(at + i) & 511] = (u8)(what.v >> 8 * i);
        p->qt[(at + i) & 511] = what.t;
    }
}

static val q_get(engine *e, const path *p, u32 at) {
    u32 v = 0, t = 0;
    bool same = true;
    for (u32 i = 0; i < 4; i++) {
        v |= (u32)p->q[(at + i) & 511] << 8 * i;
        same = same && p->qt[(at + i) & 511] == p->qt[at & 511];
        t = t ? t : p->qt[(at + i) & 511];
    }
    return !t ? known(v) : same ? (val){v, t} : mixed(e, (val){0, t}, known(0));
}

static void q_forget(path *p, u32 at, u32 size) {
    for (u32 i = 0; i < size; i++)
        p->qt[(at + i) & 511] = 1;
}

/* AdvSIMDExpandImm (A7.4.6): the 64-bit pattern. */
static u64 expanded(u32 op, u32 cmode, u64 imm) {
    u64 v;
    switch (cmode >> 1) {
    case 0: case 1: case 2: case 3: v = imm << 8 * (cmode >> 1); v |= v << 32; break;
    case 4: case 5: v = imm << 8 * (cmode >> 1 & 1); v |= v << 16; v |= v << 32; break;
    case 6: v = cmode & 1 ? imm << 16 | 0xffff : imm << 8 | 0xff; v |= v << 32; break;
    default:
        v = 0;
        for (u32 i = 0; i < 8; i++)
            v |= (op ? (imm >> i & 1 ? 0xffull : 0) : imm) << 8 * i;
        return v;
    }
    return op ? ~v : v;
}

/* F2/F3: data processing. One register and an immediate; moves; the rest is unknown. */
static void data(engine *e, path *p, u32 w) {
    const u32 d = (bits(w, 22, 22) << 4 | bits(w, 15, 12)) * 8, size = w & 0x40 ? 16 : 8;
    const u32 n = (bits(w, 7, 7) << 4 | bits(w, 19, 16)) * 8, m = (bits(w, 5, 5) << 4 | bits(w, 3, 0)) * 8;
    const u32 cmode = bits(w, 11, 8), op = w >> 5 & 1;
    if ((w & 0x00b80090) == 0x00800010 && (cmode & 9) != 1 && (cmode & 13) != 9) {
        const u64 pattern = expanded(op, cmode, bits(w, 24, 24) << 7 | bits(w, 18, 16) << 4 | (w & 15));
        for (u32 i = 0; i < size; i += 8) {
            q_put(p, d + i, known((u32)pattern));
            q_put(p, d + i + 4, known(pattern >> 32));
        }
        return;
    }
    const bool vorr = (w & 0x01b00f10) == 0x00200110, veor = (w & 0x01b00f10) == 0x01000110;
    if (vorr || veor) {
        u8 bytes[16];
        u32 tags[16];
        for (u32 i = 0; i < size; i++) {
            const u32 a = (n + i) & 511, b = (m + i) & 511;
            bytes[i] = veor ? p->q[a] ^ p->q[b] : p->q[a] | p->q[b];
            tags[i] = veor && n == m ? 0 : p->qt[a] ? p->qt[a] : p->qt[b];
        }
        for (u32 i = 0; i < size; i++) {
            p->q[(d + i) & 511] = bytes[i];
            p->qt[(d + i) & 511] = tags[i];
        }
        return;
    }
    if (arm_simd(p, w))
        return;
    e->count.unknown_instructions++;
    q_forget(p, d, 16);
}

/* F4: element and structure loads and stores (A7.7). */
static void elements(engine *e, path *p, u32 w) {
    static const u8 registers[16] = {4, 4, 4, 2, 3, 3, 3, 1, 2, 2, 2, 0, 0, 0, 0, 0};
    const u32 n = bits(w, 19, 16), m = w & 15, type = bits(w, 11, 8);
    const u32 d = (bits(w, 22, 22) << 4 | bits(w, 15, 12)) * 8;
    const bool is_load = w >> 21 & 1;
    const val at = p->r[n];
    u32 size = 8 * registers[type];
    const bool one_by_one = type == 7 || type == 10 || type == 6 || type == 2;
    if (!(w & 0x00800000) && size && one_by_one) {
        if (type == 6)
            size = 24;
        if (type == 2)
            size = 32;
        if (is_load)
            q_load(e, p, d, at, size);
        else
            q_store(e, p, d, at, size);
    } else if (w & 0x00800000 && bits(w, 9, 8) == 0 && bits(w, 11, 10) != 3) { /* one lane */
        const u32 width = 1u << bits(w, 11, 10), lane = bits(w, 7, 5) >> bits(w, 11, 10);
        size = width;
        if (is_load)
            q_load(e, p, d + lane * width, at, width);
        else
            q_store(e, p, d + lane * width, at, width);
    } else if (is_load) {
        e->count.unknown_instructions++;
        q_forget(p, d, 32);
    }
    if (m != 15 && n != 15)
        p->r[n] = m == 13 ? add(e, at, known(size)) : add(e, at, p->r[m]);
}

bool arm_vector(engine *e, path *p, u32 w) {
    if ((w & 0xfe000000) == 0xf2000000)
        data(e, p, w);
    else if ((w & 0xff100000) == 0xf4000000)
        elements(e, p, w);
    else
        return false;
    return true;
}

static u32 place(u32 w, bool is_double) {
    return is_double ? (bits(w, 22, 22) << 4 | bits(w, 15, 12)) * 8 : (bits(w, 15, 12) << 1 | bits(w, 22, 22)) * 4;
}

static void extension_transfer(engine *e, path *p, u32 w) {
    const bool is_double = w >> 8 & 1, is_load = w >> 20 & 1, up = w >> 23 & 1, single = (w & 0x01200000) == 0x01000000;
    const u32 n = bits(w, 19, 16), size = single ? (is_double ? 8 : 4) : 4 * (w & 0xff);
    val base = arm_register(p, n);
    if (n == 15)
        base.v &= ~3ull;
    const val offset = known(4 * (w & 0xff));
    val at = base;
    if (single || !up)
        at = up ? add(e, base, offset) : sub(e, base, offset);
    if (is_load)
        q_load(e, p, place(w, is_double), at, size > 256 ? 256 : size);
    else
        q_store(e, p, place(w, is_double), at, size > 256 ? 256 : size);
    if (!single && w >> 21 & 1 && n != 15)
        p->r[n] = up ? add(e, base, offset) : at;
}

static void two_registers(engine *e, path *p, u32 w) {
    const bool is_double = w >> 8 & 1;
    const u32 m = is_double ? (bits(w, 5, 5) << 4 | (w & 15)) * 8 : ((w & 15) << 1 | bits(w, 5, 5)) * 4;
    const u32 t = bits(w, 15, 12), t2 = bits(w, 19, 16);
    if (w >> 20 & 1) {
        p->r[t & 15] = q_get(e, p, m);
        p->r[t2 & 15] = q_get(e, p, m + 4);
    } else {
        q_put(p, m, p->r[t & 15]);
        q_put(p, m + 4, p->r[t2 & 15]);
    }
}

/* Coprocessors 10 and 11 move data; coprocessor 15 holds the thread pointer. */
bool arm_coprocessor(engine *e, path *p, u32 w) {
    const u32 number = bits(w, 11, 8), t = bits(w, 15, 12);
    const bool vector = number == 10 || number == 11;
    if ((w & 0x0e000000) == 0x0c000000) {
        if (vector && (w & 0x0fe00000) == 0x0c400000)
            two_registers(e, p, w);
        else if (vector)
            extension_transfer(e, p, w);
        return true;
    }
    if ((w & 0x0f000000) != 0x0e000000)
        return false;
    if (w & 0x10) { /* one register to or from */
        const u32 single = (bits(w, 19, 16) << 1 | bits(w, 7, 7)) * 4;
        const u32 lane = (bits(w, 7, 7) << 4 | bits(w, 19, 16)) * 8 + (bits(w, 21, 21) ? 4 : 0);
        if (!vector || (w & 0x00e00000) == 0x00e00000) {
            if (w >> 20 & 1 && t != 15)
                p->r[t] = (val){0, 1};
            else if (w >> 20 & 1)
                p->f[0] = (flags){.mask = 7, .a = {0, 1}};
        } else if (w >> 20 & 1) {
            p->r[t & 15] = q_get(e, p, number == 10 ? single : lane);
        } else if (number == 11 && w & 0x00800000) { /* VDUP */
            for (u32 i = 0; i < (w & 0x00200000 ? 16u : 8u); i += 4)
                q_put(p, (bits(w, 7, 7) << 4 | bits(w, 19, 16)) * 8 + i,
                      w & 0x00400020 && !p->r[t].t ? known((u32)(w & 0x00400000 ? (p->r[t].v & 0xff) * 0x01010101u
                                                                               : (p->r[t].v & 0xffff) * 0x00010001u))
                                                   : p->r[t & 15]);
        } else {
            q_put(p, number == 10 ? single : lane, p->r[t & 15]);
        }
        return true;
    }
    if (vector) {
        const bool move = (w & 0x00bf0040) == 0x00b00040 && !(w & 0x80);
        const u32 d = place(w, number == 11);
        const u32 m = number == 11 ? (bits(w, 5, 5) << 4 | (w & 15)) * 8 : ((w & 15) << 1 | bits(w, 5, 5)) * 4;
        if (move) {
            for (u32 i = 0; i < (number == 11 ? 8u : 4u); i++) {
                p->q[(d + i) & 511] = p->q[(m + i) & 511];
                p->qt[(d + i) & 511] = p->qt[(m + i) & 511];
            }
        } else {
            q_forget(p, d, 8);
        }
    }
    return true;
}
