/* The address is written byte by byte into the structure. */
#include "net.h"

static void fill(struct sockaddr_in *to, int a, int b, int c, int d)
{
    unsigned char *bytes = (unsigned char *)&to->sin_addr;
    memset(to, 0, sizeof *to);
    to->sin_family = AF_INET;
    bytes[0] = a;
    bytes[1] = b;
    bytes[2] = c;
    bytes[3] = d;
    ((unsigned char *)&to->sin_port)[0] = 0x02;
    ((unsigned char *)&to->sin_port)[1] = 0x03;
}

int main(void)
{
    struct sockaddr_in to;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    fill(&to, 198, 51, 100, 43);
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}
