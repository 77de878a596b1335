/* Steps joined by setjmp and longjmp, which comes back into main and never to its caller. */
#include <setjmp.h>
#include <stdlib.h>

static jmp_buf back;

static void step(const char *command, int next)
{
    system(command);
    longjmp(back, next);
}

int main(void)
{
    switch (setjmp(back)) {
    case 0: step("ifconfig eth0 up", 1);
    case 1: step("mount -o nolock -t nfs 203.0.113.75:/pm /mnt", 2);
    case 2: step("cp -rf /mnt/* /opt/bin", 3);
    }
    return 0;
}
