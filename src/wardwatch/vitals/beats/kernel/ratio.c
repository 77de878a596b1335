/* In: a signal's energy. Out: events where its short mean stays above its long mean.
 *
 * The two event-related moving averages of Elgendi et al., for beats 'Frequency bands effects on QRS detection'
 * (BIOSIGNALS 2010, 428-431), for pulses 'Systolic peak detection in acceleration photoplethysmograms' (PLoS ONE 8,
 * 2013, e76585). No level is remembered, so nothing has to be learnt anew when the signal changes its size.
 */
#include "beats.h"

static const i64 LONGEST = 6 * RATE / 10; /* a block longer than this is closed, so that nothing waits for its end */
static const double ECHO = 0.5;             /* of the energy before it, a T wave has less */
static const double MEMORY = 10.0 * RATE;  /* samples of the slow mean */

void ratio_begin(ratio *r, const ratio_settings *s) {
    box_fill(&r->quick, s->short_mean, 0);
    box_fill(&r->slow, s->long_mean, 0);
    line_fill(&r->quicks, 0);
    line_fill(&r->shape, 0);
}

static void flush(ratio *r, told *out) {
    if (r->holds)
        tell(out, r->held_at, r->held_strength, true);
    r->holds = 0;
}

/* A block ended: its event is held until no higher one can follow soon after it. */
static void close(ratio *r, const ratio_settings *s, i64 at, told *out) {
    r->inside = 0;
    if (at - r->began < s->narrowest) {
        if (2 * (at - r->began) >= s->narrowest)
            tell(out, r->best_at, 0.9, false);
        return;
    }
    const bool echo = r->holds && r->best_at - r->held_at < s->echo && r->best < ECHO * r->held_height;
    if (echo || (r->holds && r->best_at - r->held_at < s->apart)) {
        const bool higher = !echo && r->best > r->held_height;
        tell(out, higher ? r->held_at : r->best_at, 0.9, false);
        if (!higher)
            return;
    } else {
        flush(r, out);
    }
    r->held_at = r->best_at;
    r->held_height = r->best;
    r->held_strength = r->best_strength;
    r->holds = 1;
}

/* `at`: the working sample that the middle of the long mean stands for. */
void ratio_next(ratio *r, const ratio_settings *s, i64 at, i64 value, i64 shape, double floor, told *out) {
    const i64 quick = box_next(&r->quick, value);
    const i64 slow = box_next(&r->slow, quick);
    line_next(&r->quicks, quick);
    line_next(&r->shape, shape < 0 ? -shape : shape);
    const u32 half = (u32)s->long_mean / 2;
    const double here = (double)line_back(&r->quicks, half) / s->short_mean;
    const double seen = (double)line_back(&r->shape, half + (u32)s->short_mean / 2);
    r->mean += (here - r->mean) / MEMORY;
    const double above = (double)slow / ((double)s->short_mean * s->long_mean) + s->offset * r->mean;
    const double lowest = s->lowest * floor * floor, least = above > lowest ? above : lowest;
    if (here > least) {
        if (!r->inside) {
            r->inside = 1;
            r->began = r->best_at = at;
            r->best = r->best_shape = 0;
        }
        if (here > r->best) {
            r->best = here;
            r->best_strength = here / least;
        }
        if (seen > r->best_shape) {
            r->best_shape = seen;
            r->best_at = at;
        }
    }
    if (r->inside && (here <= least || at - r->began > LONGEST))
        close(r, s, at, out);
    if (r->holds && at - r->held_at > s->echo + LONGEST)
        flush(r, out);
}
