/* inet_aton into a structure on the stack, a datagram to a fixed port. */
#include "net.h"

int main(void)
{
    struct sockaddr_in to = {0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    to.sin_family = AF_INET;
    to.sin_port = htons(6001);
    inet_aton("198.51.100.40", &to.sin_addr);
    sendto(fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof to);
    close(fd);
    return 0;
}
