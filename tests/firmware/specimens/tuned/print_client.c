/* A benign twin: sends a job to the printer of the settings, port 515. */
#include <netdb.h>
#include "net.h"

int main(int count, char **words)
{
    struct addrinfo want = {0}, *found;
    char block[512];
    size_t n;
    FILE *job = fopen("/tmp/strip.ps", "r");
    want.ai_socktype = SOCK_STREAM;
    if (count < 2 || getaddrinfo(words[1], "515", &want, &found))
        return 1;
    int fd = socket(found->ai_family, found->ai_socktype, 0);
    if (connect(fd, found->ai_addr, found->ai_addrlen))
        return 1;
    send(fd, "\002strips\n", 8, 0);
    while (job && (n = fread(block, 1, sizeof block, job)) > 0)
        send(fd, block, n, 0);
    return 0;
}
