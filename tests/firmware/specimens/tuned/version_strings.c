/* A benign twin: strings that look like addresses and are versions, masks and object names. */
#include <stdio.h>
#include <string.h>

static const char *versions[] = {"2.0.6.1", "10.15.7.2", "1.3.6.1", "255.255.255.0", "198.51.100.61"};

int main(int count, char **words)
{
    for (unsigned i = 0; i < sizeof versions / sizeof *versions; i++)
        if (count > 1 && !strcmp(words[1], versions[i]))
            printf("%s is known\n", versions[i]);
    return 0;
}
