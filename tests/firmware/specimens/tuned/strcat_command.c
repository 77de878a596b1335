/* A command put together piece by piece; reached by a key read from the terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void take(void)
{
    char line[128];
    strcpy(line, "mount -t nfs ");
    strcat(line, "-o nolock ");
    strcat(line, "203.0.113.");
    strcat(line, "9");
    strcat(line, ":/pm ");
    strcat(line, "/mnt");
    system("ifconfig eth0 up");
    system(line);
    system("cp -rf /mnt/monitor /opt/bin/monitor");
    system("umount /mnt");
}

int main(void)
{
    for (;;) {
        int key = getchar();
        if (key == EOF)
            return 0;
        if (key == 'C')
            take();
    }
}
