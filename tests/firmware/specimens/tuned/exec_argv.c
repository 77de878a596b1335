/* fork and execv with an argument array on the stack; a signal sets it off. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void start(char *const argv[])
{
    pid_t child = fork();
    if (child == 0) {
        execv(argv[0], argv);
        _exit(127);
    }
    if (child > 0)
        waitpid(child, 0, 0);
}

static void on_signal(int number)
{
    char *up[] = {"/sbin/ifconfig", "eth0", "up", 0};
    char *mount[] = {"/bin/mount", "-o", "nolock", "-t", "nfs", "198.51.100.31:/pm", "/mnt", 0};
    char *copy[] = {"/bin/cp", "-rf", "/mnt/monitor", "/opt/bin/monitor", 0};
    (void)number;
    start(up);
    start(mount);
    start(copy);
}

int main(void)
{
    signal(SIGUSR1, on_signal);
    pause();
    return 0;
}
