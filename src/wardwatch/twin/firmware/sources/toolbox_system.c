/* mount, umount and init. They ask the kernel for what they are told, and fail where it refuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "toolbox.h"

int run_mount(int count, char **words)
{
    const char *type = "auto", *options = "", *what = 0, *where = 0;
    for (int i = 1; i < count; i++) {
        if (!strcmp(words[i], "-t") && i + 1 < count)
            type = words[++i];
        else if (!strcmp(words[i], "-o") && i + 1 < count)
            options = words[++i];
        else if (!what)
            what = words[i];
        else
            where = words[i];
    }
    if (!where || mount(what, where, type, 0, options)) {
        perror("mount");
        return 1;
    }
    return 0;
}

int run_umount(int count, char **words)
{
    if (count < 2 || umount(words[1])) {
        perror("umount");
        return 1;
    }
    return 0;
}

/* The first program: runs the start-up script, then waits for what became of it. */
int run_init(int count, char **words)
{
    char *script[] = {"sh", "/etc/init.d/rcS", 0};
    (void)count, (void)words;
    if (fork() == 0)
        exit(run_sh(2, script));
    while (wait(0) > 0)
        ;
    return 0;
}
