/* In: codes of one signal, a second or any other piece at a time. Out: what its detectors found, and rates of it. */
#include "beats.h"

#include <string.h>

static const double NO_HIGHER = 16 * RATE; /* rate of the input */
static const double STILL[3] = {2, 2, 15};  /* seconds: an 8-bit signal rests for a while between beats and breaths */

EXPORT u64 wb_size(void) {
    return sizeof(channel);
}

/* `scale`: working units a code; `floor`: what is no wave, in working units. 0 where these are refused. */
EXPORT i32 wb_begin(channel *c, i32 kind, double rate, double scale, double floor) {
    if (kind < ECG || kind > RESP || !(rate >= 1 && rate <= NO_HIGHER) || !(scale > 0 && scale < 1e9) || !(floor >= 0))
        return 0;
    memset(c, 0, sizeof *c);
    c->kind = kind;
    c->rate = rate;
    c->floor = floor;
    c->in.step = rate / RATE;
    c->in.scale = scale;
    c->in.span = rate > RATE ? (i32)(rate / RATE) : 1;
    return 1;
}

static void working_sample(channel *c, double value, bool bad) {
    const double held = value > HIGHEST ? HIGHEST : value < -HIGHEST ? -HIGHEST : value;
    const i64 whole = (i64)(held < 0 ? held - 0.5 : held + 0.5);
    if (c->kind == ECG)
        beat_sample(c, whole, bad);
    else if (c->kind == PLETH)
        pulse_sample(c, whole);
    else
        breath_sample(c, whole);
}

/* The mean of the last `span` values, or fewer at the beginning. */
static double smoothed(resampler *in, double value) {
    if (in->span == 1)
        return value;
    in->recent[in->at] = value;
    in->at = (in->at + 1) % in->span;
    in->filled += in->filled < in->span;
    double sum = 0;
    for (i32 i = 0; i < in->filled; i++)
        sum += in->recent[i];
    return sum / in->filled;
}

static void input_sample(channel *c, double value, bool bad) {
    resampler *in = &c->in;
    const double smooth = smoothed(in, value);
    const double here = (double)in->taken;
    for (;;) {
        const double wanted = (double)in->made * in->step;
        if (wanted > here)
            break;
        working_sample(c, in->taken ? smooth + (in->before - smooth) * (here - wanted) : smooth, bad);
        in->made++;
    }
    in->before = smooth;
    in->taken++;
}

/* Takes in `n` codes; `valid` may be null. Where nothing was measured the last value is held. */
static void feed(channel *c, const i32 *codes, const u8 *valid, i64 n) {
    double held = c->in.last;
    for (i64 i = 0; i < n; i++) {
        const bool good = !valid || valid[i];
        if (good)
            held = (double)codes[i] * c->in.scale;
        condition_next(&c->state, codes[i], good);
        if (c->kind == ECG)
            spikes_next(&c->pacing, held, good, c->in.taken, c->rate, c->floor);
        if (good || c->in.taken)
            input_sample(c, held, !good);
        else
            c->in.skipped++;
    }
    c->in.last = held;
}

/* What a detector told since this was last asked, at most `n` and the last EVENTS of it. */
static i64 newly(channel *c, i32 detector, double *times, double *strengths, i64 n) {
    const told *found = &c->found[detector];
    u64 *given = &c->given[detector];
    if (found->count > EVENTS && *given < found->count - EVENTS)
        *given = found->count - EVENTS;
    i64 news = 0;
    for (; *given < found->count && news < n; ++*given, news++) {
        const event *e = &found->ring[*given & (EVENTS - 1)];
        times[news] = channel_seconds(c, e->at);
        strengths[news] = e->strength;
    }
    return news;
}

static const i32 DETECTORS_OF[3][3] = {{LEVELS, RATIO, JOINT}, {RATIO, TURNS, -1}, {TURNS, SMOOTHER, -1}};

/* A whole second: takes it in, judges it, and for each detector of the kind, in order: how many events are new and
 * their times (NEWS places each), and the rate by each rule. What is wrong with the second. */
EXPORT i32 wb_second(channel *c, const i32 *codes, const u8 *valid, i64 n, const rule *rules, i32 nrules, i64 *nnews,
                     double *news, rate *out) {
    double strengths[NEWS];
    feed(c, codes, valid, n);
    c->judged = condition_judge(&c->state, STILL[c->kind] * c->rate, &c->quality);
    c->calm = c->seconds++ ? 0.75 * c->calm + 0.25 * c->quality : c->quality;
    const double now = (double)(c->in.taken + c->in.skipped) / c->rate;
    for (i32 i = 0; i < 3 && DETECTORS_OF[c->kind][i] >= 0; i++) {
        nnews[i] = newly(c, DETECTORS_OF[c->kind][i], news + i * NEWS, strengths, NEWS);
        rates(c, DETECTORS_OF[c->kind][i], now, rules, nrules, out + i * nrules);
    }
    if (c->kind == RESP)
        settle(out, out + nrules, nrules);
    if (c->kind == ECG && spikes_paced(&c->pacing, c->in.taken, c->rate))
        for (i32 i = 0; i < 3 * nrules; i++)
            out[i].paced = 1;
    return c->judged;
}
