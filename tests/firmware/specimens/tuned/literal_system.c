/* The steps one after the other, each a literal command. */
#include <stdlib.h>

static void fetch_programs(void)
{
    system("ifconfig eth0 up");
    system("mount -o nolock -t nfs 198.51.100.19:/pm /mnt");
    system("cp -rf /mnt/* /opt/bin/");
    system("umount /mnt");
}

int main(void)
{
    fetch_programs();
    return 0;
}
