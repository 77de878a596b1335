/* In: values one by one. Out: running sums, delayed values and medians, exact whatever came before. */
#include "beats.h"

void box_fill(box *b, i32 length, i64 value) {
    b->length = length;
    b->at = 0;
    b->sum = value * length;
    for (i32 i = 0; i < length; i++)
        b->ring[i] = value;
}

i64 box_next(box *b, i64 value) {
    b->sum += value - b->ring[b->at];
    b->ring[b->at] = value;
    b->at = b->at + 1 == b->length ? 0 : b->at + 1;
    return b->sum;
}

void line_fill(line *l, i64 value) {
    l->at = 0;
    for (u32 i = 0; i < LINE; i++)
        l->ring[i] = value;
}

void line_next(line *l, i64 value) {
    l->at = (l->at + 1) & (LINE - 1);
    l->ring[l->at] = value;
}

/* The value put in `back` values before the last. */
i64 line_back(const line *l, u32 back) {
    return l->ring[(l->at - back) & (LINE - 1)];
}

/* Of up to 16 values; of an even number the mean of the middle two. */
double median(const double *values, i32 n) {
    double sorted[16];
    for (i32 i = 0; i < n; i++) {
        i32 at = i;
        for (; at > 0 && sorted[at - 1] > values[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = values[i];
    }
    if (n == 0)
        return 0;
    return n & 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

void tell(told *t, i64 at, double strength, bool taken) {
    if (!taken) {
        t->nearly[t->nearly_count++ & (NEAR - 1)] = (event){.at = at, .strength = strength};
        return;
    }
    if (t->count && at <= told_back(t, 0)->at)
        at = told_back(t, 0)->at + 1;
    t->ring[t->count++ & (EVENTS - 1)] = (event){.at = at, .strength = strength};
}

/* The beat told `back` beats before the last; only for back < min(count, EVENTS). */
const event *told_back(const told *t, u64 back) {
    return &t->ring[(t->count - 1 - back) & (EVENTS - 1)];
}
