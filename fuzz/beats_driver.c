/* In: a signal as bytes. Out: nothing, unless a sanitizer or a promise of the beats kernel objects.
 *
 * One entry point, LLVMFuzzerTestOneInput, for libFuzzer; where that is missing, a main of its own (WW_MAIN) that reads
 * the files named and then, for so many runs, changed copies of them. The first four bytes choose the kind of signal,
 * its rate, how the codes are stored and in what pieces they come. The same codes go to what finds windows that were
 * sent before, and the rates to what follows a display.
 */
#include "beats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

u64 wb_size(void);
i32 wb_begin(channel *c, i32 kind, double rate, double scale, double floor);
i32 wb_second(channel *c, const i32 *codes, const u8 *valid, i64 n, const rule *rules, i32 nrules, i64 *nnews,
              double *news, rate *out);
u64 ws_size(u64 capacity);
void ws_begin(windows *w, u64 capacity, windows *from);
i64 ws_second(windows *w, const i32 *codes, i64 count, i64 size, u64 mask, i64 first, i64 most, i64 *places,
              i64 *befores);
i32 wf_step(const follow_settings *s, follow_clock *clock, double *memory, const double *says, double *spare, u8 *asked,
            double shown, follow_answer *out);

enum { RULES = 6, KEPT = 40, FIRST = 8, MOST_MET = 32, LARGEST = 1 << 17, ROWS = 3 * RULES };

static const rule RULES_USED[RULES] = {
    {.kind = MEAN, .count = 12, .trimmed = 1, .fewest = 3, .slow_count = 4, .slow = 1.2},
    {.kind = MEAN, .count = 4, .fewest = 3},
    {.kind = MEDIAN_OF, .count = 8, .fewest = 3},
    {.kind = WINDOW, .fewest = 1, .seconds = 10},
    {.kind = COUNT, .fewest = 0, .seconds = 60},
    {.kind = MEAN, .count = 95, .trimmed = 60, .fewest = 1},
};
static const double STEPS[8] = {4, 20, 60, 125, 128, 256, 360, 4096};

static void require(bool what) {
    if (!what)
        abort();
}

static void *fresh(u64 n) {
    void *found = calloc(1, n ? n : 1);
    require(found != NULL);
    return found;
}

/* Two memories that grow at different times tell the same; what is told lies before, and was put there. */
typedef struct {
    windows *small, *whole;
    u64 capacity, met;
} twins;

static void windows_met(twins *t, const i32 *codes, i64 n, i64 first) {
    i64 places[2][MOST_MET], befores[2][MOST_MET];
    const i64 size = n / 2 > 0 ? n / 2 : 1;
    if (t->capacity < KEPT && t->met + MOST_MET > t->capacity) {
        const u64 wanted = 2 * t->capacity > KEPT ? KEPT : 2 * t->capacity;
        windows *grown = fresh(ws_size(wanted));
        require(t->small->count <= t->capacity);
        ws_begin(grown, wanted, t->small);
        free(t->small);
        t->small = grown;
        t->capacity = wanted;
    }
    if (t->met + MOST_MET > t->capacity && t->capacity < KEPT)
        return;
    const i64 one = ws_second(t->small, codes, n, size, 3, first, MOST_MET, places[0], befores[0]);
    const i64 other = ws_second(t->whole, codes, n, size, 3, first, MOST_MET, places[1], befores[1]);
    require(one == other && one <= MOST_MET);
    require(!memcmp(places[0], places[1], sizeof(i64) * (u64)one) && !memcmp(befores[0], befores[1], sizeof(i64) * (u64)one));
    for (i64 i = 0; i < one; i++)
        require(befores[0][i] < places[0][i] && befores[0][i] >= -1);
    t->met += (u64)one;
}

static void is_sound(const rate *r) {
    require(r->quality >= 0 && r->quality <= 1 && r->why >= GIVEN && r->why <= DISPUTED);
    if (r->why == GIVEN)
        require(isfinite(r->value) && r->value > 0 && r->low >= 0 && r->low <= r->value && r->value <= r->high);
    else
        require(isnan(r->value) && isnan(r->low) && isnan(r->high));
}

static void follow(const follow_settings *s, follow_clock *clock, double *memory, const rate *rates, double shown) {
    double says[3][ROWS], spare[2][ROWS];
    u8 asked[ROWS];
    follow_answer told;
    for (i32 i = 0; i < ROWS; i++) {
        says[0][i] = rates[i].value - 1;
        says[1][i] = rates[i].value + 1;
        says[2][i] = rates[i].quality;
    }
    if (!wf_step(s, clock, memory, says[0], spare[0], asked, shown, &told))
        return;
    require(told.gathered >= 0 && told.gathered <= 1.31 * s->limit && told.best >= 0 && told.best < ROWS);
    require(told.spread >= 0 && told.since >= 0 && told.held >= 0 && told.moved >= 0 && asked[(i32)told.best]);
}

static i64 codes_of(const u8 *data, u64 n, u8 how, i32 *to) {
    i64 made = 0;
    if (how & 1)
        for (u64 i = 0; i + 4 <= n; i += 4, made++)
            memcpy(&to[made], data + i, 4);
    else
        for (u64 i = 0; i < n; i++, made++)
            to[made] = data[i];
    return made;
}

static void examine(const u8 *choice, const i32 *codes, i64 count) {
    const i32 kind = choice[0] % 3, piece = 1 + choice[3] * 3;
    const double per_second = STEPS[choice[1] & 7], scale = choice[2] & 2 ? 16 : choice[2] & 4 ? 1e8 : 1e-6;
    channel *c = fresh(wb_size());
    require(wb_begin(c, kind, per_second, scale, choice[2] & 8 ? 0 : 3));
    twins t = {.small = fresh(ws_size(FIRST)), .whole = fresh(ws_size(KEPT)), .capacity = FIRST};
    ws_begin(t.small, FIRST, NULL);
    ws_begin(t.whole, KEPT, NULL);
    const follow_settings s = {.quality = 0.5, .heard = 0.2, .allowance = 1, .limit = 30, .most = 12, .miscounted = 0.7,
                               .rows = ROWS, .back = 7, .miscount_of = choice[2] & 16 ? 12 : 0};
    follow_clock clock = {.held = NAN};
    double *memory = fresh(sizeof(double) * ROWS * (2 * 7 + 8));
    for (i32 i = 0; i < ROWS * 14; i++)
        memory[i] = NAN;
    rate rates_[ROWS];
    for (i32 i = 0; i < ROWS; i++)
        rates_[i] = (rate){.value = NAN};
    double last[3] = {-INFINITY, -INFINITY, -INFINITY};
    for (i64 at = 0; at < count; at += piece) {
        const i64 n = count - at < piece ? count - at : piece;
        i32 *copy = fresh(sizeof(i32) * (u64)n);
        u8 *valid = choice[2] & 32 ? fresh((u64)n) : NULL;
        memcpy(copy, codes + at, sizeof(i32) * (u64)n);
        for (i64 i = 0; valid && i < n; i++)
            valid[i] = copy[i] % 7 != 0;
        i64 nnews[3] = {0};
        double news[3][NEWS];
        const i32 state = wb_second(c, copy, valid, n, RULES_USED, RULES, nnews, news[0], rates_);
        require(state >= FINE && state <= NOISY);
        for (i32 i = 0; i < 3; i++) {
            require(nnews[i] >= 0 && nnews[i] <= NEWS);
            for (i64 k = 0; k < nnews[i]; k++) {
                require(news[i][k] > last[i] && news[i][k] < (double)(at + n) / per_second);
                last[i] = news[i][k];
            }
        }
        const i32 detectors = kind == ECG ? 3 : 2;
        for (i32 i = 0; i < detectors * RULES; i++)
            is_sound(&rates_[i]);
        follow(&s, &clock, memory, rates_, copy[0] & 1 ? NAN : copy[0] & 2 ? 75 : (double)copy[0]);
        windows_met(&t, copy, n, at);
        free(copy);
        free(valid);
    }
    free(t.small);
    free(t.whole);
    free(memory);
    free(c);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

int LLVMFuzzerTestOneInput(const u8 *data, size_t n) {
    if (n < 5 || n > LARGEST)
        return 0;
    i32 *codes = fresh(sizeof(i32) * n);
    examine(data, codes, codes_of(data + 4, n - 4, data[2], codes));
    free(codes);
    return 0;
}

#if defined(WW_MAIN)
enum { FILES = 64 };

static u8 *files[FILES];
static u64 sizes[FILES];
static u32 nfiles;
static u64 state = 0x9e3779b97f4a7c15u;

static u64 chance(u64 below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? state % below : 0;
}

static void load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || nfiles == FILES)
        exit(2);
    files[nfiles] = fresh(LARGEST);
    sizes[nfiles] = fread(files[nfiles], 1, LARGEST / 2, file);
    nfiles++;
    fclose(file);
}

/* A stretch of another code, of noise, of nothing but extremes, or of what came before it. */
static void change(u8 *to, u64 n) {
    const u64 at = 4 + chance(n - 4), left = n - at, length = 1 + chance(left < 3000 ? left : 3000);
    const u8 code = (u8)chance(256);
    switch (chance(5)) {
    case 0: memset(to + at, code, length); return;
    case 1: for (u64 i = at; i < at + length; i++) to[i] = (u8)chance(256); return;
    case 2: for (u64 i = at; i < at + length; i++) to[i] = i / (1 + code) & 1 ? 255 : 0; return;
    case 3: memmove(to + at, to + 4, length < at - 4 ? length : at - 4); return;
    default: to[chance(4)] = code; return;
    }
}

int main(int count, char **arguments) {
    const u64 wanted = count > 1 ? (u64)atoll(arguments[1]) : 0;
    for (int i = 2; i < count; i++)
        load(arguments[i]);
    u8 *work = fresh(LARGEST);
    u64 runs = 0;
    for (u32 i = 0; i < nfiles; i++, runs++)
        LLVMFuzzerTestOneInput(files[i], sizes[i]);
    for (; nfiles && runs < wanted; runs++) {
        const u64 which = chance(nfiles);
        memcpy(work, files[which], sizes[which]);
        const u64 n = sizes[which] - chance(sizes[which] / 2);
        for (u64 changes = chance(6); changes && n > 8; changes--)
            change(work, n);
        LLVMFuzzerTestOneInput(work, n);
    }
    free(work);
    for (u32 i = 0; i < nfiles; i++)
        free(files[i]);
    printf("stat::number_of_executed_units: %llu\n", (unsigned long long)runs);
    return 0;
}
#endif
