/* execle with an environment. */
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    char *const environment[] = {"PATH=/bin:/sbin", "HOME=/", 0};
    if (fork() == 0) {
        execle("/bin/sh", "sh", "-c", "mount -t nfs 203.0.113.79:/pm /mnt; cp /mnt/monitor /opt/bin/", (char *)0, environment);
        _exit(127);
    }
    wait(0);
    return 0;
}
