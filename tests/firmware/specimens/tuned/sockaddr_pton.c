/* inet_pton, once for IPv4 and once for IPv6. */
#include "net.h"

static int reach(const char *address, unsigned short port)
{
    struct sockaddr_in to;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&to, 0, sizeof(to));
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
        return -1;
    return connect(fd, (struct sockaddr *)&to, sizeof(to));
}

int main(void)
{
    struct sockaddr_in6 six;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    reach("198.51.100.41", 8080);
    memset(&six, 0, sizeof six);
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(8081);
    inet_pton(AF_INET6, "2001:db8::41", &six.sin6_addr);
    connect(fd, (struct sockaddr *)&six, sizeof six);
    return 0;
}
