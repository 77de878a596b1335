/* In: bytes that should be IP. Out: what the IP header carries, whole; fragments wait in fragments.c.
 *
 * IPv4: RFC 791, section 3.1. IPv6: RFC 8200, sections 3 and 4; AH: RFC 4302, section 2.
 */
#include "kernel.h"

enum { EXTENSIONS = 16 };

layer ip_by_version(kernel *k, packet *p) {
    const u8 version = byte_at(p->rest, 0) >> 4;
    if (!has(p->rest, 1))
        return refuse(k, p, C_CUT_LINK, 0);
    if (version != 4 && version != 6)
        return refuse(k, p, C_IP_VERSION, version);
    return version == 4 ? L_IPV4 : L_IPV6;
}

static layer short_header(kernel *k, packet *p, u32 bad) {
    return refuse(k, p, p->real > p->rest.n ? C_CUT_NETWORK : bad, 0);
}

layer ipv4(kernel *k, packet *p) {
    const span s = p->rest;
    if (UNLIKELY(!has(s, 20)))
        return short_header(k, p, C_BAD_IPV4);
    const u32 header = (s.p[0] & 15u) * 4, total = be16(s, 2);
    if (UNLIKELY(s.p[0] >> 4 != 4 || header < 20 || (total && total < header)))
        return refuse(k, p, C_BAD_IPV4, 0);
    if (UNLIKELY(header > s.n))
        return short_header(k, p, C_BAD_IPV4);
    if (UNLIKELY(total > p->real))
        count(k, C_IP_LONGER, 0, 1, p->wire);
    if (total) /* 0: the sender's network card was to cut it up (segmentation offload) */
        limit(p, total);
    p->hinted = p->hinted && !p->ver; /* the hash is that of the outermost header */
    p->ver = 4;
    p->ttl = s.p[8];
    p->proto = s.p[9];
    address4(p->src, s.p + 12);
    address4(p->dst, s.p + 16);
    advance(p, header);
    const u16 place = be16(s, 6);
    if (UNLIKELY(place & 0x3fff))
        return fragment(k, p, be16(s, 4), (place & 0x1fffu) * 8, place & 0x2000);
    return transport(k, p);
}

/* Length of extension header `next`, or 0 where it is none. */
static u32 extension(span s, u8 next) {
    const u32 units = byte_at(s, 1);
    switch (next) {
    case 0: case 43: case 60: case 135: case 139: case 140: return (units + 1) * 8;
    case 51: return (units + 2) * 4;
    default: return 0;
    }
}

static layer extensions(kernel *k, packet *p, u8 next) {
    for (u32 i = 0; i < EXTENSIONS; i++) {
        if (next == 44) {
            const span s = p->rest;
            if (!has(s, 8))
                return short_header(k, p, C_BAD_IPV6);
            const u16 place = be16(s, 2);
            next = s.p[0];
            advance(p, 8);
            if (place & 0xfff9) { /* an offset, or more to come; neither: a fragment that is whole, RFC 6946 */
                p->proto = next;
                return fragment(k, p, be32(s, 4), place & 0xfff8u, place & 1);
            }
            continue;
        }
        const u32 length = extension(p->rest, next);
        if (!length) {
            p->proto = next;
            return L_TRANSPORT;
        }
        if (!has(p->rest, length))
            return short_header(k, p, C_BAD_IPV6);
        next = p->rest.p[0];
        advance(p, length);
    }
    return refuse(k, p, C_TOO_DEEP, 0);
}

layer ipv6(kernel *k, packet *p) {
    const span s = p->rest;
    if (!has(s, 40))
        return short_header(k, p, C_BAD_IPV6);
    if (s.p[0] >> 4 != 6)
        return refuse(k, p, C_BAD_IPV6, 0);
    const u32 length = be16(s, 4);
    if (length + 40 > p->real)
        count(k, C_IP_LONGER, 0, 1, p->wire);
    if (length) /* 0: a jumbogram (RFC 2675) or segmentation offload */
        limit(p, length + 40);
    p->hinted = p->hinted && !p->ver;
    p->ver = 6;
    p->ttl = s.p[7];
    memcpy(p->src, s.p + 8, 16);
    memcpy(p->dst, s.p + 24, 16);
    advance(p, 40);
    return extensions(k, p, s.p[6]);
}
