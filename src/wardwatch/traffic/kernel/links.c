/* In: a frame as the capture holds it. Out: the frame without its link layer, and which layer follows.
 *
 * Link types are those of the registry behind draft-ietf-opsawg-pcaplinktype. Ethernet: IEEE 802.3; tags: 802.1Q,
 * 802.1ad; LLC and SNAP: 802.2, RFC 1042; cooked: LINKTYPE_LINUX_SLL and _SLL2 of that registry.
 */
#include "kernel.h"

layer link_of(u32 linktype) {
    switch (linktype) {
    case 1: return L_ETHERNET;
    case 0: return L_NULL;
    case 108: return L_LOOP;
    case 12: case 14: case 101: return L_IP;
    case 228: return L_IPV4;
    case 229: return L_IPV6;
    case 113: return L_SLL;
    case 276: return L_SLL2;
    case 105: return L_WIFI;
    case 127: return L_RADIOTAP;
    case 9: case 50: return L_PPP;
    case 51: return L_PPPOE;
    case 104: return L_HDLC;
    default: return L_UNKNOWN;
    }
}

/* IEEE 802.3, clause 3.2.6: up to 1500 a length, from 1536 a type. */
static layer typed(packet *p, u16 type) {
    p->ethertype = type;
    return type >= 0x600 ? L_ETHERTYPE : L_LLC;
}

layer ethernet(kernel *k, packet *p) {
    if (UNLIKELY(!has(p->rest, 14)))
        return refuse(k, p, C_CUT_LINK, 0);
    memcpy(p->mac, p->rest.p + 6, 6);
    const u16 type = be16(p->rest, 12);
    advance(p, 14);
    if (__builtin_expect(type == 0x0800, 1))
        return ipv4(k, p); /* what nearly every packet is: one step less */
    if (type <= 1500)
        limit(p, type);
    return typed(p, type);
}

static layer tag(kernel *k, packet *p) {
    if (!has(p->rest, 4))
        return refuse(k, p, C_CUT_LINK, 0);
    if (!p->tagged) {
        p->tagged = true;
        p->vlan = be16(p->rest, 0) & 0x0fff;
    }
    const u16 type = be16(p->rest, 2);
    advance(p, 4);
    return typed(p, type);
}

layer ethertype(kernel *k, packet *p) {
    switch (p->ethertype) {
    case 0x0800: return L_IPV4;
    case 0x86dd: return L_IPV6;
    case 0x8100: case 0x88a8: case 0x9100: case 0x9200: return tag(k, p);
    case 0x0806: return L_ARP;
    case 0x8847: case 0x8848: return L_MPLS;
    case 0x8864: return L_PPPOE;
    case 0x880b: return L_PPP;
    default: return refuse(k, p, C_ETHERTYPE, p->ethertype);
    }
}

/* 802.2 clause 3.2; SNAP with the two registered ways of carrying an EtherType, RFC 1042 and 802.1H. */
layer llc(kernel *k, packet *p) {
    const u16 saps = be16(p->rest, 0);
    if (!has(p->rest, 3))
        return refuse(k, p, C_CUT_LINK, 0);
    if (saps == 0x0606) {
        advance(p, 3);
        return L_IPV4;
    }
    if (saps != 0xaaaa)
        return refuse(k, p, C_LLC, saps);
    if (!has(p->rest, 8))
        return refuse(k, p, C_CUT_LINK, 0);
    const u32 organisation = be32(p->rest, 2) & 0xffffff;
    p->ethertype = be16(p->rest, 6);
    if (organisation != 0x000000 && organisation != 0x0000f8)
        return refuse(k, p, C_SNAP, organisation);
    advance(p, 8);
    return L_ETHERTYPE;
}

/* LINKTYPE_NULL has the writer's byte order, LINKTYPE_LOOP the network's; the numbers for IPv6 differ by system. */
layer null_loopback(kernel *k, packet *p, bool network_order) {
    if (!has(p->rest, 4))
        return refuse(k, p, C_CUT_LINK, 0);
    u32 family = be32(p->rest, 0);
    if (!network_order && family > 0xffff)
        family = le32(p->rest, 0);
    advance(p, 4);
    switch (family) {
    case 2: return L_IPV4;
    case 10: case 24: case 28: case 30: return L_IPV6;
    default: return refuse(k, p, C_NULL_FAMILY, family);
    }
}

static layer cooked_protocol(packet *p, u16 protocol) {
    p->ethertype = protocol;
    return protocol == 4 ? L_LLC : L_ETHERTYPE; /* 4: 802.2 without SNAP, in LINKTYPE_LINUX_SLL */
}

layer cooked(kernel *k, packet *p) {
    if (!has(p->rest, 16))
        return refuse(k, p, C_CUT_LINK, 0);
    copy_at(p->mac, p->rest, 6, 6);
    const u16 protocol = be16(p->rest, 14);
    advance(p, 16);
    return cooked_protocol(p, protocol);
}

layer cooked2(kernel *k, packet *p) {
    if (!has(p->rest, 20))
        return refuse(k, p, C_CUT_LINK, 0);
    copy_at(p->mac, p->rest, 12, 6);
    const u16 protocol = be16(p->rest, 0);
    advance(p, 20);
    return cooked_protocol(p, protocol);
}

/* LINKTYPE_C_HDLC: address, control, EtherType. */
layer hdlc(kernel *k, packet *p) {
    if (!has(p->rest, 4))
        return refuse(k, p, C_CUT_LINK, 0);
    p->ethertype = be16(p->rest, 2);
    advance(p, 4);
    return L_ETHERTYPE;
}

/* RFC 826; only IPv4 over six-byte addresses is counted as a conversation. */
layer arp(kernel *k, packet *p) {
    if (!has(p->rest, 28) || be16(p->rest, 2) != 0x0800 || be16(p->rest, 4) != 0x0604)
        return refuse(k, p, C_ARP, 0);
    address4(p->src, p->rest.p + 14);
    address4(p->dst, p->rest.p + 24);
    const u16 operation = be16(p->rest, 6);
    p->ver = VER_ARP;
    p->tcpflags = operation == 1 || operation == 2 ? (u8)operation : 0;
    p->proto = p->ttl = 0;
    p->sport = p->dport = 0;
    p->length = 0;
    p->payload = (span){p->rest.p, 0};
    flow_packet(k, p);
    return L_DONE;
}
