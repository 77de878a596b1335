/* Many small commands in one program, told apart by the name it is called by, as usual in small devices. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "toolbox.h"

static int run_echo(int count, char **words)
{
    for (int i = 1; i < count; i++)
        printf(i + 1 < count ? "%s " : "%s", words[i]);
    putchar('\n');
    return 0;
}

static int run_sleep(int count, char **words)
{
    unsigned seconds = 0;
    for (const char *at = count > 1 ? words[1] : ""; *at >= '0' && *at <= '9'; at++)
        seconds = seconds * 10 + *at - '0';
    return sleep(seconds) != 0;
}

static int run_true(int count, char **words)
{
    (void)count, (void)words;
    return 0;
}

const struct applet applets[] = {
    {"cp", run_cp},       {"echo", run_echo}, {"init", run_init},   {"mount", run_mount}, {"sh", run_sh},
    {"sleep", run_sleep}, {"sync", run_true}, {"true", run_true},   {"umount", run_umount},
#ifdef WITH_NETWORK
    {"ifconfig", run_ifconfig},
#endif
#ifdef WITH_USIGN
    {"usign", run_usign},
#endif
    {0, 0},
};

int run_applet(const char *name, int count, char **words)
{
    const char *slash = strrchr(name, '/');
    name = slash ? slash + 1 : name;
    for (const struct applet *each = applets; each->name; each++)
        if (!strcmp(each->name, name))
            return each->run(count, words);
    return -1;
}

int main(int count, char **words)
{
    int status = run_applet(words[0], count, words);
    if (status < 0 && count > 1)
        status = run_applet(words[1], count - 1, words + 1);
    if (status < 0)
        fprintf(stderr, "%s: no such command\n", words[0]);
    return status < 0 ? 127 : status;
}
