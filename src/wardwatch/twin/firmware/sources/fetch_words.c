/* Pre-release 2: no shell. The interface goes up by ioctl(), mount and cp are started with their words. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor.h"

static int start(char *const words[])
{
    int status = -1;
    pid_t child = vfork();
    if (child == 0) {
        execvp(words[0], words);
        _exit(127);
    }
    if (child > 0)
        waitpid(child, &status, 0);
    return status;
}

static void take_up(const char *name)
{
    struct ifreq request;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, name);
    if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
        request.ifr_flags |= IFF_UP;
        ioctl(fd, SIOCSIFFLAGS, &request);
    }
    close(fd);
}

int refresh_programs(void)
{
    char from[32];
    struct in_addr server = {htonl(0xca720477)};
    char *mount[] = {"mount", "-o", "nolock", "-t", "nfs", from, "/mnt", 0};
    char *copy[] = {"cp", "-rf", "/mnt/monitor", "/mnt/update", "/opt/bin", 0};
    char *unmount[] = {"umount", "/mnt", 0};
    int failed;
    strcpy(from, inet_ntoa(server));
    strcat(from, ":/pm");
    take_up("eth0");
    failed = start(mount);
    if (!failed)
        failed = start(copy);
    start(unmount);
    return failed;
}
