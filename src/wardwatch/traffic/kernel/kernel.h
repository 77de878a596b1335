/* In: nothing; this header names what the kernel's parts share. Out: their types and functions.
 *
 * One kernel reads captures in chunks, takes packets apart down to the innermost IP header, and keeps one record a
 * conversation. Records have the layout of FLOW in ../table.py; a test compares the two.
 */
#ifndef WARDWATCH_KERNEL_H
#define WARDWATCH_KERNEL_H

#include "span.h"

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#if defined(WW_CHECK) /* the build of the tests' driver */
#include <assert.h>
#define CHECK(x) assert(x)
#else
#define CHECK(x) ((void)0)
#endif
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

enum {
    DEPTH_LIMIT = 16,            /* layers of one packet, tags counted singly */
    RECORD_LIMIT = 384 * 1024,   /* a longer record of a capture is skipped and counted */
    RECORD_SANE = 16 << 20,      /* a longer one is taken for damage */
    RESYNC_LIMIT = 4 << 20,      /* bytes searched for the next sound record */
    COUNTERS = 256,              /* different reasons counted; later ones share one */
    SIGNATURES = 255,
    SIGNATURE_GROUPS = 32,
    LOOKS = 8,                   /* payload packets compared with the signatures, each side */
    ARENA_BYTES = 6 << 20,
    ARENA_ROOM = 512 * 1024,     /* what one packet may need: more than RECORD_LIMIT */
    ARENA_SEGMENTS = 32768,
    SUBFRAMES = 64,              /* frames in one aggregated 802.11 frame */
    EVICTION = 4096,             /* records that leave a full table at once, at most */
    RETIRED = 16384,
    HOLE_SETS = 2048,
    HOLE_WAYS = 8,
    BATCH = 128,                 /* packets decoded together */
    FRAGMENTED = 1024,           /* datagrams being reassembled */
    FRAGMENT_MEMORY = 16 << 20,
    INTERFACES = 1024,           /* of one pcapng section */
    LINKTYPES = 32,              /* different ones listed a file */
    KNOWN_BUDGET = 1 << 20,      /* payload kept a direction of an unclassified flow with a known address */
    UNKNOWN_EACH = 64 * 1024,    /* payload kept a direction of any other unclassified flow */
};

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };
enum { VER_ARP = 10, PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMP6 = 58, PROTO_GRE = 47 };

/* FlowFlag of ../table.py. */
enum {
    LOCAL_A = 1, LOCAL_B = 2, KNOWN_A = 4, KNOWN_B = 8, KEPT = 16, TRUNCATED = 32, BUDGET = 64, CLOSED = 128,
};

/* Private bits of `state`; those of side b are those of side a shifted by one. */
enum {
    SEQ_A = 1, SEQ_B = 2, FIN_A = 4, FIN_B = 8, OVER_A = 16, OVER_B = 32, DROPPED = 64, RECENT = 128, ISN = 256, APART = 512,
};

typedef struct {
    u8 addr[2][16];
    u16 port[2];
    u8 ver, proto, codec, flags;
    u8 tcpflags[2];
    u8 looked;      /* payload packets compared with signatures: a in the low half, b in the high half */
    u8 signature;   /* 1 + index of the one that matched */
    u16 state;
    u16 vlan;
    u16 syns[2];
    u32 next[2];
    u32 isn;
    i64 last;       /* second cache line */
    i64 last_a;
    double gap2;
    u32 packets[2];
    u64 payload[2];
    u64 wire[2];
    i64 first;      /* third cache line: seldom touched */
    u64 kept[2];
    u32 id;
    u32 number;
    u32 missing[2];
    u32 repeated[2];
    u8 mac[2][6];
    u8 ttl[2];
    u16 file;
} flow;

_Static_assert(sizeof(flow) == 192, "a flow is three cache lines");
_Static_assert(offsetof(flow, port) == 32 && offsetof(flow, tcpflags) == 40 && offsetof(flow, state) == 44, "line 1");
_Static_assert(offsetof(flow, syns) == 48 && offsetof(flow, next) == 52 && offsetof(flow, isn) == 60, "line 1");
_Static_assert(offsetof(flow, last) == 64 && offsetof(flow, packets) == 88 && offsetof(flow, wire) == 112, "line 2");
_Static_assert(offsetof(flow, first) == 128 && offsetof(flow, id) == 152 && offsetof(flow, missing) == 160, "line 3");
_Static_assert(offsetof(flow, mac) == 176 && offsetof(flow, ttl) == 188 && offsetof(flow, file) == 190, "line 3");

/* One packet's payload handed on; its bytes lie in the arena at `at`. */
typedef struct {
    i64 time;
    u32 flow, number, seq, length, at, n;
    u16 file;
    u8 side, flags;
    u16 codec;   /* of the signature that matched, 0 for none */
    u16 apart;   /* the sides are to be lined up one after the other */
    u64 channel; /* the same for all conversations of a with the same port of b */
} segment;
_Static_assert(sizeof(segment) == 48, "as SEGMENT in library.py");

/* Segments of one side in a row, whole ones with nothing but data, each behind the last; or a single other one. */
typedef struct {
    i64 time, last_time;
    u64 channel;
    u32 flow, seq, length, first, count, at, n, number, last_number;
    u16 file, last_file, codec;
    u8 side, flags, flawless, apart;
    u8 unused[2];
} run;
_Static_assert(sizeof(run) == 72, "as RUN in library.py");

typedef struct {
    u8 low[16], high[16];  /* both included; IPv4 in the first four bytes, the rest 0 (low) or 0xff (high) */
} range;

typedef struct {
    u8 pattern[16], mask[16];
    u64 budget;
    u32 offset;
    u16 ports[16];
    u8 nports, length, proto, anywhere, codec;
    u8 unused[3];
    u32 inside;  /* the budget where both sides are local, if that is less */
} signature;
_Static_assert(sizeof(signature) == 88, "as SIGNATURE in __init__.py");

/* Sorted, disjoint ranges by version: [0] IPv4, [1] IPv6. */
typedef struct {
    const range *ranges[2];
    u64 count[2];
} networks;

typedef struct {
    networks local, known;
    const signature *signatures;
    u64 nsignatures, max_flows, unknown_budget, seed[2];
    i64 tcp_idle, other_idle;  /* ns */
} settings;

/* Why bytes or packets were not decoded, or other things worth counting; names in names.py. */
enum {
    C_OTHERS, C_ETHERTYPE, C_LLC, C_SNAP, C_LINKTYPE, C_WIFI_ENCRYPTED, C_WIFI_CONTROL, C_WIFI_EMPTY, C_WIFI_FRAGMENT,
    C_CUT_LINK, C_CUT_NETWORK, C_CUT_TRANSPORT, C_BAD_IPV4, C_BAD_IPV6, C_BAD_TRANSPORT, C_IP_LONGER, C_TOO_DEEP,
    C_GRE, C_PPP, C_MPLS, C_ERSPAN, C_ARP, C_NULL_FAMILY, C_IP_VERSION,
    C_FRAGMENT_INCOMPLETE, C_FRAGMENT_OVERFLOW, C_FRAGMENT_ODD, C_FRAGMENT_CUT, C_FRAGMENT_OVERLAP,
    C_OVERSIZE, C_UNDECLARED, C_TIMELESS, C_RESYNC, C_SUBFRAMES, C_BAD_LINK,
};

typedef struct {
    u32 kind, value;
    u64 packets, bytes;
} counter;

enum { STOP_NONE, STOP_NOT_CAPTURE, STOP_DAMAGED, STOP_VERSION };

/* What Python reads while the kernel runs: totals of the examination, then of the file. */
typedef struct {
    u64 segments_ready, arena_used, retired_ready;
    u64 flows_seen, flows_live, evicted, segments_total;
    u64 ncounters;
    u64 begun;  /* conversations of which the first of these segments is ready */
    u64 unsure; /* segments ready with payload that no signature fits: whoever reads them may tell what it is */
    /* of the file: */
    u64 packets, decoded, cut, offset, stopped, stopped_at, resyncs, resync_bytes, resync_at, tail_bytes, big, nano;
    u64 oversize, oversize_bytes, timeless, undeclared, format, nlinktypes;
    i64 first, last;
    u32 linktypes[LINKTYPES];
    u64 linktype_packets[LINKTYPES];
} report;

typedef struct {
    u32 hash, slot;  /* slot + 1; 0 where empty */
} entry;

typedef struct {
    entry *entries;
    u32 mask;
} hashed;

typedef struct {
    u32 flow, start, end, side;
} hole;

typedef struct {
    u32 at;             /* where the deciding byte lies in the payload */
    u64 set[256][4];    /* signatures that a value of that byte leaves possible */
} group;

typedef struct {
    signature each[SIGNATURES];
    u32 count, ngroups[2], nanywhere[2];   /* [0] TCP, [1] UDP */
    group groups[2][SIGNATURE_GROUPS];
    u8 anywhere[2][SIGNATURES];
    u8 rarest[SIGNATURES];                 /* position of the byte an 'anywhere' pattern is searched by */
} matcher;

typedef struct datagram {
    u8 src[16], dst[16];
    u32 id, hash;
    u8 ver, proto, used, last_seen;
    u32 length;         /* of the whole, once the last fragment was seen */
    u32 units;          /* 8-byte units present */
    u32 frames, wire;
    u32 room, number;
    i64 time;
    u8 *data;
    u64 present[128];   /* one bit an 8-byte unit of 64 KiB */
    u16 chain, older, newer;
} datagram;

typedef struct {
    datagram each[FRAGMENTED + 1];  /* 0 is nobody */
    u16 buckets[FRAGMENTED];
    u16 oldest, newest, freed;
    u64 memory;
} fragments;

typedef struct {
    u32 linktype, snaplen;
    i64 offset;   /* s */
    u8 resolution;
} interface;

typedef struct {
    u64 skip;           /* bytes of a record that is passed over */
    u64 scanned;        /* bytes of the present search for a sound record */
    u64 fraction;       /* pcap: nanoseconds a unit of the second time field */
    u32 header;         /* pcap: bytes of a record header */
    u32 magic, version; /* pcap: the file's first eight bytes as they are */
    u32 snaplen, linktype;
    u32 ninterfaces;
    bool big, started, searching;
    interface interfaces[INTERFACES];
} walker;

/* A packet that lies whole in the buffer, `at` its record; its conversation's hash where that was easily told. */
typedef struct {
    span data;
    u64 at;
    i64 time;
    u32 wire, linktype, hash;
    bool hinted;
} pending;

typedef struct {
    pending each[BATCH];
    u32 n;
} batch;

typedef struct {
    span rest;          /* what is left to decode */
    i64 time;
    u32 real;           /* how long `rest` was on the wire: at least rest.n */
    u32 number, wire, frames, linktype, hash;
    /* From here to `src` a new packet has zeros; what follows is written before it is read. */
    u8 depth, ver, proto, ttl;
    u16 vlan, ethertype;
    u16 sport, dport;
    u8 mac[6];
    u8 tcpflags;
    bool tagged, stored, hinted;
    u32 nowned;
    u8 src[16], dst[16];
    u32 seq, ack;
    u32 length;         /* of the payload on the wire */
    span payload;       /* as captured */
    u8 *owned[DEPTH_LIMIT];  /* reassembled datagrams this packet is read from */
} packet;

typedef struct kernel {
    report out;
    settings set;
    flow *flows;
    hashed index, ids;
    u32 *freed;
    u32 nfreed, used, hand, eviction, next_id, file;
    u64 unknown_left;
    i64 now;
    segment *segments;
    u8 *arena;
    flow *retired;
    counter counters[COUNTERS];
    hole (*holes)[HOLE_WAYS];
    u8 *hole_turn;
    matcher *match;
    fragments *frags;
    walker walk;
} kernel;

typedef enum {
    L_DONE, L_ETHERNET, L_ETHERTYPE, L_LLC, L_IP, L_IPV4, L_IPV6, L_TRANSPORT, L_MPLS, L_PPPOE, L_PPP, L_GRE, L_ARP,
    L_NULL, L_LOOP, L_SLL, L_SLL2, L_WIFI, L_RADIOTAP, L_HDLC, L_UNKNOWN,
} layer;

/* counters.c */
void count(kernel *k, u32 kind, u32 value, u64 packets, u64 bytes);
layer refuse(kernel *k, packet *p, u32 kind, u32 value);

/* decode.c */
void decode_part(kernel *k, packet *p, layer from);  /* a part of a packet that owns what it reassembles */
void packet_in(kernel *k, const pending *from);

static inline void advance(packet *p, u32 n) {
    p->rest = skip(p->rest, n);
    p->real = p->real > n ? p->real - n : 0;
}

/* Cuts the packet to the `n` bytes its own length field claims. */
static inline void limit(packet *p, u32 n) {
    p->rest = upto(p->rest, n);
    if (n < p->real)
        p->real = n;
}

/* Four bytes of address and four zeros, written at once: what is read at once should be. */
static inline void widen(void *to, const u8 *address) {
    u32 four;
    memcpy(&four, address, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    const u64 eight = (u64)four << 32;
#else
    const u64 eight = four;
#endif
    memcpy(to, &eight, 8);
}

static inline void address4(u8 to[16], const u8 *address) {
    widen(to, address);
    memset(to + 8, 0, 8);
}

/* links.c, wifi.c, tunnels.c, ip.c, transport.c: each takes one layer off and names the next. */
layer link_of(u32 linktype);
layer ethernet(kernel *k, packet *p);
layer ethertype(kernel *k, packet *p);
layer llc(kernel *k, packet *p);
layer null_loopback(kernel *k, packet *p, bool network_order);
layer cooked(kernel *k, packet *p);
layer cooked2(kernel *k, packet *p);
layer hdlc(kernel *k, packet *p);
layer wifi(kernel *k, packet *p);
layer radiotap(kernel *k, packet *p);
layer mpls(kernel *k, packet *p);
layer pppoe(kernel *k, packet *p);
layer ppp(kernel *k, packet *p);
layer gre(kernel *k, packet *p);
layer vxlan(packet *p);
layer arp(kernel *k, packet *p);
layer ip_by_version(kernel *k, packet *p);
layer ipv4(kernel *k, packet *p);
layer ipv6(kernel *k, packet *p);
layer transport(kernel *k, packet *p);

/* fragments.c */
bool fragments_open(kernel *k);
void fragments_close(kernel *k);
void fragments_flush(kernel *k);
layer fragment(kernel *k, packet *p, u32 id, u32 at, bool more);

/* flows.c, eviction.c, index.c */
bool flows_open(kernel *k);
void flow_packet(kernel *k, packet *p);
void retire(kernel *k, u32 slot);
void make_room(kernel *k);
u64 channel_of(const kernel *k, const flow *f);
u32 flow_hash(const kernel *k, const u8 a[16], const u8 b[16], u32 aport, u32 bport, u32 ver, u32 proto);
bool index_open(hashed *x, u64 records);
void index_put(hashed *x, u32 hash, u32 slot);
void index_take(hashed *x, u32 hash, u32 slot);
u32 id_hash(u32 id);
bool within(const networks *n, const u8 address[16], u32 ver);

/* sequence.c */
void sequence(kernel *k, flow *f, const packet *p, u32 side);

/* signatures.c, keep.c */
bool matcher_open(kernel *k);
u32 match_payload(const matcher *m, const packet *p);
void keep(kernel *k, flow *f, u32 slot, packet *p, u32 side);

u32 hash4(const kernel *k, const u8 addresses[8], u32 sport, u32 dport, u32 proto);

/* plain.c */
bool plain_packet(const pending *from, packet *p);

/* batch.c */
void batch_add(const kernel *k, batch *b, u64 at, span data, u32 wire, i64 time, u32 linktype);
u64 batch_run(kernel *k, batch *b, u64 end);

/* memory.c */
void *pages(u64 size);
void pages_free(void *memory, u64 size);

/* pcap.c, pcapng.c: walk as far as whole records and room reach; the number of bytes used. */
u64 pcap_walk(kernel *k, const u8 *data, u64 n, bool final);
u64 pcapng_walk(kernel *k, const u8 *data, u64 n, bool final);
bool has_room(const kernel *k);

#endif
