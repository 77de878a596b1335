/* In: codes as they were sent. Out: whether the last second is missing, flat, at its rail or noise, and how good it is. */
#include "beats.h"

static i64 size(i64 value) {
    return value < 0 ? -value : value;
}

/* Where converters end: 8, 10, 11, 12, 16 and 24 bits, signed and not. */
static bool is_rail(i32 code) {
    static const i32 rails[] = {0,    255,  -128,  127,   1023,  -512,   511,   2047,     -2048,
                                4095, 32767, -32768, 65535, -8388608, 8388607, -1024, -2047, -32767};
    for (u32 i = 0; i < sizeof rails / sizeof *rails; i++)
        if (code == rails[i])
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
        c->before = c->last = code;
    }
    if (c->samples - c->missing == 1)
        c->low = c->high = code;
    if (code < c->low)
        c->at_low = 0;
    if (code > c->high)
        c->at_high = 0;
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
    else if (4 * c->at_low >= measured && is_rail(c->low))
        judged = SATURATED;
    else if (4 * c->at_high >= measured && is_rail(c->high))
        judged = SATURATED;
    else if (calm < 0.1)
        judged = NOISY;
    *quality = judged == MISSING || judged == FLAT ? 0 : judged == SATURATED ? 0.2 * whole : whole * calm;
    c->samples = c->missing = c->at_low = c->at_high = 0;
    c->rough = 0;
    return judged;
}
