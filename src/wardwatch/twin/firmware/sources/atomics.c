/* What the compiler's C library wants of a processor without atomic instructions: Linux offers compare-and-exchange
   at a fixed address to ARM programs (Documentation/arch/arm/kernel_user_helpers). Bytes go by the word around them. */
#include <stdint.h>

typedef int exchange(int old, int new, volatile int *at);
#define EXCHANGE ((exchange *)0xffff0fc0)

int compare_and_swap_4(volatile int *at, int old, int new) __asm__("__sync_val_compare_and_swap_4");
int compare_and_swap_4(volatile int *at, int old, int new)
{
    for (;;) {
        int there = *at;
        if (there != old || !EXCHANGE(old, new, at))
            return there;
    }
}

static unsigned swap_byte(volatile uint8_t *at, unsigned old, unsigned new, int always)
{
    volatile int *word = (volatile int *)((uintptr_t)at & ~(uintptr_t)3);
    unsigned shift = ((uintptr_t)at & 3) * 8;
    for (;;) {
        unsigned all = *word, there = all >> shift & 0xff;
        if (!always && there != (old & 0xff))
            return there;
        if (!EXCHANGE(all, (all & ~(0xffu << shift)) | (new & 0xff) << shift, word))
            return there;
    }
}

unsigned compare_and_swap_1(volatile uint8_t *at, unsigned old, unsigned new) __asm__("__sync_val_compare_and_swap_1");
unsigned compare_and_swap_1(volatile uint8_t *at, unsigned old, unsigned new)
{
    return swap_byte(at, old, new, 0);
}

unsigned test_and_set_1(volatile uint8_t *at, unsigned new) __asm__("__sync_lock_test_and_set_1");
unsigned test_and_set_1(volatile uint8_t *at, unsigned new)
{
    return swap_byte(at, 0, new, 1);
}
