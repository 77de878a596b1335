/* In: nothing. Out: what the parts of the x86 decoder share: one decoded instruction and its operands. */
#ifndef WARDWATCH_ENGINE_X86_H
#define WARDWATCH_ENGINE_X86_H

#include "arm.h"

typedef struct {
    engine *e;
    path *p;
    const u8 *code;
    u32 room, at, size; /* size: of the operand, in bytes */
    u8 rex, rep, op, mod, reg, rm;
    bool long_mode, small, segment, has_rex;
    val address;
} insn;

u8 x86_byte(insn *i);
u64 x86_immediate(insn *i, u32 size);
void x86_modrm(insn *i, u32 after);
val x86_get(insn *i, u32 n, u32 size);
void x86_put(insn *i, u32 n, u32 size, val what);
val x86_rm(insn *i, u32 size);
void x86_put_rm(insn *i, u32 size, val what);
val x86_alu(insn *i, u32 op, val a, val b, u32 size, bool *writes);
val x86_trim(insn *i, val what, u32 size);
void x86_two_bytes(insn *i);
void x86_shift(insn *i, val by, u32 size);
void x86_divide(insn *i, u32 size);
void x86_string(insn *i);
bool x86_condition(insn *i, u32 cc);
void x86_multiply(insn *i, u32 n, val a, val b);

bool x86_vector(insn *i, u32 op);
void x86_vector_operand(insn *i, u8 *bytes, u32 *tags);

#endif
