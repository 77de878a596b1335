/* In: a packet as captured. Out: the same taken apart at once, where it is what nearly every packet is; else nothing.
 *
 * That is: Ethernet, no tag, IPv4 without options and no fragment, TCP or UDP, all lengths in order and no byte cut off.
 * Whatever is odd about a packet, decode.c finds and counts it.
 */
#include "kernel.h"

enum { ETHERNET = 14, IP = 20, TCP = 20, UDP = 8, VXLAN = 4789 };

static bool plain_tcp(const u8 *t, u32 n, packet *p) {
    const u32 header = (t[12] >> 4) * 4u;
    if (n < TCP || header < TCP || header > n)
        return false;
    const span s = {t, TCP};
    p->seq = be32(s, 4);
    p->ack = be32(s, 8);
    p->tcpflags = t[13];
    p->payload = (span){t + header, n - header};
    return true;
}

static bool plain_udp(const u8 *t, u32 n, packet *p) {
    const u32 length = (u32)t[4] << 8 | t[5];
    if (length < UDP || length > n || p->dport == VXLAN)
        return false;
    p->seq = p->ack = p->tcpflags = 0;
    p->payload = (span){t + UDP, length - UDP};
    return true;
}

/* `p` has its numbers, times and lengths already; all that flow_packet() reads is written where the answer is true. */
bool plain_packet(const pending *from, packet *p) {
    const u8 *f = from->data.p, *ip = f + ETHERNET, *t = ip + IP;
    const u32 n = from->data.n;
    if (from->linktype != 1 || n < ETHERNET + IP + TCP || f[12] != 8 || f[13] || ip[0] != 0x45)
        return false;
    const u32 total = (u32)ip[2] << 8 | ip[3];
    if (total < IP + UDP || total > n - ETHERNET || (ip[6] & 0x3f) || ip[7])
        return false;
    p->proto = ip[9];
    p->sport = (u16)(t[0] << 8 | t[1]);
    p->dport = (u16)(t[2] << 8 | t[3]);
    if (p->proto == PROTO_TCP ? !plain_tcp(t, total - IP, p)
                              : p->proto != PROTO_UDP || !plain_udp(t, total - IP, p))
        return false;
    p->length = p->payload.n;
    p->ver = 4;
    p->ttl = ip[8];
    p->vlan = 0;
    p->stored = false;
    memcpy(p->mac, f + 6, 6);
    address4(p->src, ip + 12);
    address4(p->dst, ip + 16);
    return true;
}
