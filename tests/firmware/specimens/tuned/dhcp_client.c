/* A benign twin: takes its interface up, as DHCP clients do, and asks by broadcast. */
#include <net/if.h>
#include <sys/ioctl.h>
#include "net.h"

int main(int count, char **words)
{
    unsigned char packet[300] = {1, 1, 6, 0};
    struct sockaddr_in all = {0};
    struct ifreq request;
    int on = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, count > 1 ? words[1] : "eth0", IFNAMSIZ - 1);
    if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
        request.ifr_flags |= IFF_UP;
        ioctl(fd, SIOCSIFFLAGS, &request);
    }
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    all.sin_family = AF_INET;
    all.sin_port = htons(67);
    all.sin_addr.s_addr = INADDR_BROADCAST;
    sendto(fd, packet, sizeof packet, 0, (struct sockaddr *)&all, sizeof all);
    return 0;
}
