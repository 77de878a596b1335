// Variables that the file has no bytes for: zero when main begins, and anything once others had the word.
#include <stdio.h>
#include <stdlib.h>

static char text[128];
static unsigned place, number;

static void put(const char *word)
{
    while (*word)
        text[place++] = *word++;
    text[place] = 0;
}

/* Too much to be looked into, and it writes to a variable. */
#define MORE(n) number = number * 31 + (unsigned)rand() % (n + 7); if (number == n) number ^= (unsigned)rand();
#define MANY(n) MORE(n) MORE(n + 1) MORE(n + 2) MORE(n + 3) MORE(n + 4) MORE(n + 5) MORE(n + 6) MORE(n + 7)
__attribute__((noinline)) static void long_one(void)
{
    MANY(1) MANY(11) MANY(21) MANY(31) MANY(41) MANY(51) MANY(61) MANY(71) MANY(81) MANY(91) MANY(101) MANY(111)
}

int main(void)
{
    char line[32];
    put("mount -t nfs ");
    put("192.0.2.78:/pm /mnt");
    if (system(text))
        return 1;
    long_one();
    sprintf(line, "umount %u", number);
    return system(line);
}
