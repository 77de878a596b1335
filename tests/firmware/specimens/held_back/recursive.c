/* Retries by recursion. */
#include <stdio.h>
#include <stdlib.h>

static int attempt(int left, const char *host)
{
    char line[96];
    if (left == 0)
        return 1;
    snprintf(line, sizeof line, "mount -t nfs -o nolock,retry=0 %s:/pm /mnt", host);
    if (system(line) == 0)
        return system("cp /mnt/update /opt/bin/update");
    return attempt(left - 1, host) + 0;
}

int main(void)
{
    return attempt(3, "203.0.113.74");
}
