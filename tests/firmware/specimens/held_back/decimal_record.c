/* Four decimal bytes and a port in a settings record; assembled with shifts. */
#include "net.h"

struct link { uint8_t a, b, c, d; uint16_t port; uint8_t retries; };
static struct link factory = {203, 0, 113, 71, 5150, 3};

static in_addr_t packed(const struct link *l)
{
    return htonl((uint32_t)l->a << 24 | (uint32_t)l->b << 16 | (uint32_t)l->c << 8 | l->d);
}

int main(void)
{
    struct sockaddr_in to;
    int fd = socket(PF_INET, SOCK_STREAM, 0);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(factory.port);
    to.sin_addr.s_addr = packed(&factory);
    while (factory.retries-- && connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        sleep(1);
    return 0;
}
