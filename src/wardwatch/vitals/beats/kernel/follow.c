/* In: what each hypothesis about a displayed number says, second by second. Out: how far the display is from all of
 * them, added up. vitals/follower.py says what it is about, and keeps the memory this works on.
 */
#include "beats.h"

#include <math.h>
#include <string.h>

static const double FADES = 0.985; /* of what a hypothesis has gathered, a second in which it cannot be asked */
static const double SLACK = 1e-9;
static const double OFTEN = 0.6;    /* of the seconds in which a display stood, a hypothesis has to have been heard */
static const double FORGIVEN = 0.5; /* of a second that a miscounted beat took, each second in which it fits */
static const double OVER = 1.3;     /* limits: more than that is not gathered */

/* Columns of `rows` numbers each; `lows` and `highs` are rings of `back` columns. */
typedef struct {
    double *lows, *highs, *high, *low, *spent, *high_since, *low_since, *least, *most, *heard;
} columns;

static columns laid_out(double *memory, i32 rows, i32 back) {
    double *rest = memory + 2 * (i64)rows * back;
    return (columns){memory, memory + (i64)rows * back, rest, rest + rows, rest + 2 * rows, rest + 3 * rows,
                     rest + 4 * rows, rest + 5 * rows, rest + 6 * rows, rest + 7 * rows};
}

/* The band a hypothesis was in during the last seconds; what is not known does not count. */
static void band(const columns *c, i32 rows, i32 back, i32 row, double *least, double *most) {
    *least = c->lows[row];
    *most = c->highs[row];
    for (i32 i = 1; i < back; i++) {
        *least = fmin(*least, c->lows[i * rows + row]);
        *most = fmax(*most, c->highs[i * rows + row]);
    }
}

/* By how much the least moved hypothesis moved since the display changed, as long ago as displays may trail. */
static double has_moved(const follow_settings *s, follow_clock *clock, columns *c, const u8 *asked, double shown) {
    if (!(shown == clock->held)) {
        clock->held = shown;
        clock->held_for = 0;
        for (i32 row = 0; row < s->rows; row++) {
            c->least[row] = c->most[row] = NAN;
            c->heard[row] = 0;
        }
        return 0;
    }
    clock->held_for++;
    if (clock->held_for < s->back || clock->at < s->back)
        return 0;
    const i64 oldest = (clock->at % s->back) * s->rows;
    double moved = INFINITY;
    for (i32 row = 0; row < s->rows; row++) {
        const double middle = asked[row] ? (c->lows[oldest + row] + c->highs[oldest + row]) / 2 : NAN;
        c->least[row] = fmin(c->least[row], middle);
        c->most[row] = fmax(c->most[row], middle);
        c->heard[row] += !isnan(middle);
        if (asked[row] && c->heard[row] >= OFTEN * (double)(clock->held_for - s->back + 1))
            moved = fmin(moved, c->most[row] - c->least[row]);
    }
    return isinf(moved) ? 0 : moved;
}

/* The part of a distance that counts: less of it where one beat too many or too few explains it. */
static double counted(const follow_settings *s, double *spent, double off, double least, double most, double shown) {
    const double part = fmin(fmax(off, -s->most), s->most);
    if (s->miscount_of == 0)
        return part;
    const double count = s->miscount_of, share = off > 0 ? (count + 1) / count : (count - 1) / count;
    const bool one_off = off != 0 && shown >= least * share - 1 && shown <= most * share + 1 &&
                         *spent < 1.2 * 60 * count / fmax(least, 20) + 2;
    *spent = one_off ? *spent + 1 : fmax(0, *spent - FORGIVEN * (off == 0));
    return one_off ? part * s->miscounted : part;
}

static void gather(const follow_settings *s, columns *c, i32 row, bool asked, double part) {
    const double high = c->high[row] - s->allowance + part, low = c->low[row] - s->allowance - part;
    c->high[row] = asked ? fmin(fmax(high, 0), OVER * s->limit) : c->high[row] * FADES;
    c->low[row] = asked ? fmin(fmax(low, 0), OVER * s->limit) : c->low[row] * FADES;
    c->high_since[row] = c->high[row] > 0 ? c->high_since[row] + 1 : 0;
    c->low_since[row] = c->low[row] > 0 ? c->low_since[row] + 1 : 0;
}

static bool any(const double *values, i32 n) {
    for (i32 i = 0; i < n; i++)
        if (values[i] != 0)
            return true;
    return false;
}

/* Of the hypotheses that can be asked: the best, and the middle and the spread of what they say. */
static void answer(const follow_settings *s, const columns *c, const u8 *asked, const double *off, const double *lows,
                   const double *highs, double *sorted, follow_answer *out) {
    double best = INFINITY;
    i32 n = 0;
    out->best = 0;
    for (i32 row = 0; row < s->rows; row++) {
        if (!asked[row])
            continue;
        const double gathered = fmax(c->high[row], c->low[row]), slight = gathered + SLACK * fabs(off[row]);
        if (slight < best) {
            best = slight;
            out->best = row;
            out->gathered = gathered;
        }
        const double middle = (lows[row] + highs[row]) / 2;
        i32 at = n++;
        for (; at > 0 && sorted[at - 1] > middle; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = middle;
    }
    const i32 row = (i32)out->best;
    out->off = off[row];
    out->since = c->low[row] > c->high[row] ? c->low_since[row] : c->high_since[row];
    out->value = sorted[n / 2];
    out->spread = sorted[n - 1] - sorted[0];
}

/* One second. `says`: three columns, the least, the most and the quality of each hypothesis; `spare`: a place for two
 * columns; `shown` is NaN for dashes. Whether anything can be said of the number. */
EXPORT i32 wf_step(const follow_settings *s, follow_clock *clock, double *memory, const double *says, double *spare,
                   u8 *asked, double shown, follow_answer *out) {
    const i32 rows = s->rows;
    const double *low = says, *high = says + rows, *quality = says + 2 * rows;
    columns c = laid_out(memory, rows, s->back);
    const i64 place = (clock->at++ % s->back) * rows;
    memcpy(c.lows + place, low, sizeof *low * (u64)rows);
    memcpy(c.highs + place, high, sizeof *high * (u64)rows);
    bool clean = false;
    for (i32 row = 0; row < rows; row++) {
        asked[row] = !isnan(low[row]) && quality[row] >= s->heard;
        clean = clean || (asked[row] && quality[row] >= s->quality);
    }
    memset(out, 0, sizeof *out);
    out->moved = has_moved(s, clock, &c, asked, shown);
    out->held = clock->held_for;
    if (isnan(shown) || !clean) {
        for (i32 row = 0; row < rows; row++) {
            c.high[row] *= FADES;
            c.low[row] *= FADES;
        }
        return 0;
    }
    double *off = spare;
    bool is_off = false;
    for (i32 row = 0; row < rows; row++) {
        double least = 0, most = 0;
        band(&c, rows, s->back, row, &least, &most);
        off[row] = asked[row] ? fmax(shown - most, 0) - fmax(least - shown, 0) : 0;
        is_off = is_off || off[row] != 0;
    }
    if (is_off || any(c.high, 2 * rows) || any(c.spent, rows))
        for (i32 row = 0; row < rows; row++) {
            double least = 60, most = 60, part = 0;
            if (asked[row])
                band(&c, rows, s->back, row, &least, &most);
            if (is_off)
                part = counted(s, &c.spent[row], off[row], least, most, shown);
            else
                c.spent[row] = fmax(0, c.spent[row] - FORGIVEN);
            gather(s, &c, row, asked[row], part);
        }
    answer(s, &c, asked, off, low, high, spare + rows, out);
    return 1;
}
