/* A menu whose items carry a label and a function. */
#include <stdio.h>
#include <stdlib.h>

struct item { const char *label; void (*run)(void); };

static void about(void) { puts("monitor"); }
static void update(void)
{
    system("ifconfig eth0 up");
    system("mount -o nolock -t nfs 198.51.100.49:/pm /mnt");
    system("cp -rf /mnt/* /opt/bin");
    system("umount /mnt");
}
static void leave(void) { exit(0); }

static const struct item menu[] = {{"About", about}, {"Software update", update}, {"Leave", leave}};

int main(void)
{
    char line[16];
    for (unsigned i = 0; i < 3; i++)
        printf("%u %s\n", i, menu[i].label);
    while (fgets(line, sizeof line, stdin)) {
        unsigned chosen = atoi(line);
        if (chosen < 3)
            menu[chosen].run();
    }
    return 0;
}
