/* In: 802.11 frames, with or without radiotap. Out: the LLC frames of those sent in clear; the others counted.
 *
 * IEEE 802.11-2020, clause 9.2 (frame format), 9.3.2 (data frames, A-MSDU). Radiotap: radiotap.org, fields 0 and 1.
 */
#include "kernel.h"

enum { QOS = 0x80, NO_DATA = 0x40, TO_DS = 1, FROM_DS = 2, MORE = 4, PROTECTED = 0x40, ORDER = 0x80 };
enum { PAD = 0x20 };

static void source(packet *p, span s, u8 ds) {
    static const u8 at[4] = {10, 10, 16, 24};
    copy_at(p->mac, s, at[ds & 3], 6);
}

/* Several frames in one: destination, source, length, LLC; each padded to four bytes. */
static layer aggregated(kernel *k, packet *p) {
    for (u32 i = 0; has(p->rest, 14); i++) {
        if (i == SUBFRAMES)
            return refuse(k, p, C_SUBFRAMES, 0);
        const u32 length = be16(p->rest, 12);
        packet inner = *p;
        copy_at(inner.mac, p->rest, 6, 6);
        advance(&inner, 14);
        limit(&inner, length);
        inner.wire = inner.real + 14;
        inner.nowned = 0;
        decode_part(k, &inner, L_LLC);
        p->stored |= inner.stored;
        advance(p, (14 + length + 3) & ~3u);
    }
    return L_DONE;
}

static layer data_frame(kernel *k, packet *p, u16 control, bool padded) {
    const span s = p->rest;
    const u8 kind = (u8)control, bits = (u8)(control >> 8);
    const u32 addresses = (bits & 3) == (TO_DS | FROM_DS) ? 30 : 24;
    u32 header = addresses + (kind & QOS ? 2 : 0) + (kind & QOS && bits & ORDER ? 4 : 0);
    if (!has(s, header))
        return refuse(k, p, C_CUT_LINK, 0);
    if (kind & NO_DATA)
        return refuse(k, p, C_WIFI_EMPTY, 0);
    if (bits & PROTECTED)
        return refuse(k, p, C_WIFI_ENCRYPTED, 0);
    if (bits & MORE || le16(s, 22) & 15)
        return refuse(k, p, C_WIFI_FRAGMENT, 0);
    source(p, s, bits & 3);
    const bool several = kind & QOS && byte_at(s, addresses) & 0x80;
    if (padded)
        header = (header + 3) & ~3u;
    advance(p, header);
    return several ? aggregated(k, p) : L_LLC;
}

static layer frame(kernel *k, packet *p, bool padded) {
    const u16 control = le16(p->rest, 0);
    if (!has(p->rest, 2))
        return refuse(k, p, C_CUT_LINK, 0);
    if ((control >> 2 & 3) == 2)
        return data_frame(k, p, control, padded);
    return refuse(k, p, C_WIFI_CONTROL, control >> 2 & 3);
}

layer wifi(kernel *k, packet *p) { return frame(k, p, false); }

/* The flags of the frame: behind all presence words, and behind the 8-byte clock where that is there, aligned to it. */
static u8 radiotap_flags(span s) {
    const u32 present = le32(s, 4);
    u32 at = 8;
    for (u32 word = present; word >> 31 && covers(s, at, 4); at += 4)
        word = le32(s, at);
    if (!(present & 2))
        return 0;
    if (present & 1)
        at = ((at + 7) & ~7u) + 8;
    return byte_at(s, at);
}

layer radiotap(kernel *k, packet *p) {
    const u32 header = le16(p->rest, 2);
    if (header < 8 || !has(p->rest, header))
        return refuse(k, p, C_CUT_LINK, 0);
    const bool padded = radiotap_flags(upto(p->rest, header)) & PAD;
    advance(p, header);
    return frame(k, p, padded);
}
