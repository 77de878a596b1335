/* What is to be done stands in the bits of a mask. */
#include <stdlib.h>

static const char *const work[] = {
    "ifconfig wlan0 up",
    "logger nothing to do",
    "mount -t nfs -o nolock 203.0.113.91:/pm /mnt",
    "cp -a /mnt/monitor /opt/bin/monitor",
};

int main(int argc, char **argv)
{
    (void)argv;
    unsigned mask = argc > 9 ? 2u : 13u;
    int failed = 0;
    for (unsigned bit = 0; mask; mask >>= 1, bit++)
        if (mask & 1u)
            failed |= system(work[bit]);
    return failed;
}
