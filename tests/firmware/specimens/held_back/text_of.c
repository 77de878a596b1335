/* A helper gives the text for a number. */
#include <stdlib.h>

enum step { UP, JOIN, TAKE, LEAVE, STEPS };

__attribute__((noinline)) static const char *text_of(enum step step)
{
    switch (step) {
    case UP: return "ifconfig eth0 up";
    case JOIN: return "mount -o nolock -t nfs 203.0.113.73:/pm /mnt";
    case TAKE: return "cp -rf /mnt/* /opt/bin";
    case LEAVE: return "umount /mnt";
    default: return "true";
    }
}

int main(void)
{
    for (int step = UP; step < STEPS; step++)
        if (system(text_of(step)) && step == JOIN)
            return 1;
    return 0;
}
