/* Commands stand in a table that a loop runs. */
#include <stdlib.h>

struct step { int id; const char *command; };

static const struct step steps[] = {
    {1, "ifconfig eth0 up"},
    {2, "mount -o nolock -t nfs 192.0.2.44:/pm /mnt"},
    {3, "cp -rf /mnt/monitor /mnt/update /opt/bin"},
    {4, "umount /mnt"},
};

int main(void)
{
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++)
        system(steps[i].command);
    return 0;
}
