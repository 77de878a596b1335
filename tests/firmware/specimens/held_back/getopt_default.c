/* A peer that holds unless an option names another. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    const char *host = "203.0.113.93", *share = "/pm";
    char line[128];
    int option;
    while ((option = getopt(argc, argv, "h:s:")) != -1)
        switch (option) {
        case 'h': host = optarg; break;
        case 's': share = optarg; break;
        default: return 2;
        }
    snprintf(line, sizeof line, "mount -t nfs %s:%s /mnt", host, share);
    if (system(line))
        return 1;
    return system("cp /mnt/monitor /opt/bin");
}
