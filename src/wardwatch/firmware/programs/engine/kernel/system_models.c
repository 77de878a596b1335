/* In: calls that open, connect, read, allocate or translate addresses. Out: what they return and write. */
#include <stdlib.h>

#include "models.h"

#define MODEL(name) bool name(engine *e, path *p, const called *c, val *result)
#define UNUSED (void)e, (void)p, (void)c, (void)result

enum { FILLED = 512, ADDRESS = 28 };

static bool dotted(engine *e, path *p, val at, u32 *address) {
    u8 bytes[64];
    u32 tags[64], part = 0, parts = 0, digits = 0;
    bool whole;
    const u32 n = read_text(e, p, at, bytes, tags, 64, &whole);
    *address = 0;
    for (u32 i = 0; i <= n; i++) {
        if (i < n && tags[i])
            return false;
        if (i < n && bytes[i] >= '0' && bytes[i] <= '9' && digits < 3) {
            part = part * 10 + (u32)(bytes[i] - '0');
            digits++;
        } else if ((i == n || bytes[i] == '.') && digits && part < 256 && parts < 4) {
            *address = *address << 8 | part;
            part = digits = 0;
            parts++;
        } else {
            return false;
        }
    }
    return parts == 4;
}

/* In memory the most significant byte of an address comes first, whatever the processor's order. */
static u32 network(const engine *e, u32 v) { return e->set.big ? v : __builtin_bswap32(v); }

static u32 host_tag(engine *e, path *p, val name) { return origin_of(e, O_HOST, 0, keep_text(e, p, name), 0, false); }

static void write_host(engine *e, path *p, val to, val name, u32 n) {
    u32 address;
    const bool is_known = n == 4 && dotted(e, p, name, &address);
    const u32 tag = is_known ? 0 : host_tag(e, p, name);
    for (u32 i = 0; i < n; i++)
        write_byte(e, p, add(e, to, known(i)), is_known ? (u8)(address >> (24 - 8 * i)) : 0, tag);
}

MODEL(m_inet_addr) {
    (void)c;
    u32 address;
    const val name = argument(e, p, 0);
    *result = dotted(e, p, name, &address) ? known(network(e, address)) : (val){0, host_tag(e, p, name)};
    return true;
}

MODEL(m_inet_aton) {
    (void)c;
    write_host(e, p, argument(e, p, 1), argument(e, p, 0), 4);
    *result = known(1);
    return true;
}

MODEL(m_inet_pton) {
    (void)c;
    const val family = argument(e, p, 0), name = argument(e, p, 1), to = argument(e, p, 2);
    if (family.t || family.v == 2) {
        write_host(e, p, to, name, 4);
    } else {
        write_host(e, p, to, name, 16);
    }
    *result = known(1);
    return true;
}

MODEL(m_inet_ntoa) {
    (void)c;
    const val address = argument(e, p, 0);
    *result = heap(e, p, known(16));
    u32 n = 0, tags[16] = {0};
    u8 text[16];
    if (address.t) {
        tags[0] = text_tag(e, address.t);
        write_text(e, p, *result, text, tags, 1, true);
        return true;
    }
    const u32 value = network(e, (u32)address.v);
    for (int shift = 24; shift >= 0; shift -= 8) {
        const u32 part = value >> shift & 255;
        if (part >= 100)
            text[n++] = (u8)('0' + part / 100);
        if (part >= 10)
            text[n++] = (u8)('0' + part / 10 % 10);
        text[n++] = (u8)('0' + part % 10);
        if (shift)
            text[n++] = '.';
    }
    write_text(e, p, *result, text, tags, n, true);
    return true;
}

MODEL(m_swap16) {
    (void)c;
    const val one = argument(e, p, 0);
    *result = one.t ? one : known(e->set.big ? one.v & 0xffff : __builtin_bswap16((u16)one.v));
    return true;
}

MODEL(m_swap32) {
    (void)c;
    const val one = argument(e, p, 0);
    *result = one.t ? one : known(network(e, (u32)one.v));
    return true;
}

MODEL(m_malloc) {
    (void)c;
    *result = heap(e, p, argument(e, p, 0));
    return true;
}

MODEL(m_calloc) {
    (void)c;
    const val n = argument(e, p, 0), size = argument(e, p, 1);
    const u64 bytes = n.t || size.t || n.v > 4096 || size.v > 4096 ? 4096 : n.v * size.v;
    *result = heap(e, p, known(bytes));
    for (u64 i = 0; i < bytes && i < 4096; i++)
        write_byte(e, p, add(e, *result, known(i)), 0, 0);
    return true;
}

MODEL(m_realloc) {
    (void)c;
    const val old = argument(e, p, 0);
    *result = !old.t && !old.v ? heap(e, p, argument(e, p, 1)) : old;
    return true;
}

/* A descriptor of its own for each place that makes one; the type and protocol are told by the event of socket(). */
MODEL(m_socket) {
    const val type = argument(e, p, 1);
    const u64 kind = type.t ? 0 : type.v & 15;
    *result = (val){0, origin_of(e, O_SOCKET, 0, p->pc << 4 | kind, 0, false)};
    bind_fact(e, p, *result, c->event);
    return true;
}

MODEL(m_connect) {
    (void)result;
    bind_fact(e, p, argument(e, p, 0), c->event);
    return false;
}

static bool opened(engine *e, path *p, val name, val *result) {
    *result = (val){0, origin_of(e, O_OPEN, 0, keep_text(e, p, name), 0, false)};
    return true;
}

MODEL(m_open) {
    (void)c;
    return opened(e, p, argument(e, p, 0), result);
}

MODEL(m_openat) {
    (void)c;
    return opened(e, p, argument(e, p, 1), result);
}

MODEL(m_same) {
    (void)c;
    *result = argument(e, p, 0);
    return true;
}

static void filled(engine *e, path *p, val to, val from, u64 n) {
    /* A descriptor that is a number stands for itself: 0 is the standard input. */
    const u32 tag = origin_of(e, O_READ, from.t, from.t ? 0 : from.v + 1, 0, false);
    forget_guards(e, p, tag);
    for (u64 i = 0; i < n && i < FILLED; i++)
        write_byte(e, p, add(e, to, known(i)), 0, tag);
}

MODEL(m_read) {
    UNUSED;
    const val size = argument(e, p, 2);
    filled(e, p, argument(e, p, 1), argument(e, p, 0), size.t ? 64 : size.v);
    return false;
}

/* The sender's address: whatever lay there before is gone. */
static void sender(engine *e, path *p, val at) {
    for (u32 i = 0; i < ADDRESS && (at.t || at.v); i++)
        write_byte(e, p, add(e, at, known(i)), 0, 1);
}

MODEL(m_recvfrom) {
    sender(e, p, argument(e, p, 4));
    return m_read(e, p, c, result);
}

MODEL(m_recvmsg) { /* msghdr begins with the place for the name; then its length, the iovecs and their number */
    UNUSED;
    const u32 word = e->set.bits / 8;
    const val message = argument(e, p, 1);
    sender(e, p, load(e, p, message, word, false));
    const val vector = load(e, p, add(e, message, known(2 * word)), word, false);
    const val size = load(e, p, add(e, vector, known(word)), word, false);
    filled(e, p, load(e, p, vector, word, false), argument(e, p, 0), size.t ? 64 : size.v);
    return false;
}

MODEL(m_accept) {
    UNUSED;
    sender(e, p, argument(e, p, 1));
    return false;
}

MODEL(m_fread) {
    UNUSED;
    const val size = argument(e, p, 1), count = argument(e, p, 2);
    const u64 n = size.t || count.t || size.v > FILLED || count.v > FILLED ? FILLED : size.v * count.v;
    filled(e, p, argument(e, p, 0), argument(e, p, 3), n);
    return false;
}

MODEL(m_fgets) {
    UNUSED;
    const val to = argument(e, p, 0);
    filled(e, p, to, argument(e, p, 2), 1);
    write_byte(e, p, add(e, to, known(1)), 0, 0);
    return false;
}

MODEL(m_sscanf) {
    UNUSED;
    const u32 tag = origin_of(e, O_TEXT, argument(e, p, 0).t ? argument(e, p, 0).t : 1, 0, 0, false);
    for (u32 i = 2; i < 6; i++) {
        const val to = argument(e, p, i);
        if (to.t || to.v < STACK_TOP - STACK_ROOM || to.v >= STACK_TOP)
            break;
        write_byte(e, p, to, 0, tag);
        write_byte(e, p, add(e, to, known(1)), 0, 0);
    }
    return false;
}

MODEL(m_gethostbyname) {
    (void)c;
    *result = (val){0, host_tag(e, p, argument(e, p, 0))};
    return true;
}

MODEL(m_getaddrinfo) {
    (void)c;
    const val to = argument(e, p, 3);
    const u64 service = keep_text(e, p, argument(e, p, 1));
    store(e, p, to, e->set.bits / 8,
          (val){0, origin_of(e, O_HOST, 0, service << 32 | keep_text(e, p, argument(e, p, 0)), 0, false)});
    *result = known(0);
    return true;
}

MODEL(m_exit) {
    UNUSED;
    p->dead = 1;
    return true;
}

MODEL(m_none) {
    UNUSED;
    return false;
}

MODEL(m_popen) { /* a file of its own for each place: what a call returns */
    UNUSED;
    return false;
}

MODEL(m_zero) {
    UNUSED;
    *result = known(0);
    return true;
}

#define ENTRY(name) {#name, m_##name}
const model models[] = {
    ENTRY(none), ENTRY(zero), ENTRY(popen), ENTRY(exit), ENTRY(strlen), ENTRY(strcpy), ENTRY(stpcpy), ENTRY(strncpy), ENTRY(strcat),
    ENTRY(strncat), ENTRY(strcmp), ENTRY(strncmp), ENTRY(memcmp), ENTRY(strchr), ENTRY(strrchr), ENTRY(strstr),
    ENTRY(strspn), ENTRY(strcspn),
    ENTRY(memcpy), ENTRY(mempcpy), ENTRY(bcopy), ENTRY(memset), ENTRY(bzero), ENTRY(strdup), ENTRY(strndup),
    ENTRY(sprintf), ENTRY(snprintf), ENTRY(vsprintf), ENTRY(vsnprintf), ENTRY(asprintf), ENTRY(vasprintf),
    ENTRY(sprintf_chk), ENTRY(snprintf_chk), ENTRY(vsprintf_chk), ENTRY(vsnprintf_chk), ENTRY(asprintf_chk),
    ENTRY(strlcpy), ENTRY(strlcat), ENTRY(atoi), ENTRY(toupper), ENTRY(tolower), ENTRY(inet_addr), ENTRY(inet_aton),
    ENTRY(inet_pton), ENTRY(inet_ntoa), ENTRY(swap16), ENTRY(swap32), ENTRY(malloc), ENTRY(calloc), ENTRY(realloc),
    ENTRY(socket), ENTRY(connect), ENTRY(open), ENTRY(openat), ENTRY(same), ENTRY(read), ENTRY(fread), ENTRY(fgets),
    ENTRY(thread), ENTRY(clone), ENTRY(signal), ENTRY(sigaction), ENTRY(atexit), ENTRY(fork), ENTRY(recvfrom), ENTRY(recvmsg), ENTRY(accept),
    ENTRY(sscanf), ENTRY(gethostbyname), ENTRY(getaddrinfo),
};
const u32 model_count = sizeof models / sizeof *models;
