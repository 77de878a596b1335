/* mount, umount, ifconfig and init. They ask the kernel for what they are told, and fail where it refuses. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
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

static int set_flags(int fd, struct ifreq *request, int up)
{
    if (ioctl(fd, SIOCGIFFLAGS, request))
        return -1;
    request->ifr_flags = up ? request->ifr_flags | IFF_UP : request->ifr_flags & ~IFF_UP;
    return ioctl(fd, SIOCSIFFLAGS, request);
}

static int set_address(int fd, struct ifreq *request, const char *address)
{
    struct sockaddr_in *to = (struct sockaddr_in *)&request->ifr_addr;
    memset(to, 0, sizeof *to);
    to->sin_family = AF_INET;
    if (!inet_aton(address, &to->sin_addr))
        return -1;
    return ioctl(fd, SIOCSIFADDR, request);
}

int run_ifconfig(int count, char **words)
{
    struct ifreq request;
    int failed = 0, fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (count < 3 || fd < 0)
        return 1;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, words[1], IFNAMSIZ - 1);
    for (int i = 2; i < count && !failed; i++) {
        if (!strcmp(words[i], "up") || !strcmp(words[i], "down"))
            failed = set_flags(fd, &request, words[i][0] == 'u');
        else
            failed = set_address(fd, &request, words[i]);
    }
    if (failed)
        perror("ifconfig");
    close(fd);
    return failed != 0;
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
