/* In: an instruction that enters the system. Out: what it returns; for those who ask, which call it is, of what. */
#include "core.h"

enum { ARGUMENTS = 6 };

/* Registers of the number and of the arguments: syscall(2), "Architecture calling conventions". */
static const u8 numbers[MACHINES] = {7, 8, 2, 0, 0, 0}, results[MACHINES] = {0, 0, 2, 3, 0, 0};
static const u8 registers[MACHINES][ARGUMENTS] = {
    {0, 1, 2, 3, 4, 5}, {0, 1, 2, 3, 4, 5}, {4, 5, 6, 7, 0, 0},
    {3, 4, 5, 6, 7, 8}, {3, 1, 2, 6, 7, 5}, {7, 6, 2, 10, 8, 9},
};

/* exit and exit_group; MIPS: o32. */
static const u32 ends[MACHINES][2] = {{1, 248}, {93, 94}, {4001, 4246}, {1, 234}, {1, 252}, {60, 231}};

static val given_to(engine *e, path *p, u32 n) {
    if (e->set.machine == MIPS && n > 3) /* o32: on the stack */
        return load(e, p, add(e, p->r[29], known(4 * n)), 4, false);
    return p->r[registers[e->set.machine][n]];
}

void system_call(engine *e, path *p) {
    const u32 machine = e->set.machine;
    if (e->set.tells_traps) {
        val given[ARGUMENTS];
        for (u32 i = 0; i < ARGUMENTS; i++)
            given[i] = given_to(e, p, i);
        emit_trap(e, p, p->r[numbers[machine]], given, ARGUMENTS);
        p->dead = 1; /* what comes behind the first one only deals with its outcome */
        return;
    }
    const val number = p->r[numbers[machine]];
    if (!number.t && (number.v == ends[machine][0] || number.v == ends[machine][1])) {
        p->dead = 1;
        return;
    }
    for (u32 i = 0; i < ARGUMENTS; i++)
        outcome(e, p, given_to(e, p, i), 0x7ffffffeu);
    p->r[results[machine]] = unknown(e, O_RETURN, 0x7ffffffeu | (p->pc & 0xffffffffu) << 32);
    if (machine == MIPS)
        p->r[7] = (val){0, 1}; /* whether it failed */
}
