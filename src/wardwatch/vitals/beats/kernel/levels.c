/* In: candidates in order. Out: which of them are beats, by the usual height of beats and of what lies between.
 *
 * The principle of Pan and Tompkins (IEEE Trans. Biomed. Eng. 32, 1985, 230-236) and Hamilton and Tompkins (ibid. 33,
 * 1986, 1157-1165): a threshold between the median height of the last beats and that of the last rejected ones; a
 * search back with a lower one where a beat is overdue; a candidate soon after a beat and much less steep is a T wave.
 * Added here: a beat is told only when the next is known, and not at all where it is lower than both its neighbours
 * and the rhythm is regular without it and not with it.
 */
#include "beats.h"

static const double SHARE = 0.35;       /* of the way from noise to beats */
static const double UNBACKED = 1.3;     /* the threshold is so much higher where the other detector sees nothing */
static const double OVERDUE = 1.5;      /* intervals */
static const double SEARCH = 0.4;       /* share of the threshold that is enough for an overdue beat */
static const double T_WAVE = 0.36;      /* seconds after a beat in which one may lie */
static const double T_SLOPE = 0.5;      /* of the beat's slope */
static const double LOWER = 0.85;       /* than the lower neighbour */
static const double REGULAR = 0.2;      /* the interval over it is within this of the usual */
static const double IRREGULAR = 0.25;   /* one of the two intervals at it differs by more */
static const double NEARLY = 0.6;       /* of the threshold: worth telling as nearly a beat */
static const double CLIPPED = 3;        /* a beat counts as no higher than so many usual ones */
static const double FADE = 0.8;         /* levels fall so, a second without beats */
static const double ABOVE_NOISE = 2.5;  /* and not below this */
static const i64 QUIET = 3 * RATE;
static const i64 WAIT = 2 * RATE;       /* for the next beat */
static const i64 BACK = 3 * RATE;       /* a search back reaches no further */
static const i64 APART = RATE / 5;

static double middle(const double *ring, u32 n) {
    return median(ring, n < MEDIAN ? (i32)n : MEDIAN);
}

static void push(double *ring, u32 *n, double value) {
    ring[*n % MEDIAN] = value;
    *n = *n + 1 >= 2 * MEDIAN ? *n + 1 - MEDIAN : *n + 1;
}

static double threshold(const ladder *l) {
    const double noise = middle(l->noise, l->nnoise);
    return noise + SHARE * (middle(l->beats, l->nbeats) - noise);
}

static double usual(const ladder *l) {
    return l->nintervals < 3 ? RATE : middle(l->intervals, l->nintervals);
}

/* Levels from the candidates of the first seconds: the middle of the three highest. */
void ladder_begin(ladder *l, const candidate *first, i32 n) {
    double top[3] = {0, 0, 0};
    for (i32 i = 0; i < n; i++) {
        double height = first[i].height;
        for (i32 k = 0; k < 3; k++)
            if (height > top[k]) {
                const double swap = top[k];
                top[k] = height;
                height = swap;
            }
    }
    const double high = n >= 3 ? top[1] : top[0];
    for (i32 i = 0; i < MEDIAN; i++) {
        l->beats[i] = high;
        l->noise[i] = high / 10;
    }
    l->nbeats = l->nnoise = MEDIAN;
    l->begun = 1;
}

/* Whether the waiting beat is noise between its neighbours `next` and the last kept. */
static bool between(const ladder *l, const candidate *next) {
    if (l->nkept < 5)
        return false;
    const candidate *before = &l->kept[l->nkept - 1], *here = &l->waiting;
    const double lower = before->height < next->height ? before->height : next->height;
    double spans[MEDIAN];
    for (i32 i = 1; i < l->nkept; i++)
        spans[i - 1] = (double)(l->kept[i].at - l->kept[i - 1].at);
    const double beat = median(spans, l->nkept - 1);
    double off = (double)(next->at - before->at) - beat;
    double one = (double)(here->at - before->at) - beat, other = (double)(next->at - here->at) - beat;
    off = off < 0 ? -off : off;
    one = one < 0 ? -one : one;
    other = other < 0 ? -other : other;
    return here->height < LOWER * lower && off < REGULAR * beat && (one > other ? one : other) > IRREGULAR * beat;
}

static void release(ladder *l, told *out) {
    tell(out, l->waiting.peak, l->waiting_strength, true);
    if (l->nkept == MEDIAN + 1) {
        for (i32 i = 0; i < MEDIAN; i++)
            l->kept[i] = l->kept[i + 1];
        l->nkept = MEDIAN;
    }
    l->kept[l->nkept++] = l->waiting;
    l->has_waiting = 0;
}

static void take(ladder *l, const candidate *c, double strength, told *out) {
    if (l->has_waiting) {
        if (between(l, c)) {
            tell(out, l->waiting.peak, l->waiting_strength < 1 ? l->waiting_strength : 0.99, false);
            l->has_waiting = 0;
        } else {
            release(l, out);
        }
    }
    if (l->has_last)
        push(l->intervals, &l->nintervals, (double)(c->at - l->last.at));
    const double most = CLIPPED * middle(l->beats, l->nbeats);
    push(l->beats, &l->nbeats, c->height < most || most <= 0 ? c->height : most);
    l->last = *c;
    l->has_last = 1;
    l->waiting = *c;
    l->waiting_strength = strength;
    l->has_waiting = 1;
}

/* The highest candidate rejected since the last beat, where one is overdue. */
static void search_back(ladder *l, i64 now, told *out) {
    if (!l->has_last || (double)(now - l->last.at) <= OVERDUE * usual(l))
        return;
    const double least = SEARCH * threshold(l);
    i32 best = -1;
    for (i32 i = 0; i < l->nrejected; i++) {
        const candidate *c = &l->rejected[i];
        const bool apart = c->at > l->last.at + APART && c->at < now - APART && c->at > now - BACK;
        if (apart && c->height > least && (best < 0 || c->height > l->rejected[best].height))
            best = i;
    }
    if (best < 0)
        return;
    const candidate found = l->rejected[best];
    take(l, &found, l->rejected_strength[best], out);
    i32 left = 0;
    for (i32 i = best + 1; i < l->nrejected; i++, left++) {
        l->rejected[left] = l->rejected[i];
        l->rejected_strength[left] = l->rejected_strength[i];
    }
    l->nrejected = left;
}

/* One that may be a T wave is not found again by a search back: `strength` 0. */
static void reject(ladder *l, const candidate *c, double strength, told *out) {
    push(l->noise, &l->nnoise, c->height);
    if (strength <= 0)
        return;
    if (l->nrejected == REMEMBERED) {
        for (i32 i = 1; i < REMEMBERED; i++) {
            l->rejected[i - 1] = l->rejected[i];
            l->rejected_strength[i - 1] = l->rejected_strength[i];
        }
        l->nrejected--;
    }
    l->rejected[l->nrejected] = *c;
    l->rejected_strength[l->nrejected++] = strength;
    if (strength > NEARLY)
        tell(out, c->peak, strength < 1 ? strength : 0.99, false);
}

void ladder_next(ladder *l, const candidate *c, bool joint, told *out) {
    search_back(l, c->at, out);
    const double needed = threshold(l) * (joint && !c->backed ? UNBACKED : 1);
    const double strength = needed > 0 ? c->height / needed : 1;
    const bool t_wave = l->has_last && (double)(c->at - l->last.at) < T_WAVE * RATE && c->slope < T_SLOPE * l->last.slope;
    if (strength > 1 && !t_wave) {
        take(l, c, strength, out);
        l->nrejected = 0;
    } else {
        reject(l, c, t_wave ? 0 : strength, out);
    }
}

/* Called four times a second: tells a beat after which none came, and lets levels fall where there are no beats. */
void ladder_tick(ladder *l, i64 now, told *out) {
    if (l->has_waiting && now - l->waiting.at > WAIT)
        release(l, out);
    const i64 since = l->has_last ? now - l->last.at : now;
    if (!l->begun || since < QUIET || (since / (RATE / 4)) % 4)
        return;
    const double least = ABOVE_NOISE * middle(l->noise, l->nnoise);
    for (i32 i = 0; i < MEDIAN; i++)
        if (l->beats[i] * FADE > least)
            l->beats[i] *= FADE;
}

/* 0 to 1: how far beats stand out of what lies between them. */
double ladder_clearness(const ladder *l) {
    const double beats = middle(l->beats, l->nbeats), noise = middle(l->noise, l->nnoise);
    if (beats <= 0)
        return 0;
    const double clear = 1.25 * (1 - noise / beats);
    return clear > 1 ? 1 : clear < 0 ? 0 : clear;
}
