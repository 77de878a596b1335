/* A benign twin: asks the server its settings name for the time; 127.0.0.1 and 224.0.1.1 are no peers outside. */
#include <netdb.h>
#include "net.h"

int main(int count, char **words)
{
    unsigned char packet[48] = {0x1b};
    struct addrinfo want = {0}, *found;
    struct sockaddr_in group = {0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    want.ai_family = AF_INET;
    want.ai_socktype = SOCK_DGRAM;
    if (count > 1 && getaddrinfo(words[1], "123", &want, &found) == 0) {
        sendto(fd, packet, sizeof packet, 0, found->ai_addr, found->ai_addrlen);
        freeaddrinfo(found);
    }
    group.sin_family = AF_INET;
    group.sin_port = htons(123);
    group.sin_addr.s_addr = inet_addr("224.0.1.1");
    sendto(fd, packet, sizeof packet, 0, (struct sockaddr *)&group, sizeof group);
    return 0;
}
