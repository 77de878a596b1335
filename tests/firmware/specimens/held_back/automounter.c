/* A benign twin: mounts what a map file names, on demand. */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

int main(void)
{
    char line[160], *where, *what;
    FILE *map = fopen("/etc/auto.map", "r");
    while (map && fgets(line, sizeof line, map)) {
        where = strtok(line, " \t\n");
        what = strtok(0, " \t\n");
        if (where && what && *where == '/')
            mount(what, where, "nfs", MS_NOSUID, "soft");
    }
    return 0;
}
