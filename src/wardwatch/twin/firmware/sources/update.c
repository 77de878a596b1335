/* Runs before the monitor; whoever presses C within three seconds sets off the same update. */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "monitor.h"

static int key_within(int milliseconds)
{
    struct pollfd terminal = {0, POLLIN, 0};
    char key;
    if (poll(&terminal, 1, milliseconds) == 1 && read(0, &key, 1) == 1)
        return key;
    return -1;
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    puts("update " TWIN_VERSION);
#ifdef WITH_UPDATE
    if (key_within(3000) == 'C')
        puts(refresh_programs() ? "update failed" : "update done");
#else
    key_within(1000);
#endif
    return 0;
}
