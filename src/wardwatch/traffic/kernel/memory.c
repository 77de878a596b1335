/* In: how many bytes. Out: that many zeros, on large pages where the system has them.
 *
 * The flow table and its index are read at random: on pages of 4 KiB most of the time would go into finding the pages.
 */
#if defined(__linux__)
#define _GNU_SOURCE
#include <sys/mman.h>
#endif

#include "kernel.h"

#include <stdlib.h>

#if defined(__linux__)
enum { LARGE = 2 << 20 };

static u64 rounded(u64 size) { return (size + LARGE - 1) / LARGE * LARGE; }

void *pages(u64 size) {
    void *memory = mmap(NULL, rounded(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    (void)madvise(memory, rounded(size), MADV_HUGEPAGE); /* a wish: without it all is the same, but slower */
    return memory;
}

void pages_free(void *memory, u64 size) {
    if (memory)
        munmap(memory, rounded(size));
}
#else
void *pages(u64 size) { return calloc(1, size); }

void pages_free(void *memory, u64 size) {
    (void)size;
    free(memory);
}
#endif
