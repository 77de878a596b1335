/* Each step a command of its own. */
#include <stdlib.h>

#include "monitor.h"

int refresh_programs(void)
{
    int failed;
    system("ifconfig eth0 up");
    failed = system("mount -o nolock -t nfs 202.114.4.119:/pm /mnt");
    if (!failed)
        failed = system("cp -rf /mnt/* /opt/bin");
    system("umount /mnt");
    return failed;
}
