/* Wrappers that end in calls, in a second section of the program. */
#include <stdlib.h>

#define KEEP __attribute__((noinline, section(".text.far")))

KEEP int quiet(const char *c) { return system(c); }
KEEP int once(int flags, const char *c) { return quiet(c); }
KEEP int guarded(const char *c, int flags) { if (!c || !*c) return -1; return once(flags, c); }

int main(int count, char **words)
{
    guarded("ifconfig eth0 up", count);
    guarded("mount -t nfs 203.0.113.83:/pm /mnt -o nolock", 0);
    return guarded("cp /mnt/update /opt/bin/update", 2);
}
