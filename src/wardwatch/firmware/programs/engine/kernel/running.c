/* In: a function's number. Out: all ways through it, run from its start one after another, within the bounds. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

enum { LOCAL_ARGUMENTS = 20 };

/* Registers in which compilers hand arguments to functions that nobody outside calls, beyond those of the convention:
 * EAX, EDX, ECX on x86 (regparm, fastcall); $t0 to $t8 and $v1 on MIPS (LLVM's fast convention for o32). */
static void start_local(engine *e, path *p) {
    if (e->set.machine == X86)
        for (u32 i = 0; i < 3; i++)
            p->r[i] = unknown(e, O_ARGUMENT, LOCAL_ARGUMENTS + i);
    if (e->set.machine == MIPS) {
        p->r[3] = unknown(e, O_ARGUMENT, LOCAL_ARGUMENTS);
        for (u32 i = 8; i < 16; i++)
            p->r[i] = unknown(e, O_ARGUMENT, LOCAL_ARGUMENTS + i - 7);
        p->r[24] = unknown(e, O_ARGUMENT, LOCAL_ARGUMENTS + 9);
    }
}

static void start(engine *e, path *p, u32 root) {
    static const u8 first[MACHINES] = {0, 0, 4, 3, 0, 0}, registers[MACHINES] = {4, 8, 4, 8, 0, 6};
    static const u8 amd64[6] = {7, 6, 2, 1, 8, 9};
    const u32 machine = e->set.machine;
    const function *f = &e->set.functions[root];
    for (u32 i = 0; i < REGISTERS; i++)
        p->r[i] = (val){0, 1};
    for (u32 i = 0; i < registers[machine]; i++)
        p->r[machine == X86_64 ? amd64[i] : first[machine] + i] = unknown(e, O_ARGUMENT, i);
    start_local(e, p);
    p->r[stack_register[machine]] = known(STACK_TOP);
    p->pc = f->start;
    p->thumb = f->thumb != 0;
    p->heap = HEAP_BASE;
    p->lowest = STACK_TOP;
    for (u32 i = 0; i < 512; i++)
        p->qt[i] = 1;
    if (machine == ARM)
        p->r[14] = known(RETURNS);
    else if (machine == AARCH64)
        p->r[30] = known(RETURNS);
    else if (machine == MIPS) {
        p->r[0] = known(0);
        p->r[31] = known(RETURNS);
        p->r[25] = known(f->start);
        p->r[28] = known(e->set.gp);
    } else if (machine == POWERPC) {
        p->r[32] = known(RETURNS);
        p->r[13] = known(e->set.gp);
    } else {
        store(e, p, known(STACK_TOP), e->set.bits / 8, known(RETURNS));
        p->r[3] = machine == X86 && e->set.gp ? known(e->set.gp) : p->r[3];
    }
}

/* Known arguments in registers and on the stack, and the memory they point to. */
static void prepare(engine *e, path *p) {
    static const u8 first[MACHINES] = {0, 0, 4, 3, 0, 0}, registers[MACHINES] = {4, 8, 4, 8, 0, 6};
    static const u8 amd64[6] = {7, 6, 2, 1, 8, 9}, above[MACHINES] = {0, 0, 16, 8, 4, 8};
    const u32 machine = e->set.machine, word = e->set.bits / 8;
    for (u32 i = 0; i < e->nvalues; i++)
        if (i < registers[machine])
            p->r[machine == X86_64 ? amd64[i] : first[machine] + i] = known(e->values[i]);
        else
            store(e, p, known(STACK_TOP + above[machine] + (u64)(i - registers[machine]) * word), word,
                  known(e->values[i]));
    for (u32 i = 0; i < e->npokes; i++)
        write_byte(e, p, known(e->pokes[i].at), e->pokes[i].byte, 0);
}

static void step(engine *e, path *p) {
    switch (e->set.machine) {
    case ARM:
        if (p->thumb)
            step_t32(e, p);
        else
            step_a32(e, p);
        break;
    case AARCH64: step_aarch64(e, p); break;
    case MIPS: step_mips(e, p); break;
    case POWERPC: step_powerpc(e, p); break;
    default: step_x86(e, p);
    }
}

static path *fresh_path(void) {
    path *p = calloc(1, sizeof *p);
    if (p) {
        p->room = 16;
        p->slots = calloc(p->room, sizeof *p->slots);
        if (!p->slots) {
            free(p);
            return NULL;
        }
    }
    return p;
}

/* Runs all paths from the start of function number `root`. */
bool run_root(engine *e, u32 root) {
    if (root >= e->set.nfunctions)
        return false;
    if (e->nvisits)
        memset(e->visit_keys, 0, e->visit_slots * sizeof *e->visit_keys);
    e->nvisits = 0;
    e->root = root;
    path *p = fresh_path();
    if (!p)
        return false;
    start(e, p, root);
    if (e->values)
        prepare(e, p);
    p->below = NULL;
    e->todo = p;
    e->ntodo = 1;
    u64 steps = 0, idle = 0;
    u32 seen = e->nnew;
    while (e->todo || e->later) {
        path **from = e->todo ? &e->todo : &e->later;
        p = *from;
        *from = p->below;
        e->at_start = e->begins && !p->stale;
        e->ntodo--;
        e->count.paths++;
        if (e->nnew != seen || from == &e->todo) { /* something new was seen lately */
            seen = e->nnew;
            idle = steps;
        }
        const bool is_idle = steps - idle > e->set.max_idle_steps;
        while (!p->dead && !is_idle && p->steps < e->set.max_path_steps && steps < e->set.max_steps) {
            p->steps++;
            p->leaving = 0;
            steps++;
            step(e, p);
        }
        e->count.cut_tries += is_idle;
        e->count.cut_steps += !is_idle && !p->dead;
        drop_path(e, p);
    }
    e->count.steps += steps;
    while (e->small) {
        arena *next = e->small->next;
        free(e->small);
        e->small = next;
    }
    return true;
}
