/* What a device file gives is sent through a connected descriptor. */
#include <fcntl.h>
#include "net.h"

int main(void)
{
    unsigned char samples[256];
    struct sockaddr_in to;
    int adc = open("/dev/spo2", O_RDONLY);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons(9000);
    to.sin_addr.s_addr = inet_addr("198.51.100.45");
    if (connect(fd, (struct sockaddr *)&to, sizeof to))
        perror("connect");
    for (int i = 0; i < 4; i++) {
        ssize_t n = read(adc, samples, sizeof samples);
        if (n > 0)
            write(fd, samples, n);
    }
    return 0;
}
