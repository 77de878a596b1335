/* In: one captured packet and its link type. Out: its conversation's record brought up to date, or a counted reason. */
#include "kernel.h"

#include <stdlib.h>

static layer step(kernel *k, packet *p, layer at) {
    switch (at) {
    case L_ETHERNET: return ethernet(k, p);
    case L_DONE: break;
    case L_ETHERTYPE: return ethertype(k, p);
    case L_IPV4: return ipv4(k, p);
    case L_TRANSPORT: return transport(k, p);
    case L_IPV6: return ipv6(k, p);
    case L_LLC: return llc(k, p);
    case L_IP: return ip_by_version(k, p);
    case L_MPLS: return mpls(k, p);
    case L_PPPOE: return pppoe(k, p);
    case L_PPP: return ppp(k, p);
    case L_GRE: return gre(k, p);
    case L_ARP: return arp(k, p);
    case L_NULL: return null_loopback(k, p, false);
    case L_LOOP: return null_loopback(k, p, true);
    case L_SLL: return cooked(k, p);
    case L_SLL2: return cooked2(k, p);
    case L_WIFI: return wifi(k, p);
    case L_RADIOTAP: return radiotap(k, p);
    case L_HDLC: return hdlc(k, p);
    case L_UNKNOWN: return refuse(k, p, C_LINKTYPE, p->linktype);
    }
    return L_DONE;
}

static void release(packet *p) {
    for (u32 i = 0; i < p->nowned; i++)
        free(p->owned[i]);
    p->nowned = 0;
}

static void decode(kernel *k, packet *p, layer from) {
    while (from != L_DONE) {
        if (UNLIKELY(++p->depth > DEPTH_LIMIT)) {
            refuse(k, p, C_TOO_DEEP, 0);
            return;
        }
        from = step(k, p, from);
    }
}

void decode_part(kernel *k, packet *p, layer from) {
    decode(k, p, from);
    release(p);
}

static void note_linktype(report *out, u32 linktype) {
    if (out->nlinktypes && out->linktypes[0] == linktype) {
        out->linktype_packets[0]++;
        return;
    }
    for (u64 i = 0; i < out->nlinktypes; i++)
        if (out->linktypes[i] == linktype) {
            out->linktype_packets[i]++;
            return;
        }
    if (out->nlinktypes < LINKTYPES) {
        out->linktypes[out->nlinktypes] = linktype;
        out->linktype_packets[out->nlinktypes++] = 1;
    }
}

static void note_time(report *out, i64 time) {
    if (time < out->first)
        out->first = time;
    if (time > out->last)
        out->last = time;
}

static void decode_all(kernel *k, packet *p, const pending *from) {
    memset(&p->depth, 0, offsetof(packet, src) - offsetof(packet, depth));
    p->rest = from->data;
    p->real = p->wire;
    p->linktype = from->linktype;
    decode(k, p, link_of(from->linktype));
    release(p);
}

void packet_in(kernel *k, const pending *from) {
    report *out = &k->out;
    packet p;
    p.wire = from->wire > from->data.n ? from->wire : from->data.n;
    p.time = from->time;
    p.frames = 1;
    p.hinted = from->hinted;
    p.hash = from->hash;
    p.number = (u32)++out->packets;
    out->cut += from->data.n < from->wire;
    k->now = from->time;
    note_time(out, from->time);
    note_linktype(out, from->linktype);
    if (plain_packet(from, &p))
        flow_packet(k, &p);
    else
        decode_all(k, &p, from);
    out->decoded += p.stored;
}
