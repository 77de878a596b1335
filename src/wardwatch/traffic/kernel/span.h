/* In: bytes of unknown length from anywhere. Out: reads that cannot leave them.
 *
 * Every byte of a packet is read through a span. A read beyond the end gives 0, a skip beyond the end an empty span;
 * callers check `has()` first where 0 would mislead.
 */
#ifndef WARDWATCH_SPAN_H
#define WARDWATCH_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int64_t i64;

typedef struct {
    const u8 *p;
    u32 n;
} span;

static inline bool has(span s, u32 n) { return s.n >= n; }

static inline bool covers(span s, u32 at, u32 n) { return at <= s.n && s.n - at >= n; }

static inline span skip(span s, u32 n) { return n <= s.n ? (span){s.p + n, s.n - n} : (span){s.p, 0}; }

static inline span upto(span s, u32 n) { return (span){s.p, n < s.n ? n : s.n}; }

static inline u8 byte_at(span s, u32 at) { return at < s.n ? s.p[at] : 0; }

static inline u16 be16(span s, u32 at) {
    return covers(s, at, 2) ? (u16)(s.p[at] << 8 | s.p[at + 1]) : 0;
}

static inline u16 le16(span s, u32 at) {
    return covers(s, at, 2) ? (u16)(s.p[at + 1] << 8 | s.p[at]) : 0;
}

static inline u32 be32(span s, u32 at) {
    return covers(s, at, 4)
               ? (u32)s.p[at] << 24 | (u32)s.p[at + 1] << 16 | (u32)s.p[at + 2] << 8 | (u32)s.p[at + 3]
               : 0;
}

static inline u32 le32(span s, u32 at) {
    return covers(s, at, 4)
               ? (u32)s.p[at + 3] << 24 | (u32)s.p[at + 2] << 16 | (u32)s.p[at + 1] << 8 | (u32)s.p[at]
               : 0;
}

static inline u16 end16(span s, u32 at, bool big) { return big ? be16(s, at) : le16(s, at); }

static inline u32 end32(span s, u32 at, bool big) { return big ? be32(s, at) : le32(s, at); }

static inline u64 end64(span s, u32 at, bool big) {
    const u64 one = end32(s, at, big), two = end32(s, at + 4, big);
    return big ? one << 32 | two : two << 32 | one;
}

/* Copies `n` bytes at `at`; where they are not all there, zeros. */
static inline void copy_at(u8 *to, span s, u32 at, u32 n) {
    if (covers(s, at, n))
        memcpy(to, s.p + at, n);
    else
        memset(to, 0, n);
}

#endif
