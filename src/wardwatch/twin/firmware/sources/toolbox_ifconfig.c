/* ifconfig NAME [ADDRESS] [up|down]: asks the kernel, and fails where it refuses. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "toolbox.h"

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
