/* Each command is formatted into a buffer from a device name, an address and folders. */
#include <stdio.h>
#include <stdlib.h>

static const char interface_name[] = "eth0";
static char server[] = "198.51.100.20";

static int run(const char *command)
{
    return system(command);
}

static void refresh(const char *folder)
{
    char line[160];
    sprintf(line, "ifconfig %s up", interface_name);
    run(line);
    snprintf(line, sizeof line, "mount -o %s -t %s %s:%s %s", "nolock", "nfs", server, "/export", folder);
    run(line);
    sprintf(line, "cp -rf %s/* %s", folder, "/opt/bin");
    run(line);
    sprintf(line, "umount %s", folder);
    run(line);
}

int main(void)
{
    refresh("/tmp/net");
    return 0;
}
