/* In: an IP datagram's content. Out: ports, TCP fields and payload, given to the flow table; or the tunnel within.
 *
 * TCP: RFC 9293, section 3.1. UDP: RFC 768. ICMP: RFC 792, RFC 4443.
 */
#include "kernel.h"

static layer done(kernel *k, packet *p) {
    flow_packet(k, p);
    return L_DONE;
}

/* A header that is not all there still says who spoke with whom; it is counted and goes into the table as it is. */
static layer partial(kernel *k, packet *p) {
    count(k, p->real > p->rest.n ? C_CUT_TRANSPORT : C_BAD_TRANSPORT, p->proto, 1, p->wire);
    p->payload = (span){p->rest.p, 0};
    p->hinted = false; /* the hint may have read ports behind the datagram's end */
    return done(k, p);
}

static layer tcp(kernel *k, packet *p) {
    const span s = p->rest;
    p->sport = be16(s, 0);
    p->dport = be16(s, 2);
    p->seq = be32(s, 4);
    p->ack = be32(s, 8);
    p->tcpflags = byte_at(s, 13);
    const u32 header = (byte_at(s, 12) >> 4) * 4u;
    if (UNLIKELY(!has(s, 20) || header < 20 || header > s.n)) {
        p->length = header >= 20 && p->real > header ? p->real - header : 0;
        return partial(k, p);
    }
    p->payload = skip(s, header);
    p->length = p->real - header;
    return done(k, p);
}

static layer udp(kernel *k, packet *p) {
    const span s = p->rest;
    p->sport = be16(s, 0);
    p->dport = be16(s, 2);
    p->seq = p->ack = p->tcpflags = 0;
    const u32 length = be16(s, 4);
    p->length = 0;
    if (UNLIKELY(!has(s, 8)))
        return partial(k, p);
    if (length >= 8) /* 0: longer than 65535 (RFC 2675) or segmentation offload */
        limit(p, length);
    advance(p, 8);
    if (UNLIKELY(length && length < 8))
        return partial(k, p);
    if (p->dport == 4789 && vxlan(p) != L_DONE)
        return L_ETHERNET;
    p->payload.p = p->rest.p; /* one by one: they were written one by one, and are still on their way */
    p->payload.n = p->rest.n;
    p->length = p->real;
    return done(k, p);
}

/* An answer belongs to its question: both are filed under the question's type. */
static u16 question(u8 proto, u16 type_code) {
    const u8 type = (u8)(type_code >> 8);
    if (proto == PROTO_ICMP6)
        return type == 129 ? 128 << 8 : type_code;
    return type == 0 ? 8 << 8 : type == 14 || type == 16 || type == 18 ? (u16)(type_code - 0x100) : type_code;
}

static layer icmp(kernel *k, packet *p) {
    const u16 type_code = be16(p->rest, 0);
    if (!has(p->rest, 4))
        return partial(k, p);
    p->sport = question(p->proto, type_code);
    p->tcpflags = p->sport != type_code; /* an answer */
    p->payload = skip(p->rest, 8);
    p->length = p->real > 8 ? p->real - 8 : 0;
    return done(k, p);
}

layer transport(kernel *k, packet *p) {
    if (p->proto == PROTO_TCP)
        return tcp(k, p);
    if (p->proto == PROTO_UDP)
        return udp(k, p);
    p->sport = p->dport = 0;
    p->seq = p->ack = p->tcpflags = 0;
    p->payload = (span){p->rest.p, 0};
    p->length = 0;
    switch (p->proto) {
    case PROTO_ICMP: case PROTO_ICMP6: return icmp(k, p);
    case 4: return L_IPV4;           /* RFC 2003 */
    case 41: return L_IPV6;          /* RFC 4213 */
    case PROTO_GRE: return L_GRE;
    case 137: return L_MPLS;         /* RFC 4023 */
    default: break;
    }
    p->payload = p->rest;
    p->length = p->real;
    return done(k, p);
}
