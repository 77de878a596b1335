/* In: calls of the string and memory functions of the C library. Out: what they do to memory. */
#include <stdlib.h>

#include "models.h"

#define MODEL(name) bool name(engine *e, path *p, const called *c, val *result)
#define UNUSED (void)e, (void)p, (void)c, (void)result

enum { COPY_MAX = 4096 };

typedef struct {
    u8 bytes[TEXT_MAX];
    u32 tags[TEXT_MAX], n;
    bool whole, holes;
} held;

static void take(engine *e, path *p, val at, held *h) {
    h->n = read_text(e, p, at, h->bytes, h->tags, TEXT_MAX, &h->whole);
    h->holes = false;
    for (u32 i = 0; i < h->n; i++)
        h->holes = h->holes || h->tags[i];
}

static u32 most(val limit) { return limit.t || limit.v > TEXT_MAX ? TEXT_MAX : (u32)limit.v; }

MODEL(m_strlen) {
    (void)c;
    held h;
    take(e, p, argument(e, p, 0), &h);
    const u32 t = h.n ? h.tags[0] : 0;
    if (h.n == 1 && t && e->origins[t].kind != O_DEREF) {
        *result = mixed(e, (val){0, t}, known(0));
        return true;
    }
    *result = known(h.n);
    return true;
}

static void copy_text(engine *e, path *p, val to, u32 limit, bool end) {
    held h;
    take(e, p, argument(e, p, 1), &h);
    write_text(e, p, to, h.bytes, h.tags, h.n < limit ? h.n : limit, end || h.n < limit);
}

MODEL(m_strcpy) {
    (void)c;
    *result = argument(e, p, 0);
    copy_text(e, p, *result, TEXT_MAX, true);
    return true;
}

MODEL(m_stpcpy) {
    (void)c;
    held h;
    const val to = argument(e, p, 0);
    take(e, p, argument(e, p, 1), &h);
    write_text(e, p, to, h.bytes, h.tags, h.n, true);
    *result = add(e, to, known(h.n));
    return true;
}

MODEL(m_strncpy) {
    (void)c;
    *result = argument(e, p, 0);
    copy_text(e, p, *result, most(argument(e, p, 2)), false);
    return true;
}

MODEL(m_strlcpy) {
    (void)c;
    *result = argument(e, p, 0);
    const u32 limit = most(argument(e, p, 2));
    copy_text(e, p, *result, limit ? limit - 1 : 0, limit != 0);
    return false;
}

static void append(engine *e, path *p, u32 limit) {
    held old, more;
    const val to = argument(e, p, 0);
    take(e, p, to, &old);
    take(e, p, argument(e, p, 1), &more);
    write_text(e, p, to, old.bytes, old.tags, old.n, false);
    write_text(e, p, add(e, to, known(old.n)), more.bytes, more.tags, more.n < limit ? more.n : limit, true);
}

MODEL(m_strcat) {
    (void)c;
    *result = argument(e, p, 0);
    append(e, p, TEXT_MAX);
    return true;
}

MODEL(m_strncat) {
    (void)c;
    *result = argument(e, p, 0);
    append(e, p, most(argument(e, p, 2)));
    return true;
}

MODEL(m_strlcat) {
    UNUSED;
    append(e, p, TEXT_MAX);
    return false;
}

/* What was read decides how it compares: the outcome goes back to it. */
static bool by_what_was_read(engine *e, u32 t, val *result) {
    if (!t || e->origins[t].kind != O_READ)
        return false;
    *result = mixed(e, (val){0, t}, known(0));
    return true;
}

static bool ordered(engine *e, path *p, u32 limit, val *result) {
    held a, b;
    take(e, p, argument(e, p, 0), &a);
    take(e, p, argument(e, p, 1), &b);
    if (a.holes || b.holes || !a.whole || !b.whole)
        return by_what_was_read(e, a.n ? a.tags[0] : 0, result) || by_what_was_read(e, b.n ? b.tags[0] : 0, result);
    const u32 na = a.n < limit ? a.n : limit, nb = b.n < limit ? b.n : limit;
    const int order = memcmp(a.bytes, b.bytes, na < nb ? na : nb);
    *result = known(cut(e, (u64)(i64)(order ? (order < 0 ? -1 : 1) : na < nb ? -1 : na > nb)));
    return true;
}

MODEL(m_strcmp) {
    (void)c;
    return ordered(e, p, TEXT_MAX, result);
}

MODEL(m_strncmp) {
    (void)c;
    return ordered(e, p, most(argument(e, p, 2)), result);
}

MODEL(m_memcmp) {
    (void)c;
    const val a = argument(e, p, 0), b = argument(e, p, 1);
    const u32 n = most(argument(e, p, 2));
    for (u32 i = 0; i < n; i++) {
        u32 one, two;
        bool there, also;
        const u8 x = read_byte(e, p, add(e, a, known(i)), &one, &there);
        const u8 y = read_byte(e, p, add(e, b, known(i)), &two, &also);
        if (one || two)
            return by_what_was_read(e, one ? one : two, result);
        if (x != y) {
            *result = known(cut(e, (u64)(i64)(x < y ? -1 : 1)));
            return true;
        }
    }
    *result = known(0);
    return true;
}

static bool sought(engine *e, path *p, bool last, val *result) {
    held h;
    const val at = argument(e, p, 0), wanted = argument(e, p, 1);
    take(e, p, at, &h);
    if (h.holes || wanted.t || !h.whole)
        return false;
    *result = known(0);
    for (u32 i = 0; i <= h.n; i++)
        if ((i < h.n ? h.bytes[i] : 0) == (u8)wanted.v) {
            *result = add(e, at, known(i));
            if (!last)
                return true;
        }
    return true;
}

MODEL(m_strchr) {
    (void)c;
    return sought(e, p, false, result);
}

MODEL(m_strrchr) {
    (void)c;
    return sought(e, p, true, result);
}

/* How many bytes at the start are of the set, or of none of it. A hole counts as one that is not. */
static bool spanned(engine *e, path *p, bool wanted, val *result) {
    held h, set;
    take(e, p, argument(e, p, 0), &h);
    take(e, p, argument(e, p, 1), &set);
    if (set.holes || !set.whole || (h.holes && wanted))
        return false;
    u32 n = 0;
    while (n < h.n && (!h.tags[n] && memchr(set.bytes, h.bytes[n], set.n)) == wanted)
        n++;
    *result = known(n);
    return h.n != 0;
}

MODEL(m_strspn) {
    (void)c;
    return spanned(e, p, true, result);
}

MODEL(m_strcspn) {
    (void)c;
    return spanned(e, p, false, result);
}

MODEL(m_strstr) {
    (void)c;
    held h, part;
    const val at = argument(e, p, 0);
    take(e, p, at, &h);
    take(e, p, argument(e, p, 1), &part);
    if (h.holes || part.holes || !h.whole || !part.whole)
        return false;
    *result = known(0);
    for (u32 i = 0; i + part.n <= h.n; i++)
        if (!memcmp(h.bytes + i, part.bytes, part.n)) {
            *result = add(e, at, known(i));
            break;
        }
    return true;
}

static void copy_bytes(engine *e, path *p, val to, val from, val size) {
    u8 bytes[COPY_MAX];
    u32 tags[COPY_MAX], n = size.t ? 0 : size.v > COPY_MAX ? COPY_MAX : (u32)size.v;
    if (size.t) { /* of unknown length: as a text */
        held h;
        take(e, p, from, &h);
        write_text(e, p, to, h.bytes, h.tags, h.n, false);
        return;
    }
    for (u32 i = 0; i < n; i++) {
        bool there;
        bytes[i] = read_byte(e, p, add(e, from, known(i)), &tags[i], &there);
    }
    write_text(e, p, to, bytes, tags, n, false);
}

MODEL(m_memcpy) {
    (void)c;
    *result = argument(e, p, 0);
    copy_bytes(e, p, *result, argument(e, p, 1), argument(e, p, 2));
    return true;
}

MODEL(m_mempcpy) {
    (void)c;
    const val to = argument(e, p, 0), size = argument(e, p, 2);
    copy_bytes(e, p, to, argument(e, p, 1), size);
    *result = add(e, to, size);
    return true;
}

MODEL(m_bcopy) {
    UNUSED;
    copy_bytes(e, p, argument(e, p, 1), argument(e, p, 0), argument(e, p, 2));
    return false;
}

static void fill(engine *e, path *p, val to, val byte, val size) {
    const u32 n = size.t ? 0 : size.v > COPY_MAX ? COPY_MAX : (u32)size.v;
    for (u32 i = 0; i < n; i++)
        write_byte(e, p, add(e, to, known(i)), (u8)byte.v, byte.t);
}

MODEL(m_memset) {
    (void)c;
    *result = argument(e, p, 0);
    fill(e, p, *result, argument(e, p, 1), argument(e, p, 2));
    return true;
}

MODEL(m_bzero) {
    UNUSED;
    fill(e, p, argument(e, p, 0), known(0), argument(e, p, 1));
    return false;
}

static bool duplicate(engine *e, path *p, u32 limit, val *result) {
    held h;
    take(e, p, argument(e, p, 0), &h);
    const u32 n = h.n < limit ? h.n : limit;
    *result = heap(e, p, known(n + 1));
    write_text(e, p, *result, h.bytes, h.tags, n, true);
    return true;
}

MODEL(m_strdup) {
    (void)c;
    return duplicate(e, p, TEXT_MAX, result);
}

MODEL(m_strndup) {
    (void)c;
    return duplicate(e, p, most(argument(e, p, 1)), result);
}

/* sprintf and kin: where to, how much at most, and where the format and its arguments are. */
static bool printed(engine *e, path *p, val to, val limit, u32 format, bool list, val *result) {
    held h;
    variadic from = list ? variadic_at(e, p, argument(e, p, format + 1)) : variadic_of(e, p, format + 1);
    h.n = print_format(e, p, argument(e, p, format), &from, h.bytes, h.tags, TEXT_MAX);
    u32 n = h.n;
    if (!limit.t && limit.v <= n)
        n = limit.v ? (u32)limit.v - 1 : 0;
    if (limit.t || limit.v)
        write_text(e, p, to, h.bytes, h.tags, n, true);
    *result = known(h.n);
    for (u32 i = 0; i < h.n; i++)
        if (h.tags[i]) {
            *result = mixed(e, (val){0, h.tags[i]}, known(0)); /* how long that part is, is not known */
            break;
        }
    return true;
}

static const val unlimited = {~0ull, 0};

MODEL(m_sprintf) {
    (void)c;
    return printed(e, p, argument(e, p, 0), unlimited, 1, false, result);
}

MODEL(m_snprintf) {
    (void)c;
    return printed(e, p, argument(e, p, 0), argument(e, p, 1), 2, false, result);
}

MODEL(m_vsprintf) {
    (void)c;
    return printed(e, p, argument(e, p, 0), unlimited, 1, true, result);
}

MODEL(m_vsnprintf) {
    (void)c;
    return printed(e, p, argument(e, p, 0), argument(e, p, 1), 2, true, result);
}

static bool allocated(engine *e, path *p, u32 format, bool list, val *result) {
    const val place = heap(e, p, known(TEXT_MAX));
    printed(e, p, place, unlimited, format, list, result);
    store(e, p, argument(e, p, 0), e->set.bits / 8, place);
    return true;
}

MODEL(m_asprintf) {
    (void)c;
    return allocated(e, p, 1, false, result);
}

MODEL(m_vasprintf) {
    (void)c;
    return allocated(e, p, 1, true, result);
}

MODEL(m_asprintf_chk) {
    (void)c;
    return allocated(e, p, 2, false, result);
}

MODEL(m_sprintf_chk) {
    (void)c;
    return printed(e, p, argument(e, p, 0), unlimited, 3, false, result);
}

MODEL(m_snprintf_chk) {
    (void)c;
    return printed(e, p, argument(e, p, 0), argument(e, p, 1), 4, false, result);
}

MODEL(m_vsprintf_chk) {
    (void)c;
    return printed(e, p, argument(e, p, 0), unlimited, 3, true, result);
}

MODEL(m_vsnprintf_chk) {
    (void)c;
    return printed(e, p, argument(e, p, 0), argument(e, p, 1), 4, true, result);
}

MODEL(m_atoi) {
    (void)c;
    held h;
    take(e, p, argument(e, p, 0), &h);
    if (!h.n || h.holes || !h.whole)
        return false;
    char text[32] = {0};
    memcpy(text, h.bytes, h.n < 31 ? h.n : 31);
    *result = known(cut(e, (u64)(i64)strtol(text, NULL, 10)));
    return true;
}

MODEL(m_toupper) {
    (void)c;
    const val one = argument(e, p, 0);
    *result = one.t || one.v < 'a' || one.v > 'z' ? one : known(one.v - 32);
    return true;
}

MODEL(m_tolower) {
    (void)c;
    const val one = argument(e, p, 0);
    *result = one.t || one.v < 'A' || one.v > 'Z' ? one : known(one.v + 32);
    return true;
}
