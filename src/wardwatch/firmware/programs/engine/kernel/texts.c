/* In: addresses of texts. Out: their bytes with origins; a text nothing is known of is one byte of origin TEXT. */
#include <stdlib.h>

#include "core.h"

enum { TEXTS_MAX = 8 << 20 };

u32 text_tag(engine *e, u32 t) {
    const u8 kind = e->origins[t].kind;
    return kind == O_TEXT || kind == O_READ ? t : origin_of(e, O_TEXT, t, 0, 0, false);
}

/* The text at `at`, without its end; `whole` where an end was found. */
u32 read_text(engine *e, path *p, val at, u8 *bytes, u32 *tags, u32 room, bool *whole) {
    *whole = true;
    if (!at.t && at.v < 0x100)
        return 0;
    for (u32 n = 0; n < room; n++) {
        bool there;
        u32 tag;
        const u8 byte = read_byte(e, p, (val){cut(e, at.v + n), at.t}, &tag, &there);
        if (there && !tag && !byte)
            return n;
        bytes[n] = byte;
        tags[n] = tag;
        if (!there) { /* nothing is known of the rest */
            *whole = !n || at.t || e->origins[tag].kind == O_GLOBAL;
            if (n && (e->origins[tag].kind == O_STACK || e->origins[tag].kind == O_HEAP))
                return n;
            tags[n] = at.t && !n ? text_tag(e, at.v ? tag : at.t) : tag;
            return n + 1;
        }
    }
    *whole = false;
    return room;
}

void write_text(engine *e, path *p, val at, const u8 *bytes, const u32 *tags, u32 n, bool end) {
    for (u32 i = 0; i < n; i++)
        write_byte(e, p, (val){cut(e, at.v + i), at.t}, bytes[i], tags[i]);
    if (end)
        write_byte(e, p, (val){cut(e, at.v + n), at.t}, 0, 0);
}

static bool room_for(engine *e, u32 n) {
    if (e->texts_used + n <= e->texts_room)
        return true;
    if (e->texts_used + n > TEXTS_MAX)
        return false;
    u32 room = e->texts_room * 2;
    while (room < e->texts_used + n)
        room *= 2;
    u8 *more = realloc(e->texts, room);
    if (!more)
        return false;
    e->texts = more;
    e->texts_room = room;
    return true;
}

/* Keeps a text as the name of something (a file's path, a host); where it is kept, 0 for nothing.
 *
 * Written as count, then for each byte its origin (4 bytes) and itself. The same text is kept once for each place
 * it is asked at, since origins with the same number are one thing.
 */
u32 keep_text(engine *e, path *p, val at) {
    u8 bytes[TEXT_MAX];
    u32 tags[TEXT_MAX];
    bool whole;
    const u32 n = read_text(e, p, at, bytes, tags, 256, &whole);
    const u32 size = 4 + 5 * n;
    for (u32 i = 4; i + 4 <= e->texts_used;) {
        u32 count;
        memcpy(&count, e->texts + i, 4);
        bool same = count == n;
        for (u32 j = 0; same && j < n; j++)
            same = !memcmp(e->texts + i + 4 + 5 * j, &tags[j], 4) && e->texts[i + 8 + 5 * j] == bytes[j];
        if (same)
            return i;
        i += 4 + 5 * count;
    }
    if (!room_for(e, size))
        return 0;
    const u32 place = e->texts_used;
    memcpy(e->texts + place, &n, 4);
    for (u32 j = 0; j < n; j++) {
        memcpy(e->texts + place + 4 + 5 * j, &tags[j], 4);
        e->texts[place + 8 + 5 * j] = bytes[j];
    }
    e->texts_used += size;
    return place;
}
