/* In: a packet within another. Out: the outer layer taken off, and which follows.
 *
 * MPLS: RFC 3032, RFC 4385 (control word). PPPoE: RFC 2516. PPP: RFC 1661, RFC 1662. GRE: RFC 2784, RFC 2890, version 1:
 * RFC 2637. NVGRE: RFC 7637. ERSPAN: draft-foschiano-erspan-03. VXLAN: RFC 7348.
 */
#include "kernel.h"

static bool like_ipv4(const packet *p) {
    const u32 header = (byte_at(p->rest, 0) & 15u) * 4, total = be16(p->rest, 2);
    return has(p->rest, 20) && byte_at(p->rest, 0) >> 4 == 4 && header >= 20 && total >= header && total <= p->real;
}

static bool like_ipv6(span s) { return has(s, 40) && byte_at(s, 0) >> 4 == 6; }

/* What follows the labels is not said: IP by its version, a control word by its zero, else an Ethernet frame. */
static layer beneath_labels(packet *p) {
    if (like_ipv4(p))
        return L_IPV4;
    if (like_ipv6(p->rest))
        return L_IPV6;
    if (byte_at(p->rest, 0) >> 4 == 0)
        advance(p, 4);
    return L_ETHERNET;
}

layer mpls(kernel *k, packet *p) {
    for (u32 i = 0; i < DEPTH_LIMIT && has(p->rest, 4); i++) {
        const bool bottom = byte_at(p->rest, 2) & 1;
        advance(p, 4);
        if (bottom)
            return beneath_labels(p);
    }
    return refuse(k, p, C_MPLS, 0);
}

layer pppoe(kernel *k, packet *p) {
    if (!has(p->rest, 6))
        return refuse(k, p, C_CUT_LINK, 0);
    if (byte_at(p->rest, 0) != 0x11 || byte_at(p->rest, 1) != 0)
        return refuse(k, p, C_BAD_LINK, 0x8864);
    const u32 length = be16(p->rest, 4);
    advance(p, 6);
    limit(p, length);
    return L_PPP;
}

layer ppp(kernel *k, packet *p) {
    if (be16(p->rest, 0) == 0xff03)
        advance(p, 2);
    if (!has(p->rest, 2))
        return refuse(k, p, C_CUT_LINK, 0);
    const bool compressed = byte_at(p->rest, 0) & 1; /* RFC 1661, section 6.5 */
    const u16 protocol = compressed ? byte_at(p->rest, 0) : be16(p->rest, 0);
    advance(p, compressed ? 1 : 2);
    switch (protocol) {
    case 0x0021: return L_IPV4;
    case 0x0057: return L_IPV6;
    case 0x0281: case 0x0283: return L_MPLS;
    default: return refuse(k, p, C_PPP, protocol);
    }
}

/* Type II has 8 bytes, type III 12 and 8 more where its last bit says so. */
static layer erspan(kernel *k, packet *p, u32 version) {
    u32 header = version == 1 ? 8 : 12;
    if (byte_at(p->rest, 0) >> 4 != version || !has(p->rest, header))
        return refuse(k, p, C_ERSPAN, byte_at(p->rest, 0) >> 4);
    const u32 frame_type = version == 2 ? be16(p->rest, 10) >> 10 & 31 : 0;
    if (version == 2 && byte_at(p->rest, 11) & 1)
        header += 8;
    advance(p, header);
    return frame_type == 2 ? L_IP : L_ETHERNET;
}

/* What the tunnel carries is not read; who speaks with whom is, so the outer conversation goes into the table. */
static layer unread(kernel *k, packet *p, u32 protocol) {
    count(k, C_GRE, protocol, p->frames, p->wire);
    p->payload = p->rest;
    p->length = p->real;
    flow_packet(k, p);
    return L_DONE;
}

static layer carried(kernel *k, packet *p, u16 protocol, bool sequenced) {
    switch (protocol) {
    case 0x6558: return L_ETHERNET;
    case 0x88be: return sequenced ? erspan(k, p, 1) : L_ETHERNET; /* type I has no header of its own */
    case 0x22eb: return erspan(k, p, 2);
    case 0x0800: case 0x86dd: case 0x8847: case 0x8848: case 0x880b: case 0x8100:
        p->ethertype = protocol;
        return L_ETHERTYPE;
    default: return unread(k, p, protocol);
    }
}

layer gre(kernel *k, packet *p) {
    if (!has(p->rest, 4))
        return refuse(k, p, C_BAD_TRANSPORT, PROTO_GRE);
    const u16 bits = be16(p->rest, 0), protocol = be16(p->rest, 2);
    const u32 version = bits & 7;
    if (version > 1 || bits & 0x4000) /* routing was taken out by RFC 2784 */
        return unread(k, p, protocol);
    u32 header = 4;
    header += bits & 0x8000 ? 4 : 0;               /* checksum */
    header += bits & 0x2000 ? 4 : 0;               /* key */
    header += bits & 0x1000 ? 4 : 0;               /* sequence number */
    header += version == 1 && bits & 0x0080 ? 4 : 0; /* acknowledgement number */
    if (!has(p->rest, header))
        return refuse(k, p, C_BAD_TRANSPORT, PROTO_GRE);
    if (p->rest.n == header)
        return unread(k, p, protocol); /* an acknowledgement or keep-alive without content */
    advance(p, header);
    return carried(k, p, protocol, bits & 0x1000);
}

/* Section 5: the I bit set, all reserved bits zero, a whole Ethernet header within. */
layer vxlan(packet *p) {
    if (!has(p->rest, 22) || byte_at(p->rest, 0) != 0x08 || be32(p->rest, 0) & 0x00ffffff || byte_at(p->rest, 7))
        return L_DONE;
    advance(p, 8);
    return L_ETHERNET;
}
