/* In: codes of an ECG lead as they were sent. Out: whether a pacemaker's spikes stand in it.
 *
 * A pacemaker's pulse lasts 0.1 to 2 ms (so monitors are specified to recognise it). Where a recording shows it at all, it is one sample, or two, that leave the
 * signal and come back at once, in a place where it is calm otherwise; a QRS complex takes ten times as long to rise.
 * Artefacts do the same now and then. So they count as a pacemaker's only if several came within ten seconds, about as
 * high as each other, at about equal distances (up to three close to each other, of several chambers, are one).
 */
#include "beats.h"

static const double BACK = 0.3;    /* of a spike's height: so near it begins and ends, and so calm it is beside it */
static const double LEAST = 30;    /* heights of what is no wave */
static const double CLOSE = 0.3;   /* seconds between the spikes of two chambers */
static const double WINDOW_S = 10;
static const double ALIKE = 0.35, STEADY = 0.15; /* of the middle height, of the middle distance */
static const double ENOUGH = 0.75; /* of the spikes, and of their distances, that have to be so */
static const double FASTEST = 0.25, SLOWEST = 2.5; /* seconds between beats of a paced heart */
enum { FEWEST = 4, TOGETHER = 3 }; /* together: one chamber after another; more is a train of something else */

static double size(double value) {
    return value < 0 ? -value : value;
}

/* A spike of `width` samples that ends 3 samples ago; `last` is the newest sample. 0, or its height. */
static double spike(const spikes *s, i32 width, double least) {
    const double *x = s->last; /* x[0] the newest */
    const double after = x[2], before = x[2 + width + 1];
    double up = x[3] - before, down = x[3] - after;
    if (width == 2) {
        up = x[4] - before;
        if (up * down <= 0 || size(x[4] - x[3]) > 0.5 * size(down))
            return 0;
    }
    if (up * down <= 0)
        return 0;
    const double height = size(up) < size(down) ? size(up) : size(down);
    if (height < least || size(before - after) > BACK * height)
        return 0;
    const bool calm = size(x[1] - after) < BACK * height && size(x[0] - after) < 2 * BACK * height &&
                      size(x[4 + width] - before) < BACK * height;
    return calm ? height : 0;
}

void spikes_next(spikes *s, double value, bool good, i64 at, double rate, double floor) {
    for (i32 i = SHAPE - 1; i > 0; i--)
        s->last[i] = s->last[i - 1];
    s->last[0] = value;
    s->known = good ? (s->known < SHAPE ? s->known + 1 : SHAPE) : 0;
    if (s->known < SHAPE)
        return;
    double height = spike(s, 1, LEAST * floor);
    if (height <= 0 && rate >= 200)
        height = spike(s, 2, LEAST * floor);
    if (height <= 0)
        return;
    if (s->count && (double)(at - s->at[(s->count - 1) % SPIKES]) < CLOSE * rate) {
        s->height[(s->count - 1) % SPIKES] = height;
        s->together[(s->count - 1) % SPIKES]++;
        return;
    }
    s->at[s->count % SPIKES] = at;
    s->height[s->count % SPIKES] = height;
    s->together[s->count % SPIKES] = 1;
    s->count++;
}

static bool mostly(const double *values, i32 n, double share) {
    const double usual = median(values, n);
    i32 near = 0;
    for (i32 i = 0; i < n; i++)
        near += size(values[i] - usual) <= share * usual;
    return near >= ENOUGH * n;
}

bool spikes_paced(const spikes *s, i64 at, double rate) {
    double heights[SPIKES], apart[SPIKES];
    i32 n = 0;
    bool crowded = false;
    while (n < SPIKES && (u64)n < s->count && (double)(at - s->at[(s->count - 1 - (u64)n) % SPIKES]) < WINDOW_S * rate) {
        heights[n] = s->height[(s->count - 1 - (u64)n) % SPIKES];
        crowded = crowded || s->together[(s->count - 1 - (u64)n) % SPIKES] > TOGETHER;
        n++;
    }
    if (n < FEWEST || crowded)
        return false;
    for (i32 i = 0; i + 1 < n; i++)
        apart[i] = (double)(s->at[(s->count - 1 - (u64)i) % SPIKES] - s->at[(s->count - 2 - (u64)i) % SPIKES]) / rate;
    const double usual = median(apart, n - 1);
    return usual >= FASTEST && usual <= SLOWEST && mostly(heights, n, ALIKE) && mostly(apart, n - 1, STEADY);
}
