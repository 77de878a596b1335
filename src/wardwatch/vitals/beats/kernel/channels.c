/* In: working samples of an ECG lead, of a pleth, of a respiration signal. Out: the same, filtered, to the detectors.
 *
 * Filters are sums over a few samples and differences of such, so they are symmetric in time: what they find lies
 * where it is in the signal, a known number of samples ago.
 */
#include "beats.h"

/* ECG, lengths in samples at 256 a second. Two sums of 5 stop the mains (first zero at 51 Hz); what is left above 4 Hz
 * is differentiated, and its size summed over a QRS. */
enum { SMOOTH = 5, BASELINE = 33, SLOPE = 4, SPREAD = 21 };
enum { ENERGY_DELAY = 32, SLOPE_DELAY = 22, APART = 51, SLOPE_REACH = 15, PEAK_REACH = 26, BAD_REACH = 38 };
/* The second detector's shape: a bump of 7 against its surroundings 13 away, about 10 Hz. */
enum { BUMP = 5, AWAY = 10, SHAPE_DELAY = 12 };
enum { DECIDED_AFTER = 230, LEARNING = 3 * RATE, SAME_BEAT = 26, TICK = RATE / 4 };
static const ratio_settings BEAT = {.short_mean = 25, .long_mean = 157, .narrowest = 12, .apart = 59, .echo = 92,
                                    .offset = 0.08, .lowest = 75};

enum { PULSE_SMOOTH = 17, PULSE_BASELINE = 301, PULSE_DELAY = 16, PULSE_SHIFT = 12 };
static const ratio_settings PULSE = {.short_mean = 29, .long_mean = 171, .narrowest = 29, .apart = 70, .echo = 70,
                                     .offset = 0.02, .lowest = 25};
static const turns_settings PULSE_TURNS = {.share = 0.4, .at_most = 3, .apart = 70, .learning = 3 * RATE, .step = 1};

/* Two readings of a respiration signal: one that loses no quick breath, and a smoother one that the heart's own small
 * waves do not disturb. */
enum { BREATH_SMOOTH = 16, BREATH_DELAY = 15 * BREATH_STEP + BREATH_STEP / 2 };
enum { BREATH_CALM = 24, CALM_DELAY = 23 * BREATH_STEP + BREATH_STEP / 2 };
static const turns_settings BREATH_TURNS = {
    .share = 0.3, .at_most = 3, .apart = RATE / 2, .learning = 8 * RATE / BREATH_STEP, .step = BREATH_STEP};
static const turns_settings CALM_TURNS = {
    .share = 0.2, .at_most = 3, .apart = RATE / 2, .learning = 8 * RATE / BREATH_STEP, .step = BREATH_STEP};

static i64 size(i64 value) {
    return value < 0 ? -value : value;
}

static void begin_beats(channel *c, i64 value) {
    box_fill(&c->low1, SMOOTH, value);
    box_fill(&c->low2, SMOOTH, SMOOTH * value);
    line_fill(&c->lows, SMOOTH * SMOOTH * value);
    box_fill(&c->base, BASELINE, SMOOTH * SMOOTH * value);
    line_fill(&c->bands, 0);
    box_fill(&c->spread, SPREAD, 0);
    line_fill(&c->slopes, 0);
    line_fill(&c->energies, 0);
    box_fill(&c->narrow, BUMP, value);
    line_fill(&c->narrows, BUMP * value);
    line_fill(&c->shapes, 0);
    line_fill(&c->bads, 0);
    ratio_begin(&c->two, &BEAT);
}

/* Whether the energy APART samples ago was the highest as far around. */
static bool highest(const line *energies) {
    const i64 here = line_back(energies, APART);
    if (here <= line_back(energies, APART + 1) || here < line_back(energies, APART - 1))
        return false;
    for (u32 back = 0; back < APART; back++)
        if (line_back(energies, back) > here || line_back(energies, 2 * APART - back) >= here)
            return false;
    return true;
}

static void find_candidate(channel *c) {
    enum { AGO = APART + ENERGY_DELAY };
    if (!highest(&c->energies) || c->nqueue == QUEUE)
        return;
    const double height = (double)line_back(&c->energies, APART) / (SMOOTH * SMOOTH * BASELINE * SPREAD);
    const bool bad = line_back(&c->bads, AGO - BAD_REACH) != line_back(&c->bads, AGO + BAD_REACH + 1);
    if (height < c->floor || bad)
        return;
    candidate found = {.at = c->made - AGO, .height = height};
    for (u32 back = AGO - SLOPE_DELAY - SLOPE_REACH; back <= AGO - SLOPE_DELAY + SLOPE_REACH; back++)
        if ((double)line_back(&c->slopes, back) > found.slope)
            found.slope = (double)line_back(&c->slopes, back);
    i64 most = -1;
    for (u32 back = AGO - SHAPE_DELAY - PEAK_REACH; back <= AGO - SHAPE_DELAY + PEAK_REACH; back++)
        if (size(line_back(&c->shapes, back)) > most) {
            most = size(line_back(&c->shapes, back));
            found.peak = c->made - SHAPE_DELAY - back;
        }
    c->queue[c->nqueue++] = found;
}

/* Whether the second detector has found, or is about to find, the same beat. */
static bool is_backed(const channel *c, i64 at) {
    const told *other = &c->found[RATIO];
    bool found = (c->two.inside && size(c->two.best_at - at) < SAME_BEAT) ||
                 (c->two.holds && size(c->two.held_at - at) < SAME_BEAT);
    for (u64 back = 0; back < 8 && back < other->count; back++)
        found = found || size(told_back(other, back)->at - at) < SAME_BEAT;
    return found;
}

static void learn(channel *c) {
    i32 n = 0;
    while (n < c->nqueue && c->queue[n].at < LEARNING)
        n++;
    ladder_begin(&c->alone, c->queue, n);
    ladder_begin(&c->joint, c->queue, n);
}

static void decide(channel *c) {
    i32 done = 0;
    for (; done < c->nqueue && c->queue[done].at + DECIDED_AFTER <= c->made; done++) {
        c->queue[done].backed = is_backed(c, c->queue[done].at);
        ladder_next(&c->alone, &c->queue[done], false, &c->found[LEVELS]);
        ladder_next(&c->joint, &c->queue[done], true, &c->found[JOINT]);
    }
    for (i32 i = done; done && i < c->nqueue; i++)
        c->queue[i - done] = c->queue[i];
    c->nqueue -= done;
}

void beat_sample(channel *c, i64 value, bool bad) {
    if (!c->begun)
        begin_beats(c, value);
    c->begun = 1;
    line_next(&c->bads, c->bad += bad);
    line_next(&c->lows, box_next(&c->low2, box_next(&c->low1, value)));
    const i64 base = box_next(&c->base, line_back(&c->lows, 0));
    line_next(&c->bands, BASELINE * line_back(&c->lows, BASELINE / 2) - base);
    line_next(&c->slopes, size(line_back(&c->bands, 0) - line_back(&c->bands, SLOPE)));
    line_next(&c->energies, box_next(&c->spread, line_back(&c->slopes, 0)));
    line_next(&c->narrows, box_next(&c->narrow, value));
    line_next(&c->shapes, 2 * line_back(&c->narrows, AWAY) - line_back(&c->narrows, 0) - line_back(&c->narrows, 2 * AWAY));
    const i64 shape = line_back(&c->shapes, 0);
    const i64 long_ago = SHAPE_DELAY + BEAT.short_mean / 2 + BEAT.long_mean / 2;
    ratio_next(&c->two, &BEAT, c->made - long_ago, shape * shape, shape, c->floor, &c->found[RATIO]);
    find_candidate(c);
    if (c->made == LEARNING + DECIDED_AFTER)
        learn(c);
    if (c->made > LEARNING + DECIDED_AFTER)
        decide(c);
    if (c->made % TICK == 0) {
        ladder_tick(&c->alone, c->made - DECIDED_AFTER, &c->found[LEVELS]);
        ladder_tick(&c->joint, c->made - DECIDED_AFTER, &c->found[JOINT]);
    }
    c->made++;
}

void pulse_sample(channel *c, i64 value) {
    if (!c->begun) {
        box_fill(&c->low1, PULSE_SMOOTH, value);
        box_fill(&c->low2, PULSE_SMOOTH, PULSE_SMOOTH * value);
        line_fill(&c->lows, PULSE_SMOOTH * PULSE_SMOOTH * value);
        box_fill(&c->base, PULSE_BASELINE, PULSE_SMOOTH * PULSE_SMOOTH * value);
        ratio_begin(&c->two, &PULSE);
        c->begun = 1;
    }
    const i64 smooth = box_next(&c->low2, box_next(&c->low1, value));
    line_next(&c->lows, smooth);
    const i64 base = box_next(&c->base, smooth);
    const i64 above = PULSE_BASELINE * line_back(&c->lows, PULSE_BASELINE / 2) - base;
    const i64 part = above > 0 ? above >> PULSE_SHIFT : 0;
    const i64 long_ago = PULSE_DELAY + PULSE_BASELINE / 2 + PULSE.short_mean / 2 + PULSE.long_mean / 2;
    ratio_next(&c->two, &PULSE, c->made - long_ago, part * part, part, c->floor, &c->found[RATIO]);
    turns_next(&c->turned, &PULSE_TURNS, c->made - PULSE_DELAY, (double)smooth / (PULSE_SMOOTH * PULSE_SMOOTH),
               c->floor, &c->found[TURNS]);
    c->made++;
}

void breath_sample(channel *c, i64 value) {
    if (!c->begun) {
        box_fill(&c->narrow, BREATH_STEP, value);
        box_fill(&c->low1, BREATH_SMOOTH, BREATH_STEP * value);
        box_fill(&c->low2, BREATH_SMOOTH, BREATH_SMOOTH * BREATH_STEP * value);
        box_fill(&c->calm1, BREATH_CALM, BREATH_STEP * value);
        box_fill(&c->calm2, BREATH_CALM, BREATH_CALM * BREATH_STEP * value);
        c->begun = 1;
    }
    const i64 step = box_next(&c->narrow, value);
    c->made++;
    if (c->made % BREATH_STEP)
        return;
    const i64 smooth = box_next(&c->low2, box_next(&c->low1, step));
    turns_next(&c->turned, &BREATH_TURNS, c->made - 1 - BREATH_DELAY,
               (double)smooth / (BREATH_STEP * BREATH_SMOOTH * BREATH_SMOOTH), c->floor, &c->found[TURNS]);
    const i64 calm = box_next(&c->calm2, box_next(&c->calm1, step));
    turns_next(&c->calmer, &CALM_TURNS, c->made - 1 - CALM_DELAY,
               (double)calm / (BREATH_STEP * BREATH_CALM * BREATH_CALM), c->floor, &c->found[SMOOTHER]);
}

double channel_seconds(const channel *c, i64 at) {
    const double late = (c->in.span - 1) / (2 * c->rate);
    return (double)at / RATE + (double)c->in.skipped / c->rate - late;
}
