/* In: what a detector told, and rules of averaging. Out: the rate each rule gives now, its bounds and its quality.
 *
 * The bounds come of three readings of the same beats: as told, without those that hardly met their threshold, and
 * with those that nearly met it; then of the uncertainty of a beat's time, and of rounding to a whole number.
 */
#include "beats.h"

#include <math.h>

enum { MOST = 96 };
static const double HARDLY = 1.25, NEARLY = 0.75; /* strengths */
static const double JITTER = 0.006;               /* seconds, of one beat's time, beside the sampling */
static const double ROUNDING = 0.5;
static const double AGREED_OVER = 12, AGREED_UNTIL = 2.5, SAME = 0.15; /* seconds */
static const double USELESS = 0.05;
static const double ALIKE = 1, DISTANT = 4; /* breaths a minute: two readings agree, and do not at all */
static const double PAUSE[3] = {10, 10, 30}; /* seconds: an interval longer than this is no interval of a rhythm */

typedef struct {
    double times[MOST];
    i32 n;
} beats;

static double larger(double a, double b) {
    return a > b ? a : b;
}

static double smaller(double a, double b) {
    return a < b ? a : b;
}

static u64 remembered(u64 count, u64 most) {
    return count < most ? count : most;
}

/* After a pause, as with a lead off, the rhythm begins anew. */
static void add(beats *to, double time, double pause) {
    if (to->n && time - to->times[to->n - 1] > pause)
        to->n = 0;
    to->times[to->n++] = time;
}

/* Beats told up to now, the last MOST at most, of at least this strength. */
static void told_beats(const channel *c, const told *t, double least, beats *to) {
    to->n = 0;
    for (u64 back = remembered(t->count, MOST); back-- > 0;)
        if (told_back(t, back)->strength >= least)
            add(to, channel_seconds(c, told_back(t, back)->at), PAUSE[c->kind]);
}

static void insert(beats *to, double time) {
    if (to->n == MOST || !to->n || time < to->times[0])
        return;
    i32 at = to->n++;
    for (; at > 0 && to->times[at - 1] > time; at--)
        to->times[at] = to->times[at - 1];
    to->times[at] = time;
}

static void sort(double *values, i32 n) {
    for (i32 i = 1; i < n; i++) {
        const double value = values[i];
        i32 at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

/* Mean interval of the last `n` intervals without the longest and shortest `trimmed`; 0 where there are too few. */
static double mean_interval(const beats *b, i32 n, i32 trimmed, i32 fewest, bool middle) {
    double spans[MOST];
    n = n < b->n - 1 ? n : b->n - 1;
    if (n < fewest || n < 1)
        return 0;
    for (i32 i = 0; i < n; i++)
        spans[i] = b->times[b->n - 1 - i] - b->times[b->n - 2 - i];
    sort(spans, n);
    if (middle)
        return n & 1 ? spans[n / 2] : (spans[n / 2 - 1] + spans[n / 2]) / 2;
    const i32 cut = n > 2 * trimmed + 1 ? trimmed : 0;
    double sum = 0;
    for (i32 i = cut; i < n - cut; i++)
        sum += spans[i];
    return sum / (n - 2 * cut);
}

/* Whether each of the last three intervals is longer than the rule's slow one. */
static bool slow(const beats *b, const rule *r) {
    if (r->slow_count == 0 || b->n < 4)
        return false;
    for (i32 i = 0; i < 3; i++)
        if (b->times[b->n - 1 - i] - b->times[b->n - 2 - i] <= r->slow)
            return false;
    return true;
}

static double in_window(const beats *b, const rule *r, double now) {
    i32 n = 0;
    while (n < b->n && b->times[b->n - 1 - n] > now - r->seconds)
        n++;
    if (n < r->fewest + 1)
        return 0;
    if (r->kind == COUNT)
        return 60 * n / r->seconds;
    return 60 * (n - 1) / (b->times[b->n - 1] - b->times[b->n - n]);
}

/* What the rule makes of these beats; 0 where they are too few. */
static double apply(const beats *b, const rule *r, double now) {
    if (r->kind == WINDOW || r->kind == COUNT)
        return in_window(b, r, now);
    const double span = slow(b, r) ? mean_interval(b, r->slow_count, 0, r->fewest, false)
                                   : mean_interval(b, r->count, r->trimmed, r->fewest, r->kind == MEDIAN_OF);
    return span > 0 ? 60 / span : 0;
}

/* Share of the beats of two detectors that both told, over the last seconds in which both have decided. */
static double agreement(const channel *c, double now) {
    const told *one = &c->found[c->kind == ECG ? LEVELS : TURNS], *other = &c->found[RATIO];
    const double from = now - AGREED_OVER, until = now - AGREED_UNTIL;
    double both = 0, all = 0;
    for (u64 i = 0; i < remembered(one->count, MOST); i++) {
        const double time = channel_seconds(c, told_back(one, i)->at);
        if (time < from || time > until)
            continue;
        all++;
        for (u64 k = 0; k < remembered(other->count, MOST); k++) {
            const double away = channel_seconds(c, told_back(other, k)->at) - time;
            if (away > -SAME && away < SAME) {
                both += 2;
                break;
            }
            if (away < -SAME)
                break;
        }
    }
    for (u64 k = 0; k < remembered(other->count, MOST); k++) {
        const double time = channel_seconds(c, told_back(other, k)->at);
        all += time >= from && time <= until;
    }
    return all > 0 ? smaller(1, both / all) : 0;
}

/* Share of what was told lately that was doubtful. */
static double doubt(const channel *c, const told *t, double now) {
    double all = 0, doubtful = 0;
    for (u64 i = 0; i < remembered(t->count, MOST); i++)
        if (channel_seconds(c, told_back(t, i)->at) > now - AGREED_OVER) {
            all++;
            doubtful += told_back(t, i)->strength < HARDLY;
        }
    for (u64 i = 0; i < remembered(t->nearly_count, NEAR); i++) {
        const event *e = &t->nearly[(t->nearly_count - 1 - i) & (NEAR - 1)];
        doubtful += channel_seconds(c, e->at) > now - AGREED_OVER && e->strength > NEARLY;
    }
    return all > 0 ? smaller(1, doubtful / all) : 1;
}

double detector_quality(const channel *c, i32 detector, double now) {
    const double clear = detector == LEVELS ? ladder_clearness(&c->alone)
                         : detector == JOINT ? ladder_clearness(&c->joint)
                                             : 1;
    const double agreed = c->kind == RESP ? 1 : agreement(c, now);
    return c->calm * clear * agreed * (1 - 0.5 * doubt(c, &c->found[detector], now));
}

static i32 not_now(const channel *c, const beats *b, double now) {
    static const i32 by_state[] = {GIVEN, NOT_MEASURED, STANDS_STILL, AT_RAIL, NOISE};
    if (c->judged != FINE)
        return by_state[c->judged];
    if (b->n < 2)
        return TOO_FEW;
    const double usual = (b->times[b->n - 1] - b->times[b->n > 8 ? b->n - 8 : 0]) / (b->n > 8 ? 7 : b->n - 1);
    const double late = c->kind == RESP ? 20 : 10;
    return now - b->times[b->n - 1] > larger(late, 4 * usual) ? TOO_LONG : GIVEN;
}

/* The rates by all rules at `now`, in seconds since the channel began. */
void rates(const channel *c, i32 detector, double now, const rule *rules, i32 nrules, rate *out) {
    const told *t = &c->found[detector];
    beats given, fewer, more;
    told_beats(c, t, 0, &given);
    told_beats(c, t, HARDLY, &fewer);
    more = given;
    for (u64 i = 0; i < remembered(t->nearly_count, NEAR); i++)
        if (t->nearly[i].strength > NEARLY)
            insert(&more, channel_seconds(c, t->nearly[i].at));
    const double quality = detector_quality(c, detector, now);
    const i32 why = not_now(c, &given, now);
    for (i32 i = 0; i < nrules; i++) {
        const double value = why == GIVEN ? apply(&given, &rules[i], now) : 0;
        out[i] = (rate){.value = NAN, .low = NAN, .high = NAN, .quality = quality, .why = why};
        if (value <= 0 || quality < USELESS) {
            out[i].why = why != GIVEN ? why : value <= 0 ? TOO_FEW : NOISE;
            continue;
        }
        const double less = apply(&fewer, &rules[i], now), most = apply(&more, &rules[i], now);
        const i32 n = rules[i].count > 0 ? rules[i].count : given.n;
        const double unsure = value * value / 60 * 2 * (JITTER + 1 / c->rate) / (n > 1 ? n : 1) + ROUNDING;
        out[i].value = value;
        out[i].low = (less > 0 ? smaller(value, less) : value) - unsure;
        out[i].high = larger(value, most) + unsure;
        out[i].low = out[i].low < 0 ? 0 : out[i].low;
    }
}

/* Two readings of one respiration signal count for what they agree: where they do not, nobody can tell which is right. */
void settle(rate *one, rate *other, i32 n) {
    for (i32 i = 0; i < n; i++) {
        const bool both = one[i].why == GIVEN && other[i].why == GIVEN;
        const double apart = larger(one[i].value, other[i].value) - smaller(one[i].value, other[i].value);
        const double agreed = both ? smaller(1, larger(0, (DISTANT - apart) / (DISTANT - ALIKE))) : 0;
        one[i].quality *= agreed;
        other[i].quality *= agreed;
        if (agreed > 0)
            continue;
        const i32 why = both ? DISPUTED : one[i].why == GIVEN ? other[i].why : one[i].why;
        one[i] = other[i] = (rate){.value = NAN, .low = NAN, .high = NAN, .why = why};
    }
}
