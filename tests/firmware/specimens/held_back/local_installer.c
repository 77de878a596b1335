/* A benign twin: copies programs from a memory stick, no network anywhere. */
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
    if (access("/media/stick/monitor", R_OK))
        return 1;
    system("cp -f /media/stick/monitor /opt/bin/monitor.new");
    return system("mv /opt/bin/monitor.new /opt/bin/monitor");
}
