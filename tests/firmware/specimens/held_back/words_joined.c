/* Words in an array, joined by a helper. */
#include <stdlib.h>
#include <string.h>

static char *join(char *to, const char *const *words, char between)
{
    char *at = to;
    for (; *words; words++) {
        size_t n = strlen(*words);
        memcpy(at, *words, n);
        at += n;
        *at++ = between;
    }
    at[-1] = 0;
    return to;
}

static const char *const up[] = {"ifconfig", "eth0", "up", 0};
static const char *const mount[] = {"mount", "-t", "nfs", "-o", "nolock", "203.0.113.70:/pm", "/mnt", 0};
static const char *const copy[] = {"cp", "-rf", "/mnt/monitor", "/opt/bin/monitor", 0};

int main(void)
{
    char line[128];
    system(join(line, up, ' '));
    system(join(line, mount, ' '));
    system(join(line, copy, ' '));
    return 0;
}
