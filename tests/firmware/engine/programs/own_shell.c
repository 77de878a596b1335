// A shell run by exec with a command of its own: it looks like system(), and is not.
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static int take(void)
{
    int child = fork();
    if (!child) {
        execl("/bin/sh", "sh", "-c", "mount -t nfs 192.0.2.79:/pm /mnt", (char *)0);
        _exit(127);
    }
    return waitpid(child, 0, 0) < 0;
}

int main(int argc, char **argv)
{
    (void)argv;
    return argc > 1 ? take() : 0;
}
