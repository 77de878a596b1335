/* In: samples of one signal. Out: the parts of the kernel that finds beats, pulses and breaths in it.
 *
 * A channel is one signal of one monitor: a plain structure without pointers, which its owner may copy, keep or throw
 * away. Everything is done sample by sample at one working rate, on sums of whole numbers, so that nothing depends on
 * how the samples came in pieces. Times inside are counted in working samples since the channel began.
 */
#ifndef WW_BEATS_H
#define WW_BEATS_H

#include <stdbool.h>
#include <stdint.h>

typedef int32_t i32;
typedef int64_t i64;
typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

/* The same bits on every machine: no product and sum in one rounding. */
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

enum { ECG, PLETH, RESP };            /* kinds of channel */
enum { LEVELS, RATIO, JOINT, TURNS, SMOOTHER }; /* detectors */
enum {
    RATE = 256,       /* working rate, samples a second */
    BREATH_STEP = 8,  /* breaths are looked for in the mean of so many working samples */
    HIGHEST = 1 << 20, /* a working sample stays within this; then no sum below can overflow */
    DETECTORS = 5,
    BOX = 304,        /* at least the longest running sum */
    LINE = 256,       /* how far back a line remembers, a power of two */
    QUEUE = 32,       /* candidates waiting for their decision */
    REMEMBERED = 16,  /* rejected candidates a search back may find */
    MEDIAN = 8,       /* heights and intervals that medians are made of */
    EVENTS = 128,     /* events kept for the averages, a power of two */
    NEWS = 64,        /* the most events told at a time */
    NEAR = 32,        /* the same of what nearly was one */
};

/* ---- filters.c ---- */

/* The sum of the last `length` values. Filled with the first value, so that a signal begins without a step. */
typedef struct {
    i64 sum;
    i32 length, at;
    i64 ring[BOX];
} box;

/* The last LINE values. */
typedef struct {
    u32 at;
    i64 ring[LINE];
} line;

void box_fill(box *b, i32 length, i64 value);
i64 box_next(box *b, i64 value);
void line_fill(line *l, i64 value);
void line_next(line *l, i64 value);
i64 line_back(const line *l, u32 back);
double median(const double *values, i32 n);

/* From the input's rate to the working rate: linear between two samples, the mean of `span` where there are more. */
typedef struct {
    double step; /* input samples a working sample */
    double scale;
    i64 taken, made; /* input samples, working samples */
    i32 span, at, filled, unused;
    i64 skipped;            /* input samples before the first that was measured */
    double before, last;    /* the value at input sample taken - 1; the last that was measured */
    double recent[64];
} resampler;

/* ---- what is found ---- */

typedef struct {
    i64 at;
    double height, slope;
    i64 peak; /* where in it the R peak is */
    i32 backed; /* the other detector sees it too */
    i32 unused;
} candidate;

typedef struct {
    i64 at;
    double strength; /* height over the threshold it met; below 1 where it was not taken */
} event;

/* What one detector told: the last beats, the last that nearly were, and how many there ever were. Times rise. */
typedef struct {
    u64 count, nearly_count;
    event ring[EVENTS];
    event nearly[NEAR];
} told;

void tell(told *t, i64 at, double strength, bool taken);
const event *told_back(const told *t, u64 back);

/* ---- levels.c: candidates against running levels of beats and of noise ---- */

typedef struct {
    double beats[MEDIAN], noise[MEDIAN];
    double intervals[MEDIAN];
    u32 nbeats, nnoise, nintervals;
    i32 begun, has_last, nrejected, has_waiting, nkept, unused;
    candidate last, waiting;
    double waiting_strength;
    candidate rejected[REMEMBERED];
    double rejected_strength[REMEMBERED];
    candidate kept[MEDIAN + 1];
} ladder;

void ladder_begin(ladder *l, const candidate *first, i32 n);
void ladder_next(ladder *l, const candidate *c, bool joint, told *out);
void ladder_tick(ladder *l, i64 now, told *out);
double ladder_clearness(const ladder *l);

/* ---- ratio.c: a short mean against a long one ---- */

typedef struct {
    i32 short_mean, long_mean, narrowest;
    i32 apart; /* closer than this there is only one, the higher */
    i32 echo;  /* closer than this, and much lower, is no event of its own */
    i32 unused;
    double offset; /* share of the mean over ten seconds that the threshold lies above the long mean */
    double lowest; /* the short mean of what is no wave, for a floor of one */
} ratio_settings;

typedef struct {
    box quick, slow;
    line quicks, shape;
    double mean, best, best_strength, best_shape, held_height, held_strength;
    i64 began, best_at, held_at;
    i32 inside, holds;
} ratio;

void ratio_begin(ratio *r, const ratio_settings *s);
void ratio_next(ratio *r, const ratio_settings *s, i64 at, i64 value, i64 shape, double floor, told *out);

/* ---- turns.c: rises and falls larger than a share of the usual ---- */

typedef struct {
    double share;   /* of the median size */
    double at_most; /* a size above so many medians counts as that */
    i64 apart;
    i32 learning;   /* steps at the beginning that give the first size */
    i32 step;       /* working samples a step */
} turns_settings;

typedef struct {
    double sizes[MEDIAN];
    u32 nsizes;
    i32 direction, started;
    double high, low, first_high, first_low;
    i64 high_at, low_at, steps, last_at;
    double quiet;
} turns;

void turns_next(turns *t, const turns_settings *s, i64 at, double value, double floor, told *out);

/* ---- quality.c: what the samples of the last second are worth ---- */

enum { FINE, MISSING, FLAT, SATURATED, NOISY };

typedef struct {
    i64 samples, missing, at_low, at_high; /* of this second */
    i64 still;                     /* samples since the code last changed */
    i32 low, high, last, before, begun, unused;
    i32 lowest, highest; /* ever: an end of the range is nowhere inside it */
    double rough; /* sum of absolute second differences */
} condition;

void condition_next(condition *c, i32 code, bool valid);
i32 condition_judge(condition *c, double still, double *quality);

/* ---- pacing.c: whether a pacemaker's spikes stand in an ECG ---- */

enum { SHAPE = 7, SPIKES = 16 };

typedef struct {
    double last[SHAPE]; /* the newest first */
    i32 known, unused;  /* samples in a row that were measured */
    u64 count;
    i64 at[SPIKES];
    double height[SPIKES];
    i64 together[SPIKES]; /* spikes close to each other */
} spikes;

void spikes_next(spikes *s, double value, bool good, i64 at, double rate, double floor);
bool spikes_paced(const spikes *s, i64 at, double rate);

/* ---- kernel.c ---- */

typedef struct {
    i32 kind, judged, begun, nqueue;
    double rate, floor, quality, calm; /* calm: the qualities of the last seconds, the newest counting a quarter */
    i64 made, bad;
    i64 seconds;
    u64 given[DETECTORS]; /* of what was told, how many the owner has */
    resampler in;
    condition state;
    spikes pacing;
    box low1, low2, base, spread, narrow, calm1, calm2;
    line lows, bands, energies, slopes, narrows, shapes, bads;
    ratio two;
    turns turned, calmer;
    ladder alone, joint;
    candidate queue[QUEUE];
    told found[DETECTORS];
} channel;

void beat_sample(channel *c, i64 value, bool bad);
void pulse_sample(channel *c, i64 value);
void breath_sample(channel *c, i64 value);

/* ---- averages.c ---- */

enum { MEAN, MEDIAN_OF, WINDOW, COUNT };                           /* kinds of rule */
enum { GIVEN, NOT_MEASURED, STANDS_STILL, AT_RAIL, NOISE, TOO_FEW, TOO_LONG, DISPUTED }; /* why there is no rate */

typedef struct {
    i32 kind, count, trimmed, fewest, slow_count, unused;
    double slow, seconds;
} rule;

typedef struct {
    double value, low, high, quality;
    i32 why, paced; /* paced: a pacemaker's spikes may have been counted as beats */
} rate;

/* channels.c: working samples to seconds since the channel began. */
double channel_seconds(const channel *c, i64 at);

double detector_quality(const channel *c, i32 detector, double now);
void rates(const channel *c, i32 detector, double now, const rule *rules, i32 nrules, rate *out);
void settle(rate *one, rate *other, i32 n);

/* ---- follow.c: a displayed number beside all that it could follow from ---- */

typedef struct {
    double quality, heard, allowance, limit, most, miscounted;
    i32 rows, back, miscount_of, unused; /* back: seconds in the bands */
} follow_settings;

typedef struct {
    i64 at, held_for;
    double held; /* the display since it changed; NaN for nothing */
} follow_clock;

typedef struct {
    double gathered, off, since, value, spread, best, held, moved;
} follow_answer;

/* ---- windows.c: codes that were sent before ---- */

typedef struct {
    u64 hash;
    i64 place;
} window;

typedef struct {
    u64 count, capacity, buckets; /* count: ever remembered */
} windows;

#endif
