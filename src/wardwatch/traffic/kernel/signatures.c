/* In: the codecs' signatures, then payloads. Out: which signature a payload has; 0 for none.
 *
 * For each distinct place of a signature's most telling byte a table says which signatures a value of that byte leaves
 * possible, so that nearly every payload is done after a few look-ups. Patterns that may lie anywhere are searched by
 * their most telling byte. Those at a fixed place come first, each kind in the order given.
 */
#include "kernel.h"

#include <stdlib.h>

static u32 transport_index(u32 proto) { return proto == PROTO_UDP; }

/* A fully masked byte that is neither 0, 255, a space nor a letter or digit tells most. */
static u32 worth(const signature *s, u32 i) {
    const u8 value = s->pattern[i];
    u32 bits = 0;
    for (u32 bit = 0; bit < 8; bit++)
        bits += s->mask[i] >> bit & 1;
    const bool common = value == 0 || value == 255 || value == ' ' || (value >= '0' && value <= 'z');
    return bits * 4 + (common ? 0 : 2) + (i == 0);
}

static u32 telling(const signature *s) {
    u32 best = 0;
    for (u32 i = 1; i < s->length; i++)
        if (worth(s, i) > worth(s, best))
            best = i;
    return best;
}

static group *group_at(matcher *m, u32 transport, u32 at) {
    for (u32 g = 0; g < m->ngroups[transport]; g++)
        if (m->groups[transport][g].at == at)
            return &m->groups[transport][g];
    if (m->ngroups[transport] == SIGNATURE_GROUPS)
        return NULL;
    group *g = &m->groups[transport][m->ngroups[transport]++];
    g->at = at;
    return g;
}

static bool add_fixed(matcher *m, u32 number) {
    const signature *s = &m->each[number];
    const u32 i = telling(s);
    group *g = group_at(m, transport_index(s->proto), s->offset + i);
    if (!g)
        return false;
    for (u32 value = 0; value < 256; value++)
        if ((value & s->mask[i]) == s->pattern[i])
            g->set[value][number / 64] |= 1ull << number % 64;
    return true;
}

static bool sound(const signature *s) {
    return s->length >= 1 && s->length <= 16 && s->nports <= 16 && s->codec && s->offset < 65536
           && (s->proto == PROTO_TCP || s->proto == PROTO_UDP);
}

static bool add_signature(matcher *m, const signature *s) {
    const u32 number = m->count;
    if (!sound(s))
        return false;
    m->each[m->count++] = *s;
    if (!s->anywhere)
        return add_fixed(m, number);
    const u32 transport = transport_index(s->proto);
    m->rarest[number] = (u8)telling(s);
    m->anywhere[transport][m->nanywhere[transport]++] = (u8)number;
    return true;
}

bool matcher_open(kernel *k) {
    k->match = calloc(1, sizeof *k->match);
    if (!k->match || k->set.nsignatures > SIGNATURES)
        return false;
    for (u64 i = 0; i < k->set.nsignatures; i++)
        if (!add_signature(k->match, &k->set.signatures[i]))
            return false;
    return true;
}

static bool at_place(const signature *s, span payload, u32 at) {
    if (!covers(payload, at, s->length))
        return false;
    for (u32 i = 0; i < s->length; i++)
        if ((payload.p[at + i] & s->mask[i]) != s->pattern[i])
            return false;
    return true;
}

static bool port_fits(const signature *s, const packet *p) {
    for (u32 i = 0; i < s->nports; i++)
        if (s->ports[i] == p->sport || s->ports[i] == p->dport)
            return true;
    return !s->nports;
}

static bool somewhere(const signature *s, u32 rarest, span payload) {
    if (s->mask[rarest] != 0xff) {
        for (u32 at = 0; at + s->length <= payload.n; at++)
            if (at_place(s, payload, at))
                return true;
        return false;
    }
    u32 from = rarest;
    while (from < payload.n) {
        const u8 *hit = memchr(payload.p + from, s->pattern[rarest], payload.n - from);
        if (!hit)
            return false;
        const u32 at = (u32)(hit - payload.p);
        if (at_place(s, payload, at - rarest))
            return true;
        from = at + 1;
    }
    return false;
}

static u32 match_fixed(const matcher *m, const packet *p, u32 transport) {
    u64 possible[4] = {0};
    for (u32 g = 0; g < m->ngroups[transport]; g++) {
        const group *each = &m->groups[transport][g];
        if (each->at < p->payload.n)
            for (u32 i = 0; i < 4; i++)
                possible[i] |= each->set[p->payload.p[each->at]][i];
    }
    for (u32 i = 0; i < 4; i++)
        for (; possible[i]; possible[i] &= possible[i] - 1) {
            const u32 number = i * 64 + (u32)__builtin_ctzll(possible[i]);
            const signature *s = &m->each[number];
            if (port_fits(s, p) && at_place(s, p->payload, s->offset))
                return number + 1;
        }
    return 0;
}

u32 match_payload(const matcher *m, const packet *p) {
    const u32 transport = transport_index(p->proto);
    const u32 fixed = match_fixed(m, p, transport);
    if (fixed)
        return fixed;
    for (u32 i = 0; i < m->nanywhere[transport]; i++) {
        const u32 number = m->anywhere[transport][i];
        if (port_fits(&m->each[number], p) && somewhere(&m->each[number], m->rarest[number], p->payload))
            return number + 1u;
    }
    return 0;
}
