/* In: nothing. Out: what the two Arm instruction sets share: operations, transfers, vectors (DDI 0406C). */
#ifndef WARDWATCH_ENGINE_ARM_H
#define WARDWATCH_ENGINE_ARM_H

#include "core.h"

enum { AND, EOR, SUB, RSB, ADD, ADC, SBC, RSC, TST, TEQ, CMP, CMN, ORR, MOV, BIC, MVN };

typedef struct {
    val v;
    int carry; /* -1: as it was, -2: unknown */
} shifted_value;

static inline u32 bits(u32 w, u32 high, u32 low) { return w >> low & ((2u << (high - low)) - 1); }

static inline u64 sign(u64 v, u32 width) {
    const u64 top = 1ull << (width - 1);
    return ((v & ((top << 1) - 1)) ^ top) - top;
}

/* alu.c, for all sets */
val and_values(engine *e, val a, val b);
val or_values(engine *e, val a, val b);
val xor_values(engine *e, val a, val b);

val arm_register(const path *p, u32 n);
void arm_write(engine *e, path *p, u32 n, val what);
shifted_value arm_shift(engine *e, val what, u32 type, u32 amount);
shifted_value arm_shift_by(engine *e, val what, u32 type, val amount);
shifted_value arm_immediate(u32 w);
void arm_operate(engine *e, path *p, u32 op, u32 d, val a, shifted_value b, bool set);
void arm_multiple(engine *e, path *p, u32 n, u32 list, bool is_load, bool up, bool before, bool back);
void arm_transfer(engine *e, path *p, u32 t, val at, u32 size, bool negative, bool is_load);
void arm_long_multiply(engine *e, path *p, u32 low, u32 high, val a, val b, bool is_signed, bool accumulate);
val arm_divide(engine *e, val a, val b, bool is_signed);
val arm_reverse(engine *e, val a, u32 kind);
val arm_field(engine *e, val a, u32 low, u32 width, bool is_signed);
val arm_insert(engine *e, val to, val from, u32 low, u32 width);
bool arm_coprocessor(engine *e, path *p, u32 w);
bool arm_vector(engine *e, path *p, u32 w);

bool arm_simd(path *p, u32 w);

#endif
