/* A whole structure in read-only data, copied into a global one. */
#include "net.h"

static const struct sockaddr_in preset = {
    .sin_family = AF_INET,
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    .sin_port = 0x0302, .sin_addr = {0x2c6433c6},
#else
    .sin_port = 0x0203, .sin_addr = {0xc633642c},
#endif
};
static struct sockaddr_in station;

static void settle(void)
{
    station = preset;
}

static int call(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, (const struct sockaddr *)&station, sizeof station);
}

int main(void)
{
    settle();
    return call();
}
