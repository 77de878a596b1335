/* In: codes as they were sent. Out: whether the last second is missing, flat, at its rail or noise, and how good it is. */
#include "beats.h"

static i64 size(i64 value) {
    return value < 0 ? -value : value;
}

/* Where converters end: 8, 10, 11, 12, 16 and 24 bits, signed and not. */
static const i32 LOWER_ENDS[] = {0, -128, -512, -1024, -2048, -2047, -32768, -32767, -8388608};
static const i32 UPPER_ENDS[] = {255, 127, 511, 1023, 2047, 4095, 32767, 65535, 8388607};
enum { ENDS = sizeof LOWER_ENDS / sizeof *LOWER_ENDS };

static bool is_one_of(const i32 *ends, i32 code) {
    for (u32 i = 0; i < ENDS; i++)
        if (code == ends[i])
            return true;
    return false;
}

void condition_next(condition *c, i32 code, bool valid) {
    c->samples++;
    if (!valid) {
        c->missing++;
        return;
    }
    if (!c->begun) {
        c->begun = 1;
        c->before = c->last = c->lowest = c->highest = code;
    }
    if (c->samples - c->missing == 1)
        c->low = c->high = code;
    if (code < c->low)
        c->at_low = 0;
    if (code > c->high)
        c->at_high = 0;
    c->lowest = code < c->lowest ? code : c->lowest;
    c->highest = code > c->highest ? code : c->highest;
    c->low = code < c->low ? code : c->low;
    c->high = code > c->high ? code : c->high;
    c->at_low += code == c->low;
    c->at_high += code == c->high;
    c->still = code == c->last ? c->still + 1 : 0;
    c->rough += (double)size((i64)code - 2 * (i64)c->last + c->before);
    c->before = c->last;
    c->last = code;
}

/* What is wrong with the second that ends here, and 0 to 1 for how good it is; begins the next. A signal that has not
 * changed for `still` samples stands still. */
i32 condition_judge(condition *c, double still, double *quality) {
    const i64 measured = c->samples - c->missing;
    const double range = measured ? (double)c->high - c->low : 0, rough = measured ? c->rough / (double)measured : 0;
    const double whole = c->samples ? (double)measured / (double)c->samples : 0;
    const double excess = range > 0 ? (rough / range - 0.05) / 0.2 : 0;
    const double calm = excess <= 0 ? 1 : excess >= 1 ? 0 : 1 - excess;
    i32 judged = FINE;
    if (2 * c->missing >= c->samples)
        judged = MISSING;
    else if ((double)c->still >= still)
        judged = FLAT;
    else if (4 * c->at_low >= measured && c->low == c->lowest && is_one_of(LOWER_ENDS, c->low))
        judged = SATURATED;
    else if (4 * c->at_high >= measured && c->high == c->highest && is_one_of(UPPER_ENDS, c->high))
        judged = SATURATED;
    else if (calm < 0.1)
        judged = NOISY;
    *quality = judged == MISSING || judged == FLAT ? 0 : judged == SATURATED ? 0.2 * whole : whole * calm;
    c->samples = c->missing = c->at_low = c->at_high = 0;
    c->rough = 0;
    return judged;
}
