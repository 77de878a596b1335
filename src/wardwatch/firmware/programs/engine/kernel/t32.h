/* In: nothing. Out: what the two halves of T32 offer each other. */
#ifndef WARDWATCH_ENGINE_T32_H
#define WARDWATCH_ENGINE_T32_H

#include "arm.h"

void step_t32_wide(engine *e, path *p, u32 w);

#endif
