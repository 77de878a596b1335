/* In: a smooth signal. Out: its maxima that rise and fall by more than a share of what is usual.
 *
 * Counting with an advanced threshold (Schaefer and Kratky, Ann. Biomed. Eng. 36, 2008, 476-485) made running: the
 * threshold follows the median of the last sizes instead of a quantile of the whole window.
 */
#include "beats.h"

static const double FADE = 0.85;  /* sizes fall so, a second, where nothing turned for long */
static const i64 QUIET = 12 * RATE;

static double least(const turns *t, const turns_settings *s, double floor) {
    const double share = s->share * median(t->sizes, t->nsizes < MEDIAN ? (i32)t->nsizes : MEDIAN);
    return share > floor ? share : floor;
}

static void size(turns *t, const turns_settings *s, double value) {
    const double most = s->at_most * median(t->sizes, t->nsizes < MEDIAN ? (i32)t->nsizes : MEDIAN);
    t->sizes[t->nsizes % MEDIAN] = most > 0 && value > most ? most : value;
    t->nsizes = t->nsizes + 1 >= 2 * MEDIAN ? t->nsizes + 1 - MEDIAN : t->nsizes + 1;
}

/* The first seconds only tell how large rises are. */
static bool learning(turns *t, const turns_settings *s, double value) {
    if (t->started)
        return false;
    if (t->steps == 0)
        t->first_high = t->first_low = value;
    t->first_high = value > t->first_high ? value : t->first_high;
    t->first_low = value < t->first_low ? value : t->first_low;
    if (++t->steps < s->learning)
        return true;
    t->sizes[0] = 0.8 * (t->first_high - t->first_low);
    t->nsizes = 1;
    t->started = 1;
    t->high = t->low = value;
    return false;
}

static void fade(turns *t, const turns_settings *s, i64 at) {
    const i64 since = at - t->last_at;
    if (since > QUIET && (since / s->step) % (RATE / s->step) == 0)
        for (i32 i = 0; i < MEDIAN; i++)
            t->sizes[i] *= FADE;
}

void turns_next(turns *t, const turns_settings *s, i64 at, double value, double floor, told *out) {
    if (learning(t, s, value))
        return;
    fade(t, s, at);
    const double turn = least(t, s, floor);
    if (t->direction >= 0) {
        if (value > t->high || t->direction == 0) {
            t->high_at = value > t->high ? at : t->high_at;
            t->high = value > t->high ? value : t->high;
        }
        if (t->high - value > turn) {
            const double rose = t->high - t->low;
            if (t->direction > 0 && t->high_at - t->last_at >= s->apart) {
                tell(out, t->high_at, rose / turn, true);
                t->last_at = t->high_at;
                size(t, s, rose);
            }
            t->direction = -1;
            t->low = value;
            return;
        }
    }
    if (t->direction <= 0) {
        t->low = value < t->low ? value : t->low;
        if (value - t->low > turn) {
            t->direction = 1;
            t->high = value;
            t->high_at = at;
        }
    }
}
