/* In: bytes taken for code. Out: nothing, unless a sanitizer objects to what the engine does with them.
 *
 * One entry point, LLVMFuzzerTestOneInput, for libFuzzer; where that is missing, a main of its own (WW_MAIN) that makes
 * random code for the number of rounds given. The first byte chooses instruction set and byte order, the second how
 * the rest is divided into functions; calls reach imports that stand at addresses within the code.
 */
#include "core.h"

#include <stdio.h>
#include <stdlib.h>

engine *ww_engine_open(const settings *set);
void ww_engine_close(engine *e);
int ww_engine_run(engine *e, u32 root);
int ww_engine_begin(engine *e, u32 root);
u64 ww_engine_call(engine *e, u32 root, const u64 *values, u32 n, u64 *status);
void ww_engine_poke(engine *e, u64 at, const u8 *bytes, u32 n);
u32 ww_engine_models(const char **names, u32 room);
const u8 *ww_engine_events(engine *e, u64 *size, u64 *number);

enum { BASE = 0x10000, IMPORTS = 64, FUNCTIONS = 4 };
static const char *const events[8] = {"", "ss", "fa", "fbi.a", "sv", "fM", "iF", "fwi"};

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    if (size < 16)
        return 0;
    static const u32 machines[8] = {ARM, ARM, AARCH64, MIPS, MIPS, POWERPC, X86, X86_64};
    const u32 machine = machines[data[0] & 7], big = machine == POWERPC || (data[0] & 7) == 4;
    const u64 n = size - 2;
    u8 *copy = malloc(n); /* exactly as long, so that reads beyond it are seen */
    memcpy(copy, data + 2, n);
    const segment segments[2] = {{BASE, n, n, copy, 0, 1}, {BASE + 0x8000, 0, 0x100, copy, 1, 0}};
    function functions[FUNCTIONS];
    for (u32 i = 0; i < FUNCTIONS; i++)
        functions[i] = (function){BASE + i * n / FUNCTIONS / 4 * 4, BASE + (i + 1) * n / FUNCTIONS / 4 * 4,
                                  BASE + (i + 1) * n / FUNCTIONS / 4 * 4, (data[0] & 7) == 1, data[1] >> i & 1};
    import imports[IMPORTS];
    rule rules[IMPORTS];
    const u32 models = ww_engine_models(NULL, 0);
    for (u32 i = 0; i < IMPORTS; i++) {
        imports[i] = (import){BASE + 8 * (u64)i + 4, 0, i};
        rules[i] = (rule){i % models, 0, ""};
        strcpy(rules[i].event, events[i % 8]);
    }
    const settings set = {machine, machine == AARCH64 || machine == X86_64 ? 64 : 32, big, 2, FUNCTIONS, IMPORTS, 0, IMPORTS,
                          BASE + 0x8010, segments, functions, imports, imports, rules, 3000, 1500, 3, 32, 16, 0};
    engine *e = ww_engine_open(&set);
    if (!e)
        abort();
    for (u32 i = 0; i < FUNCTIONS; i++) {
        ww_engine_begin(e, i);
        ww_engine_run(e, i);
    }
    const u64 values[12] = {BASE, 0x7a000000, 5, ~0ull, 0, 1, 2, 3, 4, 5, 6, 7};
    u64 status, written, number;
    ww_engine_poke(e, 0x7a000000, copy, n < 64 ? (u32)n : 64);
    ww_engine_call(e, 0, values, 12, &status);
    ww_engine_events(e, &written, &number);
    ww_engine_close(e);
    free(copy);
    return 0;
}

#ifdef WW_MAIN
static u64 seed = 0x9e3779b97f4a7c15u;

static u32 chance(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (u32)(seed >> 32);
}

/* Random code, half of it with the first byte of what compilers write often, so that it runs on. */
int main(int count, char **arguments) {
    const u32 rounds = count > 1 ? (u32)atoi(arguments[1]) : 1000;
    for (u32 k = 0; k < rounds; k++) {
        u8 data[514];
        const size_t size = 16 + chance() % 498;
        for (size_t i = 0; i < size; i++)
            data[i] = (u8)chance();
        data[0] = (u8)k;
        for (size_t i = 5; i < size && chance() % 2 && (k & 7) == 0; i += 4)
            data[i] = (u8)(0xe0 | (data[i] & 15)); /* the condition 'always' */
        LLVMFuzzerTestOneInput(data, size);
    }
    for (int i = 2; i < count; i++) {
        FILE *file = fopen(arguments[i], "rb");
        u8 data[4096];
        const size_t size = file ? fread(data, 1, sizeof data, file) : 0;
        if (file)
            fclose(file);
        for (u32 k = 0; size && k < 8; k++) {
            data[0] = (u8)k;
            LLVMFuzzerTestOneInput(data, size);
        }
    }
    printf("number_of_executed_units: %u\n", rounds);
    return 0;
}
#endif
